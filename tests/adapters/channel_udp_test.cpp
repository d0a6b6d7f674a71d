// tests/adapters/channel_udp_test.cpp: a UDP socket as a channel, against sockets of the loopback interface.
// Not here: what links say over it.
#include "adapters/modbus/channel_udp.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "tests/adapters/support/loopback.hpp"

using namespace modbus;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);

host_settings settings_for(std::uint16_t port) {
    host_settings how;
    how.host = "127.0.0.1";
    how.port = port;
    return how;
}

/// The other side, once it knows whom to answer.
struct answering_socket : loopback_socket {
    sockaddr_in from{};
    answering_socket() : loopback_socket(SOCK_DGRAM) {}
    bytes receive() {
        bytes got(300);
        socklen_t size = sizeof from;
        const ssize_t count = ::recvfrom(socket.get(), got.data(), got.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        REQUIRE(count >= 0);
        got.resize(static_cast<std::size_t>(count));
        return got;
    }
    void answer(const bytes& what, int over) const {
        REQUIRE(::sendto(over, what.data(), what.size(), 0, reinterpret_cast<const sockaddr*>(&from), sizeof from) ==
                static_cast<ssize_t>(what.size()));
    }
    void answer(const bytes& what) const { answer(what, socket.get()); }
};

bytes received(udp_channel& channel) {
    std::array<std::uint8_t, 260> into{};
    const ssize_t count = channel.receive(into);
    return count < 0 ? bytes{} : bytes(into.begin(), into.begin() + count);
}

}  // namespace

TEST_CASE("udp channel: one datagram is one receive", "[modbus][channel][udp]") {
    answering_socket peer;
    interruption interrupted;
    udp_channel channel(settings_for(peer.port));
    CHECK(channel.name() == "127.0.0.1:" + std::to_string(peer.port) + " (UDP)");
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    CHECK(channel.send(bytes{1, 2, 3}));
    CHECK(peer.receive() == bytes{1, 2, 3});
    CHECK(received(channel).empty());
    CHECK(errno == EAGAIN);
    peer.answer({4, 5});
    peer.answer({6});
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    CHECK(received(channel) == bytes{4, 5});
    CHECK(received(channel) == bytes{6});
    CHECK(received(channel).empty());
}

TEST_CASE("udp channel: datagrams that can't be ours are dropped", "[modbus][channel][udp]") {
    answering_socket peer;
    interruption interrupted;
    udp_channel channel(settings_for(peer.port));
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    CHECK(channel.send(bytes{1}));
    peer.receive();
    SECTION("an empty one isn't the end") {
        peer.answer({});
        peer.answer({9});
        CHECK(received(channel) == bytes{9});
    }
    SECTION("one that is too long isn't taken by half") {
        peer.answer(bytes(261, 7));
        peer.answer(bytes(260, 8));
        CHECK(received(channel) == bytes(260, 8));
    }
    SECTION("a stranger's isn't heard") {
        const loopback_socket stranger(SOCK_DGRAM);
        peer.answer({6, 6}, stranger.socket.get());
        peer.answer({9});
        CHECK(received(channel) == bytes{9});
    }
    SECTION("a flood of empty ones ends") {
        for (int i = 0; i < 70; ++i) peer.answer({});
        peer.answer({9});
        CHECK(received(channel).empty());
        CHECK(errno == EAGAIN);
        CHECK(received(channel) == bytes{9});
    }
}

TEST_CASE("udp channel: nobody listens, and somebody does again", "[modbus][channel][udp]") {
    interruption interrupted;
    auto peer = std::make_unique<answering_socket>();
    const std::uint16_t port = peer->port;
    peer.reset();
    udp_channel channel(settings_for(port));
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    CHECK(channel.send(bytes{1}));
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    std::array<std::uint8_t, 8> into{};
    CHECK(channel.receive(into) == -1);
    CHECK(errno == ECONNREFUSED);
    channel.close();
    CHECK_FALSE(channel.is_open());
    const loopback_socket again(SOCK_DGRAM, port);
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    CHECK(channel.send(bytes{2}));
    CHECK(::recv(again.socket.get(), into.data(), into.size(), 0) == 1);
}

TEST_CASE("udp channel: of a name's addresses that is kept from which something comes", "[modbus][channel][udp]") {
    answering_socket peer;
    const std::uint16_t nobody = loopback_socket(SOCK_DGRAM).port;
    interruption interrupted;
    const auto address = [](std::uint16_t port) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        host_address result;
        std::memcpy(&result.bytes, &to, sizeof to);
        result.size = sizeof to;
        result.family = AF_INET;
        return result;
    };
    udp_channel channel("plc:502", [&](time_point, const interruption&) {
        return host_lookup::outcome{false, "", {address(nobody), address(peer.port)}};
    });
    std::array<std::uint8_t, 8> into{};
    REQUIRE(channel.open(patient, interrupted).fault == "");
    CHECK(channel.send(bytes{1}));
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    CHECK(channel.receive(into) == -1);
    CHECK(errno == ECONNREFUSED);
    channel.close();
    for (int i = 0; i < 3; ++i) {
        REQUIRE(channel.open(patient, interrupted).fault == "");
        CHECK(channel.send(bytes{1}));
        CHECK(peer.receive() == bytes{1});
        peer.answer({2});
        CHECK(received(channel) == bytes{2});
        channel.close();
    }
}

TEST_CASE("udp channel: a host that can't be", "[modbus][channel][udp]") {
    interruption interrupted;
    host_settings how = settings_for(502);
    SECTION("no way to it") {
        how.host = "255.255.255.255";  // a broadcast address: a socket must ask for leave, and this one doesn't
        udp_channel channel(how);
        CHECK(channel.open(patient, interrupted).fault == "255.255.255.255:502 (UDP): Permission denied");
        CHECK_FALSE(channel.is_open());
    }
    SECTION("interrupted") {
        how.host = "127.0.0.1";
        udp_channel channel(how);
        interrupted.raise();
        CHECK(channel.open(patient, interrupted).interrupted);
        CHECK_FALSE(channel.is_open());
    }
}
