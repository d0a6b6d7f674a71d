// adapters/modbus/channel_tcp.hpp: a TCP connection as a channel.
// Not here: opening it (link_connect).
#pragma once

#include "adapters/modbus/channel.hpp"
#include "adapters/modbus/link_connect.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

class tcp_channel final : public channel {
public:
    explicit tcp_channel(const host_settings& where) : connection_(where.host, where.port) {}

    channel::opened open(std::chrono::nanoseconds timeout, const interruption& interrupted) override;
    void close() override { connection_.close(); }
    bool is_open() const override { return connection_.is_open(); }
    int descriptor() const override { return connection_.descriptor(); }
    bool send(bytes_view bytes) override { return connection_.send(bytes.data(), bytes.size()); }
    ssize_t receive(std::span<std::uint8_t> to) override { return connection_.receive(to.data(), to.size()); }
    std::string name() const override { return connection_.name(); }

private:
    tcp_connection connection_;
};

}  // namespace modbus
