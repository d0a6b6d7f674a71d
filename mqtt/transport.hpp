// mqtt/transport.hpp: one byte stream to one server, whatever it runs over: TCP (transport_tcp.cpp), or a layer over another
// transport; transport_stack.hpp puts them together.
// Not here: when to connect and what to send (session.hpp), and carrying a session (client.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace mqtt {

/// The read's error when the stream has ended in order.
inline constexpr std::string_view closed_by_peer = "the peer closed the connection";

/// Is opened once, and lives on one io_context run by one thread. Handlers are called from the loop, never from within the
/// call that takes them, and never after the destructor, which closes at once; a handler may destroy the transport. An
/// error is told in the system's words; "" means that there was none.
class transport {
public:
    using opened_handler = std::function<void(std::string_view error)>;
    /// The bytes are valid during the call. After an error there are no more; the end of the stream is an error, too.
    using read_handler = std::function<void(std::string_view error, std::span<const std::byte> bytes)>;
    using written_handler = std::function<void(std::string_view error)>;

    transport() = default;
    virtual ~transport() = default;
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;

    virtual void open(const std::string& host, std::uint16_t port, opened_handler done) = 0;
    /// Waits for some bytes, at most 16 KiB. One read at a time.
    virtual void read(read_handler done) = 0;
    /// A hint: so many bytes are sure to come. Reads may wait until they are there, though at most half a millisecond, so that
    /// a burst of small packets wakes us once. 0: wait for nothing.
    virtual void expect(std::size_t /*bytes*/) {}
    /// Writes all of the bytes, of which it takes a copy. One write at a time.
    virtual void write(std::string_view bytes, written_handler done) = 0;
    /// Tells the peer that no more will be written; reading goes on. Requires: open, no write under way.
    virtual void end_of_writing() = 0;
};

struct tcp_settings {
    std::chrono::milliseconds address_patience{3'000};  // for one address as long as there are others to try
    /// A peer that answers nothing for so long is gone, both when we are silent and when we wait for an acknowledgement.
    std::chrono::seconds silence{30};
};

std::unique_ptr<transport> make_tcp_transport(boost::asio::io_context& loop, tcp_settings how = {});

}  // namespace mqtt
