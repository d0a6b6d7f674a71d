// tests/mqtt/client_transport_test.cpp: the TCP transport by itself: names, addresses, bytes, ends and errors.
// Not here: a session on top of it (client_test.cpp).
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>

#include "mqtt/transport_resolve.hpp"
#include "tests/mqtt/client_peer.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// What the handlers have told.
struct told {
    std::optional<std::string> opened;
    std::optional<std::string> read_error;
    std::optional<std::string> written;
    std::string bytes;
};

void read_all(transport& from, told& into) {
    from.read([&](std::string_view error, std::span<const std::byte> bytes) {
        if (!error.empty()) {
            into.read_error = error;
            return;
        }
        into.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        read_all(from, into);
    });
}

raw_endpoint raw(const asio::ip::address& address, std::uint16_t port) {
    const tcp::endpoint endpoint(address, port);
    const auto* bytes = reinterpret_cast<const std::byte*>(endpoint.data());
    return raw_endpoint(bytes, bytes + endpoint.size());
}

/// An address that takes no connection and refuses none: its queue is full.
class full_listener {
public:
    explicit full_listener(asio::io_context& loop) : acceptor_(loop), first_(loop) {
        acceptor_.open(tcp::v4());
        acceptor_.bind({asio::ip::address_v4::loopback(), 0});
        acceptor_.listen(0);
        first_.connect(acceptor_.local_endpoint());
    }
    raw_endpoint address() const { return raw(asio::ip::address_v4::loopback(), acceptor_.local_endpoint().port()); }

private:
    tcp::acceptor acceptor_;
    tcp::socket first_;
};

/// An option of this process's socket that is connected to `port`.
unsigned option_of_socket_to(std::uint16_t port, int level, int name) {
    for (int fd = 3; fd < 1024; ++fd) {
        tcp::endpoint to;
        auto size = static_cast<socklen_t>(to.capacity());
        if (getpeername(fd, to.data(), &size) != 0 || to.port() != port) continue;
        unsigned value = 0;
        socklen_t value_size = sizeof value;
        REQUIRE(getsockopt(fd, level, name, &value, &value_size) == 0);
        return value;
    }
    FAIL("there is no such socket");
    return 0;
}

std::string open(transport& what, asio::io_context& loop, const std::string& host, std::uint16_t port) {
    std::optional<std::string> result;
    what.open(host, port, [&](std::string_view error) { result = error; });
    CHECK(!result);  // never from within the call
    REQUIRE(run_until(loop, [&] { return result.has_value(); }));
    return *result;
}

}  // namespace

TEST_CASE("transport: opens by address and by name, and tries each address of a name", "[mqtt][transport]") {
    asio::io_context loop;
    peer other(loop);
    const auto tcp_stream = make_tcp_transport(loop);
    // The peer listens on 127.0.0.1 only; "localhost" may be ::1 first.
    const auto* host = GENERATE("127.0.0.1", "localhost");
    CHECK(open(*tcp_stream, loop, host, other.port()) == "");
    CHECK(run_until(loop, [&] { return other.connections() == 1; }));
}

TEST_CASE("transport: tries one address after the other, and tells the last one's error", "[mqtt][transport]") {
    asio::io_context loop;
    peer other(loop);
    const auto loopback = [&](std::uint16_t port) { return raw(asio::ip::address_v4::loopback(), port); };
    const auto dead = loopback(free_port(loop));
    SECTION("the third answers") {
        // The second fails at once where the kernel has no IPv6, and is refused where it has.
        const auto no_one = raw(asio::ip::address_v6::loopback(), free_port(loop));
        const auto tcp_stream = make_tcp_transport(loop, {dead, no_one, loopback(other.port())});
        CHECK(open(*tcp_stream, loop, "", 0) == "");
        CHECK(run_until(loop, [&] { return other.connections() == 1; }));
    }
    SECTION("none does") {
        const auto tcp_stream = make_tcp_transport(loop, {dead, dead});
        CHECK(open(*tcp_stream, loop, "", 0) == "Connection refused");
    }
}

TEST_CASE("transport: an address that doesn't answer is given up for the next after some patience", "[mqtt][transport]") {
    asio::io_context loop;
    peer other(loop);
    const full_listener silent(loop);
    tcp_settings how;
    how.address_patience = std::chrono::milliseconds(5);
    const auto next = GENERATE(true, false);
    const auto port = next ? other.port() : free_port(loop);
    const auto tcp_stream =
        make_tcp_transport(loop, {silent.address(), silent.address(), raw(asio::ip::address_v4::loopback(), port)}, how);
    CHECK(open(*tcp_stream, loop, "", 0) == (next ? "" : "Connection refused"));
}

