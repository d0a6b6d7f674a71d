// tests/adapters/link_tcp_test.cpp: the links over TCP, against a server that misbehaves by script and against libmodbus's own.
// Not here: RTU's framing over a socket (link_rtu_test.cpp), and hosts that don't answer at all.
#include <arpa/inet.h>
#include <modbus.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/support/fake_device.hpp"

using namespace modbus;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);
constexpr nanoseconds brief = std::chrono::milliseconds(20);
const read_request ask{3, table::holding, 10, 2};
using values = std::vector<std::uint16_t>;

struct listening_socket {
    owned_descriptor socket;
    std::uint16_t port = 0;
    listening_socket() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(socket.get(), 8) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
    }
};

/// A server whose script is called with each request and says what to send; closing is the script's to ask for.
class scripted_server {
public:
    struct turn {
        int connection;  // counts from 1
        bytes request;
    };
    struct reply {
        bytes send;
        bool close = false;
    };
    using script = std::function<reply(const turn&)>;

    scripted_server(std::size_t request_length, script on_request)
        : length_(request_length), on_request_(std::move(on_request)), thread_([this] { run(); }) {}
    ~scripted_server() { stop(); }
    void stop() {
        stopped_.raise();
        if (thread_.joinable()) thread_.join();
    }
    std::uint16_t port() const { return door_.port; }
    /// Until so many connections have been ended by the server.
    void wait_ended(int connections) {
        std::unique_lock lock(ending_);
        one_ended_.wait(lock, [&] { return ended_ >= connections; });
    }
    /// Which connection each request came over. Only after stop().
    const std::vector<int>& connections() const { return connections_; }

private:
    void run() {
        for (int number = 1; wait_for(door_.socket.get(), POLLIN, now() + std::chrono::hours(1), stopped_) == woken::ready;
             ++number) {
            {
                const owned_descriptor client(::accept(door_.socket.get(), nullptr, nullptr));
                serve(client.get(), number);
            }
            const std::lock_guard lock(ending_);
            ended_ = number;
            one_ended_.notify_all();
        }
    }
    void serve(int client, int number) {
        bytes begun;
        while (wait_for(client, POLLIN, now() + std::chrono::hours(1), stopped_) == woken::ready) {
            std::array<std::uint8_t, 64> chunk{};
            const ssize_t count = ::recv(client, chunk.data(), chunk.size(), 0);
            if (count <= 0) return;
            begun.insert(begun.end(), chunk.begin(), chunk.begin() + count);
            if (begun.size() < length_) continue;
            const turn now_asked{number, bytes(begun.begin(), begun.begin() + static_cast<std::ptrdiff_t>(length_))};
            begun.erase(begun.begin(), begun.begin() + static_cast<std::ptrdiff_t>(length_));
            connections_.push_back(number);
            const reply what = on_request_(now_asked);
            if (!what.send.empty()) [[maybe_unused]]
                const auto sent = ::send(client, what.send.data(), what.send.size(), MSG_NOSIGNAL);
            if (what.close) return;
        }
    }

    listening_socket door_;
    std::size_t length_;
    script on_request_;
    interruption stopped_;
    std::vector<int> connections_;
    std::mutex ending_;
    std::condition_variable one_ended_;
    int ended_ = 0;
    std::thread thread_;
};

constexpr std::size_t tcp_request_size = 12;

tcp_settings settings_for(std::uint16_t port) {
    tcp_settings how;
    how.host = "127.0.0.1";
    how.port = port;
    how.timeout = patient;
    return how;
}

/// The answer with `pdu` to a request of this transaction and unit.
bytes mbap(const bytes& request, const bytes& pdu) {
    return bytes{request[0], request[1], 0, 0, 0, static_cast<std::uint8_t>(pdu.size() + 1), request[6]} + pdu;
}
const bytes good_pdu{3, 4, 0x11, 0x11, 0x22, 0x22};
const bytes stale_pdu{3, 4, 0xDE, 0xAD, 0xDE, 0xAD};

}  // namespace

TEST_CASE("tcp: an answer", "[modbus][tcp]") {
    bytes seen;
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        seen = turn.request;
        return {mbap(turn.request, good_pdu)};
    });
    const answer got = make_link(settings_for(server.port()))->read(ask, nanoseconds(0));
    CHECK(got.status == answer::status::ok);
    CHECK(got.registers == values{0x1111, 0x2222});
    CHECK(got.turnaround > nanoseconds(0));
    server.stop();
    CHECK(bytes(seen.begin() + 2, seen.end()) == bytes{0, 0, 0, 6, 3, 3, 0, 10, 0, 2});
}

