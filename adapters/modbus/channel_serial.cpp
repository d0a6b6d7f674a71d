// adapters/modbus/channel_serial.cpp: see channel_serial.hpp.
// Not here: a port's settings (link_port).
#include "adapters/modbus/channel_serial.hpp"

#include <utility>

namespace modbus {

channel::opened serial_channel::open(std::chrono::nanoseconds, const interruption& interrupted) {
    if (interrupted.raised()) return {true, ""};
    std::string fault = port_.open(how_);
    return {false, std::move(fault), port_.note()};
}

}  // namespace modbus
