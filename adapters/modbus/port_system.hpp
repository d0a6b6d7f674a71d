// adapters/modbus/port_system.hpp: what a serial port asks of the system, in one place, so that a test can play a driver that a
// pseudo-terminal hasn't, and folders of its own.
// Not here: what is made of the answers.
#pragma once

#include <functional>
#include <string>

namespace modbus {

struct port_system {
    /// ioctl: 0, or -1 and errno.
    std::function<int(int descriptor, unsigned long request, void* argument)> control;
    std::string devices = "/dev";
    std::string processes = "/proc";
};

/// The machine's.
const port_system& real_ports();

}  // namespace modbus
