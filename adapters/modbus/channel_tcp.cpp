// adapters/modbus/channel_tcp.cpp: see channel_tcp.hpp.
// Not here: a socket's options (link_connect).
#include "adapters/modbus/channel_tcp.hpp"

#include <utility>

namespace modbus {

channel::opened tcp_channel::open(std::chrono::nanoseconds timeout, const interruption& interrupted) {
    auto result = connection_.open(timeout, interrupted);
    return {result.interrupted, std::move(result.fault)};
}

}  // namespace modbus
