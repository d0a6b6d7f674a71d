// adapters/modbus/channel_udp.hpp: a UDP socket as a channel: what is sent is one datagram, what is received is one.
// Not here: what the datagrams hold, and datagrams that got lost, which are silence to a link.
#pragma once

#include <functional>

#include "adapters/modbus/channel.hpp"
#include "adapters/modbus/link_resolve.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

/// Connected to its host: the kernel takes datagrams from there alone, and says when there nobody listens (ICMP): receive() or
/// send() then fail with ECONNREFUSED.
class udp_channel final : public channel {
public:
    explicit udp_channel(const host_settings& where);
    /// With addresses of a test's own.
    using resolver = std::function<host_lookup::outcome(time_point until, const interruption& interrupted)>;
    udp_channel(std::string name, resolver resolve) : resolve_(std::move(resolve)), name_(std::move(name)) {}
    ~udp_channel() override { close(); }
    udp_channel(const udp_channel&) = delete;
    udp_channel& operator=(const udp_channel&) = delete;

    /// Nobody is asked whether he is there: it is open as soon as there is a way to the host. Of a name with several addresses
    /// (IPv6 and IPv4) that from which nothing came makes room for the next.
    channel::opened open(std::chrono::nanoseconds timeout, const interruption& interrupted) override;
    void close() override;
    bool is_open() const override { return socket_ >= 0; }
    int descriptor() const override { return socket_; }
    bool send(bytes_view bytes) override;
    /// A datagram that is empty, or longer than `to`, isn't one of ours: it is dropped.
    ssize_t receive(std::span<std::uint8_t> to) override;
    bool is_datagram() const override { return true; }
    std::string name() const override { return name_ + " (UDP)"; }

private:
    std::string connect(const host_address& to);

    resolver resolve_;
    std::string name_;
    std::size_t turn_ = 0;  // which address is tried first
    bool heard_ = false;    // anything, since it was opened
    int socket_ = -1;
};

}  // namespace modbus
