// adapters/modbus/link_port.hpp: a serial port opened, locked, configured and written to by libmodbus.
// Not here: reading from it (link_rtu). link_port.cpp is the only file that includes <modbus.h>.
//
// libmodbus 3.1.6's faults that are dealt with here: it makes 9600 of a baud rate that it doesn't know, takes no lock (its
// O_EXCL means nothing for a terminal), and doesn't look whether the driver did as it was told. Nothing of it is called that
// waits in select(), so descriptors beyond FD_SETSIZE do no harm.
#pragma once

#include <string>

#include "adapters/modbus/link.hpp"
#include "adapters/modbus/rtu_frame.hpp"

typedef struct _modbus modbus_t;

namespace modbus {

class serial_port {
public:
    serial_port() = default;
    ~serial_port() { close(); }
    serial_port(const serial_port&) = delete;
    serial_port& operator=(const serial_port&) = delete;

    /// Empty: it is open. Else what went wrong, for a person, and it is closed.
    std::string open(const serial_settings& how);
    void close();
    int descriptor() const;
    /// Writes a request; false: errno says why not.
    bool send(bytes_view request);

private:
    std::string try_open(const serial_settings& how);

    modbus_t* context_ = nullptr;
    int lock_ = -1;  // an own descriptor, open before libmodbus touches the port's settings
};

}  // namespace modbus
