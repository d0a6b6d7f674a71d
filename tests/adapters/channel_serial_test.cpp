// tests/adapters/channel_serial_test.cpp: a serial port as a channel; the port is a pty.
// Not here: what links say over it (link_serial_test.cpp).
#include "adapters/modbus/channel_serial.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tests/adapters/support/fake_device.hpp"

using namespace modbus;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);

serial_settings settings_for(const std::string& port) {
    serial_settings how;
    how.port = port;
    how.line = {115200, 'N', 8, 2};
    return how;
}

}  // namespace

TEST_CASE("serial channel: every byte there and back, as it is", "[modbus][channel]") {
    raw_pty pty;
    interruption interrupted;
    serial_channel channel(settings_for(pty.name));
    CHECK(channel.name() == pty.name);
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    REQUIRE(channel.is_open());
    bytes all;
    for (unsigned value = 0; value < 256; ++value) all.push_back(static_cast<std::uint8_t>(value));
    std::array<std::uint8_t, 512> into{};
    CHECK(channel.send(all));
    REQUIRE(::read(pty.master.get(), into.data(), into.size()) == 256);
    CHECK(bytes(into.begin(), into.begin() + 256) == all);
    CHECK(channel.receive(into) == -1);
    CHECK(errno == EAGAIN);
    write_all(pty.master.get(), all);
    bytes back;
    while (back.size() < all.size() && channel.wait_for_input(now() + patient, interrupted) == woken::ready) {
        const ssize_t count = channel.receive(into);
        REQUIRE(count > 0);
        back.insert(back.end(), into.begin(), into.begin() + count);
    }
    CHECK(back == all);
}

TEST_CASE("serial channel: closed, it is anybody's again", "[modbus][channel]") {
    raw_pty pty;
    interruption interrupted;
    serial_channel one(settings_for(pty.name)), other(settings_for(pty.name));
    REQUIRE(one.open(patient, interrupted).fault.empty());
    CHECK_FALSE(other.open(patient, interrupted).fault.empty());
    CHECK_FALSE(other.is_open());
    one.close();
    CHECK_FALSE(one.is_open());
    CHECK(other.open(patient, interrupted).fault.empty());
}

TEST_CASE("serial channel: unplugged", "[modbus][channel]") {
    raw_pty pty;
    interruption interrupted;
    serial_channel channel(settings_for(pty.name));
    REQUIRE(channel.open(patient, interrupted).fault.empty());
    pty.slave.close();
    pty.master.close();
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    std::array<std::uint8_t, 8> into{};
    const ssize_t count = channel.receive(into);
    CHECK((count == 0 || (count == -1 && errno == EIO)));
    CHECK_FALSE(channel.send(bytes{1}));
}

TEST_CASE("serial channel: interrupted, it isn't opened", "[modbus][channel]") {
    raw_pty pty;
    interruption interrupted;
    interrupted.raise();
    serial_channel channel(settings_for(pty.name));
    CHECK(channel.open(patient, interrupted).interrupted);
    CHECK_FALSE(channel.is_open());
}
