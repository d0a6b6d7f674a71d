// adapters/modbus/link_port.hpp: a serial port opened, locked and set to its line's format.
// Not here: what is said over it (link_rtu).
//
// Ours and not libmodbus's, which makes 9600 of a baud rate that it doesn't know, takes no lock (its O_EXCL means nothing for a
// terminal), doesn't look whether the driver did as it was told, sets RS-485 without its delays, and adds a CRC to whatever it
// sends.
#pragma once

#include <span>
#include <string>

#include <sys/types.h>

#include "adapters/modbus/link.hpp"
#include "adapters/modbus/rtu_frame.hpp"

namespace modbus {

class serial_port {
public:
    serial_port() = default;
    ~serial_port() { close(); }
    serial_port(const serial_port&) = delete;
    serial_port& operator=(const serial_port&) = delete;

    /// Empty: it is open. Else what went wrong, for a person, and it is closed. Requires: not open.
    std::string open(const serial_settings& how);
    void close();
    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    /// All of it; false: errno says why not.
    bool send(bytes_view bytes) const;
    /// What is there, without waiting; 0: unplugged; -1: errno, EAGAIN if there is nothing.
    ssize_t receive(std::span<std::uint8_t> to) const;

private:
    std::string try_open(const serial_settings& how);

    int descriptor_ = -1;
};

}  // namespace modbus
