// tests/adapters/channel_tcp_test.cpp: a TCP connection as a channel, against a socket of the loopback interface.
// Not here: what links say over it (link_tcp_test.cpp).
#include "adapters/modbus/channel_tcp.hpp"

#include <netinet/tcp.h>

#include <array>
#include <catch2/catch.hpp>

#include "tests/adapters/support/loopback.hpp"

using namespace modbus;
using Catch::Matchers::StartsWith;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);

host_settings settings_for(std::uint16_t port) {
    host_settings how;
    how.host = "127.0.0.1";
    how.port = port;
    return how;
}

int option_of(int descriptor, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
    return value;
}

}  // namespace

TEST_CASE("tcp channel: bytes there and back, and the end", "[modbus][channel]") {
    const loopback_socket door;
    interruption interrupted;
    tcp_channel channel(settings_for(door.port));
    CHECK(channel.name() == "127.0.0.1:" + std::to_string(door.port));
    CHECK_FALSE(channel.is_open());
    const auto opened = channel.open(patient, interrupted);
    CHECK(opened.fault.empty());
    REQUIRE(channel.is_open());
    owned_descriptor peer = door.accept();
    CHECK(channel.send(bytes{1, 2, 3}));
    std::array<std::uint8_t, 8> got{};
    CHECK(::recv(peer.get(), got.data(), got.size(), 0) == 3);
    std::array<std::uint8_t, 8> into{};
    CHECK(channel.receive(into) == -1);
    CHECK(errno == EAGAIN);
    write_all(peer.get(), {7, 8});
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    CHECK(channel.receive(into) == 2);
    CHECK(into[1] == 8);
    peer.close();
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    CHECK(channel.receive(into) == 0);
    channel.close();
    CHECK_FALSE(channel.is_open());
}

TEST_CASE("tcp channel: a peer that takes nothing is told by EAGAIN", "[modbus][channel]") {
    const loopback_socket door;
    interruption interrupted;
    tcp_channel channel(settings_for(door.port));
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    const bytes much(65536);
    int rounds = 0;
    while (channel.send(much) && rounds < 10'000) ++rounds;
    CHECK(errno == EAGAIN);
    CHECK(rounds < 10'000);
}

TEST_CASE("tcp channel: nobody listens, and somebody does again", "[modbus][channel]") {
    interruption interrupted;
    auto door = std::make_unique<loopback_socket>();
    const std::uint16_t port = door->port;
    door.reset();
    tcp_channel channel(settings_for(port));
    const auto refused = channel.open(patient, interrupted);
    CHECK(refused.fault == "127.0.0.1:" + std::to_string(port) + ": Connection refused");
    CHECK_FALSE(channel.is_open());
    door = std::make_unique<loopback_socket>(SOCK_STREAM, port);
    CHECK(channel.open(patient, interrupted).fault.empty());
}

TEST_CASE("tcp channel: opening is bounded and can be interrupted", "[modbus][channel]") {
    interruption interrupted;
    host_settings nowhere = settings_for(9);
    nowhere.host = "192.0.2.1";  // TEST-NET-1 of RFC 5737: either there is no route, or nobody answers
    tcp_channel channel(nowhere);
    CHECK_THAT(channel.open(std::chrono::milliseconds(20), interrupted).fault, StartsWith("192.0.2.1:9: "));
    interrupted.raise();
    const loopback_socket door;
    tcp_channel other(settings_for(door.port));
    // A connection to oneself may be there at once; interrupted or open, but never a fault.
    CHECK(other.open(patient, interrupted).fault.empty());
}

TEST_CASE("tcp channel: finds out about a device that lost its power", "[modbus][channel]") {
    const loopback_socket door;
    interruption interrupted;
    tcp_channel channel(settings_for(door.port));
    const auto [timeout, user_timeout] =
        GENERATE(std::pair{std::chrono::milliseconds(500), 2'000}, std::pair{std::chrono::milliseconds(3'000), 6'000},
                 std::pair{std::chrono::milliseconds(60'000), 120'000});
    REQUIRE(channel.open(timeout, interrupted).fault.empty());
    const int socket = channel.descriptor();
    CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 10);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPINTVL) == 5);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPCNT) == 3);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == user_timeout);
}