TEST_CASE("transport: a peer that falls silent is noticed in the time that was asked for", "[mqtt][transport]") {
    // That the kernel then does so is not for this test to wait for.
    asio::io_context loop;
    peer other(loop);
    tcp_settings how;
    how.silence = std::chrono::seconds(12);
    const auto tcp_stream = make_tcp_transport(loop, how);
    REQUIRE(open(*tcp_stream, loop, "127.0.0.1", other.port()) == "");
    const auto option = [&](int level, int name) { return option_of_socket_to(other.port(), level, name); };
    CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) == 6);
    CHECK(option(IPPROTO_TCP, TCP_KEEPINTVL) == 2);
    CHECK(option(IPPROTO_TCP, TCP_KEEPCNT) == 3);
    CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 12'000);
}

TEST_CASE("transport: the addresses of a name are tried IPv6 and IPv4 by turns", "[mqtt][transport]") {
    const auto six = [](std::uint16_t port) { return raw(asio::ip::address_v6::loopback(), port); };
    const auto four = [](std::uint16_t port) { return raw(asio::ip::address_v4::loopback(), port); };
    using list = std::vector<raw_endpoint>;
    CHECK(families_by_turns({}) == list{});
    CHECK(families_by_turns({six(1), six(2), six(3), four(4), four(5)}) == list{six(1), four(4), six(2), four(5), six(3)});
    CHECK(families_by_turns({four(1), six(2), six(3)}) == list{four(1), six(2), six(3)});
    CHECK(families_by_turns({four(1), four(2)}) == list{four(1), four(2)});
}

TEST_CASE("transport: says why it can't open, in the system's words", "[mqtt][transport]") {
    asio::io_context loop;
    const auto tcp_stream = make_tcp_transport(loop);
    SECTION("nobody listens") {
        const auto* host = GENERATE("127.0.0.1", "localhost");
        CHECK(open(*tcp_stream, loop, host, free_port(loop)) == "Connection refused");
    }
    SECTION("there is no such name; one so long is refused without a question to any server") {
        const std::string host(300, 'x');
        CHECK_THAT(open(*tcp_stream, loop, host, 1), Catch::StartsWith("cannot resolve " + host + ": "));
    }
}

TEST_CASE("transport: bytes go both ways, however many, in order and without loss [5.0 MQTT-4.2-1]", "[mqtt][transport]") {
    asio::io_context loop;
    peer other(loop);
    const auto tcp_stream = make_tcp_transport(loop);
    REQUIRE(open(*tcp_stream, loop, "127.0.0.1", other.port()) == "");
    told what;
    read_all(*tcp_stream, what);
    publish message;
    message.topic = "t";
    message.payload.assign(5'000'000, 'x');
    tcp_stream->write(encoded(message, version::v5), [&](std::string_view error) { what.written = error; });
    CHECK(other.take() == packet(message));
    CHECK(run_until(loop, [&] { return what.written.has_value(); }));
    CHECK(what.written == "");
    const auto answer = encoded(pingresp{}, version::v5);
    other.send_bytes(answer);
    CHECK(run_until(loop, [&] { return what.bytes == answer; }));
    SECTION("the peer's end is an error of the read") {
        other.close();
        CHECK(run_until(loop, [&] { return what.read_error.has_value(); }));
        CHECK(what.read_error == "the peer closed the connection");
    }
    SECTION("a reset is told as such") {
        other.reset();
        CHECK(run_until(loop, [&] { return what.read_error.has_value(); }));
        CHECK(what.read_error == "Connection reset by peer");
    }
    SECTION("after the end of writing the peer sees the end, and can still be read") {
        other.stay_open();
        tcp_stream->end_of_writing();
        CHECK(run_until(loop, [&] { return other.ended(); }));
        other.send_bytes(answer);
        CHECK(run_until(loop, [&] { return what.bytes == answer + answer; }));
    }
}

TEST_CASE("transport: no handler is called once it is destroyed", "[mqtt][transport]") {
    asio::io_context loop;
    peer other(loop);
    auto tcp_stream = make_tcp_transport(loop);
    int calls = 0;
    SECTION("while it looks up or connects") {
        tcp_stream->open(GENERATE("127.0.0.1", "localhost"), other.port(), [&](std::string_view) { ++calls; });
        if (GENERATE(false, true)) run_ready(loop);
        const int before = calls;
        tcp_stream.reset();
        run_ready(loop);
        CHECK(calls == before);
    }
    SECTION("while it reads and writes") {
        REQUIRE(open(*tcp_stream, loop, "127.0.0.1", other.port()) == "");
        tcp_stream->read([&](std::string_view, std::span<const std::byte>) { ++calls; });
        tcp_stream->write("x", [&](std::string_view) { ++calls; });
        tcp_stream.reset();
        run_ready(loop);
        CHECK(calls == 0);
    }
    SECTION("by a handler") {
        tcp_stream->open("127.0.0.1", other.port(), [&](std::string_view error) {
            CHECK(error.empty());
            ++calls;
            tcp_stream.reset();
        });
        CHECK(run_until(loop, [&] { return calls == 1; }));
        run_ready(loop);
        CHECK(calls == 1);
    }
}
