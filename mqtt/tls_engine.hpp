// mqtt/tls_engine.hpp: a client's end of TLS as a state machine: bytes of the peer in, bytes for the peer out, and the
// application's on the other side. Bounded: it takes bytes of the peer only when it has used up those before.
// Not here: sockets and the loop (transport_tls.cpp), files (tls_files.hpp). Of the world it sees the clock, by which
// certificates are valid, and the system's random numbers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/tls_files.hpp"

namespace mqtt {

class tls_engine {
public:
    /// Starts at once: the first bytes for the peer wait, or error() says what is wrong with a file.
    tls_engine(tls_files files, const tls_settings& how, const std::string& host);
    ~tls_engine();
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;

    /// The handshake is done, and all checks have passed.
    bool is_open() const;
    /// Why there is nothing more to read or write: a failure, or the peer's end. "": there is.
    const std::string& error() const;

    /// All that came from the peer is used up.
    bool wants_bytes() const;
    /// Requires: wants_bytes(), and no feed_end() before.
    void feed(std::span<const std::byte> from_peer);
    void feed_end();
    /// What is for the peer: also after an error, which it may have to be told.
    std::string take_bytes();

    /// How many bytes of the application there were for `into`; 0: none, because of error(), or until more of the peer is fed
    /// or take_bytes() was called.
    std::size_t read(std::span<std::byte> into);
    /// Takes bytes of the application, as many as fit: once take_bytes() was called, some do. 0 after an error.
    std::size_t write(std::string_view bytes);
    /// Tells the peer that no more will be written. Requires: is_open().
    void end_of_writing();

private:
    class connection;
    std::unique_ptr<connection> connection_;
};

}  // namespace mqtt
