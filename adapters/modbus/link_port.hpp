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

#include "adapters/modbus/port_rs485.hpp"
#include "adapters/modbus/port_system.hpp"
#include "adapters/modbus/rtu_frame.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

class serial_port {
public:
    /// `system` outlives this.
    explicit serial_port(const port_system& system = real_ports()) : system_(system), direction_(system) {}
    ~serial_port() { close(); }
    serial_port(const serial_port&) = delete;
    serial_port& operator=(const serial_port&) = delete;

    /// Empty: it is open. Else what went wrong, for a person, and it is closed. Requires: not open.
    std::string open(const serial_settings& how);
    /// What a person should know of the port that is open; empty: nothing.
    const std::string& note() const { return note_; }
    void close();
    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    /// All of it; false: errno says why not.
    bool send(bytes_view bytes) const;
    /// What is there, without waiting; 0: unplugged; -1: errno, EAGAIN if there is nothing.
    ssize_t receive(std::span<std::uint8_t> to) const;

private:
    std::string try_open(const serial_settings& how);
    std::string lock(const std::string& port);
    void ask_for_low_latency();
    void add_note(const std::string& what);

    const port_system& system_;
    rs485_direction direction_;
    int descriptor_ = -1;
    std::string note_;
};

}  // namespace modbus
