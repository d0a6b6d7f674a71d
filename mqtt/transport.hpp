// mqtt/transport.hpp: a byte stream to a broker: opened, read, written, closed. TCP is one; TLS and WebSocket wrap or replace it.
// Not here: what the bytes mean, when to connect, and to whom. Loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/client.hpp"

namespace mqtt {

/// One connection, used once. Every handler is called exactly once, later and not from within the call that took it, unless
/// the transport was closed meanwhile: then not at all. An error is a phrase for a person; empty: none.
class transport {
public:
    using done = std::function<void(const std::string& error)>;
    using read_done = std::function<void(const std::string& error, std::size_t bytes)>;

    virtual ~transport() = default;
    virtual void open(const server_address& to, done opened) = 0;
    /// At least one byte, unless there is an error. The end of the stream is an error.
    virtual void read(std::span<std::byte> to, read_done got) = 0;
    /// All bytes, which must stay where they are until then. One write at a time.
    virtual void write(std::string_view bytes, done written) = 0;
    virtual void close() = 0;
};

/// TCP without delay, with keep-alive, and with a bound on how long what was sent may stay unacknowledged by the peer.
std::shared_ptr<transport> make_tcp_transport(boost::asio::io_context& loop);

}  // namespace mqtt
