// adapters/modbus/channel_serial.hpp: a serial port as a channel.
// Not here: opening it (link_port).
#pragma once

#include "adapters/modbus/channel.hpp"
#include "adapters/modbus/link_port.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

class serial_channel final : public channel {
public:
    /// `system` outlives this.
    explicit serial_channel(const serial_settings& how, const port_system& system = real_ports()) : how_(how), port_(system) {}

    /// Opening a port takes no time worth a limit.
    channel::opened open(std::chrono::nanoseconds timeout, const interruption& interrupted) override;
    void close() override { port_.close(); }
    bool is_open() const override { return port_.is_open(); }
    int descriptor() const override { return port_.descriptor(); }
    bool send(bytes_view bytes) override { return port_.send(bytes); }
    ssize_t receive(std::span<std::uint8_t> to) override { return port_.receive(to); }
    std::string name() const override { return how_.port; }

private:
    serial_settings how_;
    serial_port port_;
};

}  // namespace modbus
