// tests/adapters/link_ways_test.cpp: the ways to devices as a config makes them, end to end: UDP, RTU over UDP, RTU and ASCII
// over TCP, ASCII on a port. libmodbus answers where it can speak the frames. Not here: TLS (channel_tls_test.cpp), and what
// links do with a bad line.
#include <catch2/catch.hpp>

#include "adapters/modbus/link.hpp"
#include "adapters/modbus/server.hpp"
#include "tests/adapters/support/libmodbus_peer.hpp"
#include "tests/adapters/support/loopback.hpp"

using namespace modbus;
using Catch::Matchers::Contains;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);
const read_request ask{3, table::holding, 10, 2};
using values = std::vector<std::uint16_t>;
const values right{0x10A, 0x10B};

template <typename Settings>
wire_settings to(std::uint16_t port) {
    Settings how;
    how.host = "127.0.0.1";
    how.port = port;
    how.timeout = patient;
    return how;
}

/// Answers each datagram by a script: any number of datagrams.
class datagram_device {
public:
    using script = std::function<std::vector<bytes>(const bytes& request)>;
    explicit datagram_device(script on_request, std::uint16_t at = 0)
        : door_(SOCK_DGRAM, at), on_request_(std::move(on_request)), thread_([this] { run(); }) {}
    ~datagram_device() {
        stopped_.raise();
        thread_.join();
    }
    std::uint16_t port() const { return door_.port; }

private:
    void run() {
        while (wait_for(door_.socket.get(), POLLIN, now() + std::chrono::hours(1), stopped_) == woken::ready) {
            bytes request(300);
            sockaddr_in from{};
            socklen_t size = sizeof from;
            const ssize_t count =
                ::recvfrom(door_.socket.get(), request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 0) continue;
            request.resize(static_cast<std::size_t>(count));
            for (const bytes& one : on_request_(request))
                [[maybe_unused]] const auto sent =
                    ::sendto(door_.socket.get(), one.data(), one.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
        }
    }
    loopback_socket door_;
    script on_request_;
    interruption stopped_;
    std::thread thread_;
};

/// Takes one connection, and answers whatever it reads at once by a script.
class stream_device {
public:
    using script = std::function<bytes(const bytes& request)>;
    explicit stream_device(script on_request) : on_request_(std::move(on_request)), thread_([this] { run(); }) {}
    ~stream_device() {
        stopped_.raise();
        thread_.join();
    }
    std::uint16_t port() const { return door_.port; }

private:
    void run() {
        if (wait_for(door_.socket.get(), POLLIN, now() + std::chrono::hours(1), stopped_) != woken::ready) return;
        const owned_descriptor client = door_.accept();
        while (wait_for(client.get(), POLLIN, now() + std::chrono::hours(1), stopped_) == woken::ready) {
            bytes request(600);
            const ssize_t count = ::recv(client.get(), request.data(), request.size(), 0);
            if (count <= 0) return;
            request.resize(static_cast<std::size_t>(count));
            write_all(client.get(), on_request_(request));
        }
    }
    loopback_socket door_;
    script on_request_;
    interruption stopped_;
    std::thread thread_;
};

bytes text(std::string_view of) { return {of.begin(), of.end()}; }

// Unit 3, function 3, address 10, count 2; and 4 bytes, 010A 010B. The last two digits: minus the sum of the bytes.
const bytes ascii_request = text(":0303000A0002EE\r\n");
const bytes ascii_answer = text(":030304010A010BDF\r\n");

}  // namespace

TEST_CASE("ways: Modbus TCP's frames over UDP, libmodbus answering", "[modbus][ways][udp]") {
    libmodbus_peer peer(false);
    datagram_device device([&](const bytes& request) { return std::vector<bytes>{peer.answer_to(request)}; });
    const auto link = make_link(to<udp_settings>(device.port()));
    for (int i = 0; i < 3; ++i) CHECK(link->read(ask, patient).registers == right);
    CHECK(link->read({3, table::holding, 63, 2}, patient).exception_code == 2);
}

TEST_CASE("ways: over UDP what is late, foreign or no frame is passed over", "[modbus][ways][udp]") {
    libmodbus_peer peer(false);
    datagram_device device([&](const bytes& request) {
        bytes older = peer.answer_to(request);
        const bytes good = older;
        older[1] = static_cast<std::uint8_t>(older[1] - 1);
        older.back() = 0xEE;
        return std::vector<bytes>{older, {}, {1, 2, 3}, text("GET / HTTP/1.1\r\n\r\n"), bytes(300, 0), good};
    });
    const auto link = make_link(to<udp_settings>(device.port()));
    CHECK(link->read(ask, patient).registers == right);
    CHECK(link->read(ask, patient).registers == right);
}