TEST_CASE("tcp: an answer in pieces", "[modbus][tcp]") {
    listening_socket door;
    const auto link = make_link(settings_for(door.port));
    std::thread serving([&] {
        const owned_descriptor client(::accept(door.socket.get(), nullptr, nullptr));
        bytes request(tcp_request_size);
        if (::recv(client.get(), request.data(), request.size(), MSG_WAITALL) != tcp_request_size) return;
        for (const std::uint8_t byte : mbap(request, good_pdu))
            [[maybe_unused]] const auto sent = ::send(client.get(), &byte, 1, MSG_NOSIGNAL);
    });
    CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
    serving.join();
}

TEST_CASE("tcp: exceptions keep the connection, and one connection serves all units", "[modbus][tcp]") {
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        return {turn.request[6] == 255 ? mbap(turn.request, {0x83, 11}) : mbap(turn.request, good_pdu)};
    });
    const auto link = make_link(settings_for(server.port()));
    const answer got = link->read({255, table::holding, 0, 2}, patient);
    CHECK(got.status == answer::status::exception);
    CHECK(got.exception_code == 11);
    CHECK(got.detail == "exception 11: gateway target device failed to respond");
    CHECK(link->read({0, table::holding, 0, 2}, patient).status == answer::status::ok);
    CHECK(link->read({9, table::holding, 0, 2}, patient).status == answer::status::ok);
    server.stop();
    CHECK(server.connections() == std::vector<int>{1, 1, 1});
}

TEST_CASE("tcp: an answer to another request is dropped, and the right one waited for", "[modbus][tcp][late]") {
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        bytes older = turn.request;
        older[1] = static_cast<std::uint8_t>(older[1] - 1);
        return {mbap(older, stale_pdu) + mbap(turn.request, good_pdu)};
    });
    CHECK(make_link(settings_for(server.port()))->read(ask, patient).registers == values{0x1111, 0x2222});
}

TEST_CASE("tcp: a late answer is dropped when it comes, and costs no connection", "[modbus][tcp][late]") {
    bytes first;
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        if (first.empty()) {
            first = turn.request;
            return {};
        }
        return {mbap(first, stale_pdu) + mbap(turn.request, good_pdu)};
    });
    const auto link = make_link(settings_for(server.port()));
    const answer silent = link->read(ask, brief);
    CHECK(silent.status == answer::status::silent);
    CHECK(silent.detail == "no answer within 20 ms");
    CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
    server.stop();
    CHECK(server.connections() == std::vector<int>{1, 1});
}

TEST_CASE("tcp: two time-outs in a row, and the connection is opened anew", "[modbus][tcp]") {
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        if (turn.connection == 1) return {};
        return {mbap(turn.request, good_pdu)};
    });
    const auto link = make_link(settings_for(server.port()));
    CHECK(link->read(ask, brief).status == answer::status::silent);
    CHECK(link->read(ask, brief).status == answer::status::silent);
    CHECK(link->read(ask, patient).status == answer::status::ok);
    server.stop();
    CHECK(server.connections() == std::vector<int>{1, 1, 2});
}

TEST_CASE("tcp: what is no valid answer is none, and ends the connection", "[modbus][tcp]") {
    std::function<bytes(bytes)> spoil;
    std::string detail;
    SECTION("another unit") {
        spoil = [](bytes right) {
            right[6] = 4;
            return right;
        };
        detail = "unit 4";
    }
    SECTION("another protocol") {
        spoil = [](bytes right) {
            right[3] = 7;
            return right;
        };
        detail = "not Modbus TCP";
    }
    SECTION("a length that can't be") {
        spoil = [](bytes right) {
            right[4] = 7;
            return right;
        };
        detail = "not Modbus TCP";
    }
    SECTION("a length of nothing") {
        spoil = [](bytes right) {
            right[5] = 2;
            return right;
        };
        detail = "not Modbus TCP";
    }
    SECTION("another function") {
        spoil = [](bytes right) {
            right[7] = 4;
            return right;
        };
        detail = "function 4";
    }
    SECTION("a byte count that isn't the one asked for") {
        spoil = [](bytes right) {
            right[8] = 2;
            return right;
        };
        detail = "data bytes";
    }
    SECTION("fewer registers than asked for") {
        spoil = [](const bytes& right) { return mbap(right, {3, 2, 0x11, 0x11}); };
        detail = "2 data bytes where 4";
    }
    SECTION("an exception to another function") {
        spoil = [](const bytes& right) { return mbap(right, {0x84, 2}); };
        detail = "function 132";
    }
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        const bytes right = mbap(turn.request, good_pdu);
        return {turn.connection == 1 ? spoil(right) : right};
    });
    const auto link = make_link(settings_for(server.port()));
    const answer got = link->read(ask, patient);
    CHECK(got.status == answer::status::silent);
    CHECK_THAT(got.detail, Contains(detail));
    CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
    server.stop();
    CHECK(server.connections() == std::vector<int>{1, 2});
}

