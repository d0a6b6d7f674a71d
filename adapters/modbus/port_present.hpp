// adapters/modbus/port_present.hpp: which serial ports there are, and which other programs use one, for messages to a person.
// Not here: ports that only may be there (ttyS0 to ttyS31 exist on every PC).
#pragma once

#include <string>

#include "adapters/modbus/port_system.hpp"

namespace modbus {

/// "/dev/serial/by-id/usb-FTDI_A50285BI-if00-port0 (ttyUSB0), /dev/ttyAMA0"; empty: none is found.
std::string ports_present(const port_system& system);

struct port_user {
    int process = 0;   // 0: none is found, or it can't be seen from here
    std::string name;  // of its program
};
/// Who holds the lock (flock) on this file.
port_user lock_holder(int descriptor, const port_system& system);
/// Another process that has the port open; ours isn't counted. Only root sees those of other users.
port_user other_user_of(const std::string& port, const port_system& system);

/// "process 812 (mbpoll)"
std::string in_words(const port_user& who);

}  // namespace modbus