TEST_CASE("ways: RTU frames over UDP, libmodbus answering", "[modbus][ways][udp]") {
    libmodbus_peer peer(true);
    datagram_device device([&](const bytes& request) { return std::vector<bytes>{peer.answer_to(request)}; });
    const auto link = make_link(to<rtu_over_udp_settings>(device.port()));
    for (int i = 0; i < 3; ++i) CHECK(link->read(ask, patient).registers == right);
    CHECK(link->read({3, table::holding, 63, 2}, patient).exception_code == 2);
}

TEST_CASE("ways: over UDP nobody listens, and somebody does again", "[modbus][ways][udp]") {
    const std::uint16_t port = loopback_socket(SOCK_DGRAM).port;
    const auto link = make_link(to<udp_settings>(port));
    for (int i = 0; i < 3; ++i) {
        const answer got = link->read(ask, patient);
        CHECK(got.status == answer::status::down);
        CHECK_THAT(got.detail, Contains("127.0.0.1:" + std::to_string(port) + " (UDP): Connection refused"));
    }
    libmodbus_peer peer(false);
    datagram_device device([&](const bytes& request) { return std::vector<bytes>{peer.answer_to(request)}; }, port);
    CHECK(link->read(ask, patient).registers == right);
}

TEST_CASE("ways: RTU frames over TCP, libmodbus answering", "[modbus][ways]") {
    libmodbus_peer peer(true);
    stream_device device([&](const bytes& request) { return peer.answer_to(request); });
    const auto link = make_link(to<rtu_over_tcp_settings>(device.port()));
    for (int i = 0; i < 3; ++i) CHECK(link->read(ask, patient).registers == right);
}

TEST_CASE("ways: ASCII frames over TCP", "[modbus][ways]") {
    stream_device device([&](const bytes& request) { return request == ascii_request ? ascii_answer : bytes{'?'}; });
    const auto link = make_link(to<ascii_over_tcp_settings>(device.port()));
    for (int i = 0; i < 3; ++i) CHECK(link->read(ask, patient).registers == right);
}

TEST_CASE("ways: ASCII frames on a port", "[modbus][ways]") {
    raw_pty pty;
    serial_settings how;
    how.port = pty.name;
    how.mode = serial_mode::ascii;
    how.line = {115200, 'N', 8, 1};
    interruption stopped;
    std::thread device([&] {
        bytes line;
        while (wait_for(pty.master.get(), POLLIN, now() + std::chrono::hours(1), stopped) == woken::ready) {
            std::uint8_t one = 0;
            if (::read(pty.master.get(), &one, 1) != 1) return;
            line.push_back(one);
            if (one != '\n') continue;
            write_all(pty.master.get(), line == ascii_request ? ascii_answer : bytes{'?'});
            line.clear();
        }
    });
    const auto link = make_link(how);
    for (int i = 0; i < 3; ++i) CHECK(link->read(ask, patient).registers == right);
    stopped.raise();
    device.join();
}

TEST_CASE("ways: the pause after connecting", "[modbus][ways]") {
    libmodbus_peer peer(false);
    time_point asked{};
    stream_device device([&](const bytes& request) {
        asked = now();
        return peer.answer_to(request);
    });
    auto how = to<tcp_settings>(device.port());
    manners_of(how).connect_delay = std::chrono::milliseconds(30);
    const auto link = make_link(how);
    const time_point begun = now();
    CHECK(link->read(ask, patient).registers == right);
    CHECK(asked - begun >= std::chrono::milliseconds(30));
}

TEST_CASE("ways: a device behind TLS isn't simulated, and the reason is said", "[modbus][ways]") {
    struct nothing final : register_source {
        bool has_unit(std::uint8_t) const override { return false; }
        std::uint8_t read(const read_request&, std::span<std::uint16_t>) override { return 1; }
    } values_of_none;
    std::string note;
    const auto server = make_server(tls_settings{});
    CHECK_FALSE(server->run(values_of_none, {nullptr, [&](const std::string& text) { note = text; }}));
    CHECK_THAT(note, Contains("simulate it as tcp"));
}
