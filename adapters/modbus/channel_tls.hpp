// adapters/modbus/channel_tls.hpp: a TCP connection inside TLS as a channel: Modbus/TCP Security.
// Not here: the files and the verdict on a certificate (channel_tls_files.hpp, channel_tls_peer.hpp).
//
// TLS 1.2 or newer; who the device is gets checked unless the settings say otherwise, and we show a certificate of our own if
// there is one, as the specification demands (MODBUS/TCP Security Protocol Specification, 2018: mutual, port 802). Files are read
// anew for each connection.
#pragma once

#include <memory>

#include "adapters/modbus/channel.hpp"
#include "adapters/modbus/link_connect.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

class tls_channel final : public channel {
public:
    explicit tls_channel(const tls_settings& how);
    ~tls_channel() override;
    tls_channel(const tls_channel&) = delete;
    tls_channel& operator=(const tls_channel&) = delete;

    channel::opened open(std::chrono::nanoseconds timeout, const interruption& interrupted) override;
    void close() override;
    bool is_open() const override;
    int descriptor() const override;
    bool has_input() const override;
    /// EPROTO: TLS itself failed; the connection is of no use any more.
    bool send(bytes_view bytes) override;
    ssize_t receive(std::span<std::uint8_t> to) override;
    std::string name() const override;

private:
    class session;
    channel::opened begin(std::chrono::nanoseconds timeout, const interruption& interrupted);

    tls_settings how_;
    tcp_connection connection_;
    std::unique_ptr<session> session_;  // while it is open, or being opened
};

}  // namespace modbus