TEST_CASE("tcp: half an answer", "[modbus][tcp]") {
    listening_socket door;
    auto link = make_link(settings_for(door.port));
    std::thread serving([&] {
        for (int number = 1; number <= 2; ++number) {
            const owned_descriptor client(::accept(door.socket.get(), nullptr, nullptr));
            bytes request(tcp_request_size);
            if (::recv(client.get(), request.data(), request.size(), MSG_WAITALL) != tcp_request_size) return;
            bytes reply = mbap(request, good_pdu);
            if (number == 1) reply.resize(9);
            [[maybe_unused]] const auto sent = ::send(client.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
            std::uint8_t rest = 0;
            [[maybe_unused]] const auto ended = ::recv(client.get(), &rest, 1, 0);  // until the link has closed
        }
    });
    CHECK(link->read(ask, std::chrono::milliseconds(300)).status == answer::status::silent);
    CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
    link.reset();
    serving.join();
}

TEST_CASE("tcp: a connection that the server closed while idle is opened anew within the read", "[modbus][tcp]") {
    scripted_server server(tcp_request_size, [&](const auto& turn) -> scripted_server::reply {
        return {mbap(turn.request, good_pdu), true};
    });
    const auto link = make_link(settings_for(server.port()));
    for (int round = 1; round <= 3; ++round) {
        CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
        server.wait_ended(round);
    }
    server.stop();
    CHECK(server.connections() == std::vector<int>{1, 2, 3});
}

TEST_CASE("tcp: a connection that is closed instead of an answer", "[modbus][tcp]") {
    SECTION("an old one is tried again, once") {
        scripted_server server(tcp_request_size, [&, count = 0](const auto& turn) mutable -> scripted_server::reply {
            if (++count == 2) return {{}, true};
            return {mbap(turn.request, good_pdu)};
        });
        const auto link = make_link(settings_for(server.port()));
        CHECK(link->read(ask, patient).status == answer::status::ok);
        CHECK(link->read(ask, patient).status == answer::status::ok);
        server.stop();
        CHECK(server.connections() == std::vector<int>{1, 1, 2});
    }
    SECTION("a new one is down") {
        scripted_server server(tcp_request_size, [&](const auto&) -> scripted_server::reply { return {{}, true}; });
        const auto link = make_link(settings_for(server.port()));
        const answer got = link->read(ask, patient);
        CHECK(got.status == answer::status::down);
        CHECK(got.detail == "127.0.0.1:" + std::to_string(server.port()) + ": the server closed the connection");
    }
}

TEST_CASE("tcp: nobody listens", "[modbus][tcp]") {
    std::uint16_t port = 0;
    {
        const listening_socket door;
        port = door.port;
    }
    const answer got = make_link(settings_for(port))->read(ask, patient);
    CHECK(got.status == answer::status::down);
    CHECK(got.detail == "127.0.0.1:" + std::to_string(port) + ": Connection refused");
    rtu_over_tcp_settings raw;
    raw.host = "127.0.0.1";
    raw.port = port;
    CHECK(make_link(raw)->read(ask, patient).detail == got.detail);
}

TEST_CASE("tcp: names", "[modbus][tcp]") {
    scripted_server server(tcp_request_size,
                           [&](const auto& turn) -> scripted_server::reply { return {mbap(turn.request, good_pdu)}; });
    tcp_settings how = settings_for(server.port());
    how.host = "localhost";
    CHECK(make_link(how)->read(ask, patient).status == answer::status::ok);
    how.host = "not..a.name";
    const answer got = make_link(how)->read(ask, patient);
    CHECK(got.status == answer::status::down);
    CHECK_THAT(got.detail, StartsWith("not..a.name:"));
}

TEST_CASE("tcp: interrupted, for good", "[modbus][tcp]") {
    std::unique_ptr<modbus::link> link;
    scripted_server server(tcp_request_size, [&](const auto&) -> scripted_server::reply {
        link->interrupt();
        return {};
    });
    link = make_link(settings_for(server.port()));
    CHECK(link->read(ask, patient).status == answer::status::interrupted);
    CHECK(link->read(ask, patient).status == answer::status::interrupted);
}

TEST_CASE("tcp: interrupted while connecting", "[modbus][tcp]") {
    // A full backlog: the next connection's SYN gets no answer.
    listening_socket door;
    REQUIRE(::listen(door.socket.get(), 0) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(door.port);
    std::vector<owned_descriptor> fillers;
    for (int count = 0; count < 4; ++count) {
        fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        [[maybe_unused]] const int begun =
            ::connect(fillers.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    SECTION("in time") {
        const auto link = make_link(settings_for(door.port));
        std::thread other([&] { link->interrupt(); });
        CHECK(link->read(ask, patient).status == answer::status::interrupted);
        other.join();
    }
    SECTION("or given up after the time-out") {
        tcp_settings how = settings_for(door.port);
        how.timeout = brief;
        const answer got = make_link(how)->read(ask, patient);
        CHECK(got.status == answer::status::down);
        CHECK_THAT(got.detail, Contains("no connection in time"));
    }
}

TEST_CASE("tcp: libmodbus's own server answers us", "[modbus][tcp][peer]") {
    modbus_t* const server = ::modbus_new_tcp("127.0.0.1", 0);
    REQUIRE(server != nullptr);
    int door = ::modbus_tcp_listen(server, 1);
    REQUIRE(door >= 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(door, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    modbus_mapping_t* const map = ::modbus_mapping_new(64, 64, 200, 64);
    map->tab_registers[10] = 0xCAFE;
    map->tab_input_registers[11] = 0xBABE;
    map->tab_bits[12] = 1;
    map->tab_input_bits[20] = 1;
    std::thread serving([&] {
        if (::modbus_tcp_accept(server, &door) < 0) return;
        std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> query{};
        for (int length = 0; (length = ::modbus_receive(server, query.data())) != -1;) {
            if (length > 0) ::modbus_reply(server, query.data(), length, map);
        }
    });
    {
        const auto link = make_link(settings_for(ntohs(address.sin_port)));
        CHECK(link->read({1, table::holding, 10, 2}, patient).registers == values{0xCAFE, 0});
        CHECK(link->read({1, table::holding, 0, 125}, patient).registers.size() == 125);
        CHECK(link->read({1, table::input, 10, 2}, patient).registers == values{0, 0xBABE});
        CHECK(link->read({1, table::coil, 11, 3}, patient).registers == values{0, 1, 0});
        CHECK(link->read({1, table::discrete, 11, 10}, patient).registers == values{0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
        CHECK(link->read({1, table::input, 63, 2}, patient).exception_code == 2);
    }
    serving.join();
    ::close(door);
    ::modbus_mapping_free(map);
    ::modbus_close(server);
    ::modbus_free(server);
}

TEST_CASE("rtu over tcp: answers, time-outs and closed connections", "[modbus][tcp]") {
    const bytes good = registers_frame(3, 3, {0x1111, 0x2222});
    rtu_over_tcp_settings how;
    how.host = "127.0.0.1";
    how.timeout = patient;

    SECTION("an answer") {
        scripted_server server(request_size, [&](const auto&) -> scripted_server::reply { return {good}; });
        how.port = server.port();
        const auto link = make_link(how);
        CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
        CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
        server.stop();
        CHECK(server.connections() == std::vector<int>{1, 1});
    }
    SECTION("a connection closed while idle") {
        scripted_server server(request_size, [&](const auto&) -> scripted_server::reply { return {good, true}; });
        how.port = server.port();
        const auto link = make_link(how);
        CHECK(link->read(ask, patient).status == answer::status::ok);
        server.wait_ended(1);
        CHECK(link->read(ask, patient).status == answer::status::ok);
    }
    SECTION("two time-outs in a row, and the connection is opened anew") {
        scripted_server server(request_size, [&](const auto&) -> scripted_server::reply { return {}; });
        how.port = server.port();
        how.timeout = brief;
        const auto link = make_link(how);
        for (std::uint8_t unit = 1; unit <= 4; ++unit)
            CHECK(link->read({unit, table::input, 0, 1}, brief).status == answer::status::silent);
        server.stop();
        CHECK(server.connections() == std::vector<int>{1, 1, 2, 2});
    }
    SECTION("interrupted") {
        std::unique_ptr<modbus::link> link;
        scripted_server server(request_size, [&](const auto&) -> scripted_server::reply {
            link->interrupt();
            return {};
        });
        how.port = server.port();
        link = make_link(how);
        CHECK(link->read(ask, patient).status == answer::status::interrupted);
    }
}
