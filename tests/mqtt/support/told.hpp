// tests/mqtt/support/told.hpp: what a transport's handlers have told, and the calls that fill it in.
// Not here: the other end (byte_peer.hpp, transport_in_hand.hpp).
#pragma once

#include <optional>
#include <string>

#include "mqtt/transport.hpp"
#include "tests/mqtt/client_peer.hpp"

namespace mqtt::test {

struct told {
    std::optional<std::string> opened;
    std::optional<std::string> read_error;
    std::optional<std::string> written;
    std::string bytes;
};

inline void begin_open(transport& what, told& into, std::uint16_t port, const std::string& host = "127.0.0.1") {
    what.open(host, port, [&](std::string_view error) { into.opened = error; });
    CHECK(!into.opened);  // never from within the call
}

/// "" when it is open.
inline std::string wait_for_open(asio::io_context& loop, told& into) {
    REQUIRE(run_until(loop, [&] { return into.opened.has_value(); }));
    return *into.opened;
}

inline void read_all(transport& from, told& into) {
    const auto before = into.bytes.size();
    from.read([&](std::string_view error, std::span<const std::byte> bytes) {
        if (!error.empty()) {
            into.read_error = error;
            return;
        }
        CHECK_FALSE(bytes.empty());
        into.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        read_all(from, into);
    });
    CHECK(into.bytes.size() == before);  // never from within the call
}

inline void write(transport& to, told& into, const std::string& bytes) {
    into.written.reset();
    to.write(bytes, [&](std::string_view error) { into.written = error; });
    CHECK(!into.written);
}

inline std::string wait_for_end(asio::io_context& loop, told& into) {
    REQUIRE(run_until(loop, [&] { return into.read_error.has_value(); }));
    return *into.read_error;
}

}  // namespace mqtt::test
