// adapters/modbus/port_system.cpp: the machine's own ports.
// Not here: what is made of them.
#include "adapters/modbus/port_system.hpp"

#include <sys/ioctl.h>

namespace modbus {

const port_system& real_ports() {
    static const port_system it{
        [](int descriptor, unsigned long request, void* argument) { return ::ioctl(descriptor, request, argument); }, "/dev",
        "/proc"};
    return it;
}

}  // namespace modbus
