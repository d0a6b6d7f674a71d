// adapters/modbus/port_rs485.hpp: the direction of an RS-485 transceiver that hangs on a port's RTS line.
// Not here: adapters that switch by themselves, which most do and which need none of this.
//
// The driver does it best (TIOCSRS485), to the bit. Where it can't, we do it, but only if the driver says when the last bit has
// left (TIOCSERGETLSR): tcdrain() alone returns up to several ticks of the kernel late, and a device that answers within 4 ms,
// as some do, would be talked over.
#pragma once

#include <string>

#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/port_system.hpp"
#include "adapters/modbus/rtu_frame.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

class rs485_direction {
public:
    explicit rs485_direction(const port_system& system) : system_(system) {}

    /// Empty: the direction is switched from now on, as note() says. Else why it can't be.
    std::string set(int descriptor, const rs485_settings& how, const line_format& line);
    /// Who switches, for a person.
    const std::string& note() const { return note_; }

    /// Whether send() is to be used.
    bool is_ours() const { return ours_; }
    /// Turns to sending, writes, and turns back when the last bit has left; false and errno if it couldn't. Takes as long as the
    /// bytes take on the line.
    bool send(int descriptor, bytes_view bytes) const;

private:
    std::string by_driver(int descriptor) const;
    std::string by_us(int descriptor);
    bool turn(int descriptor, bool to_sending) const;
    bool wait_until_sent(int descriptor, time_point computed) const;

    const port_system& system_;
    rs485_settings how_;
    nanoseconds character_{0};
    bool ours_ = false;
    std::string note_;
};

}  // namespace modbus
