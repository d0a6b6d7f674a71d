// tests/adapters/link_write_peer_test.cpp: writes and rarer functions, carried out by libmodbus's own server over TCP and a pty.
// Not here: reads (link_tcp_test.cpp, link_serial_test.cpp), servers that misbehave.
#include <modbus.h>

#include <catch2/catch.hpp>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/support/loopback.hpp"

using namespace modbus;

namespace {

using registers = std::vector<std::uint16_t>;
using status = enum answer::status;
constexpr nanoseconds patient = std::chrono::seconds(20);

/// The server's side, on a thread; ends when its connection does or the line is hung up.
class peer {
public:
    peer(modbus_t* context, std::function<bool()> ready) : context_(context), map_(::modbus_mapping_new(64, 64, 200, 64)) {
        thread_ = std::thread([this, begin = std::move(ready)] {
            if (!begin()) return;
            std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> query{};
            for (int length = 0; (length = ::modbus_receive(context_, query.data())) != -1;)
                if (length > 0) ::modbus_reply(context_, query.data(), length, map_);
        });
    }
    ~peer() {
        if (thread_.joinable()) thread_.join();
        ::modbus_mapping_free(map_);
        ::modbus_free(context_);
    }
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;
    void join() { thread_.join(); }
    const modbus_mapping_t& map() const { return *map_; }

private:
    modbus_t* context_;
    modbus_mapping_t* map_;
    std::thread thread_;
};

void use(modbus::link& link) {
    CHECK(link.transact(write_coil(1, 3, true), patient).status == status::ok);
    CHECK(link.transact(write_register(1, 10, 0x1234), patient).status == status::ok);
    CHECK(link.transact(write_coils(1, 20, registers{1, 0, 1, 1, 0, 0, 0, 0, 1, 1}), patient).status == status::ok);
    CHECK(link.transact(write_registers(1, 30, registers{1, 2, 3}), patient).status == status::ok);
    CHECK(link.transact(mask_write(1, 10, 0xFF0F, 0x0050), patient).status == status::ok);
    const answer both = link.transact(write_and_read({1, table::holding, 29, 5}, 33, registers{0xABCD}), patient);
    REQUIRE(both.status == status::ok);
    CHECK(decode_data({1, table::holding, 29, 5}, bytes_view(both.pdu).subspan(2)) == registers{0, 1, 2, 3, 0xABCD});
    const answer who = link.transact(server_id(1), patient);
    REQUIRE(who.status == status::ok);
    const auto text = payload_of(who.pdu);
    CHECK(std::string(text.begin(), text.end()).find("LMB") != std::string::npos);
    CHECK(link.transact(write_register(1, 500, 1), patient).exception_code == 2);
    CHECK(link.read({1, table::holding, 10, 1}, patient).registers == registers{0x1254});
    CHECK(link.read({1, table::coil, 20, 10}, patient).registers == registers{1, 0, 1, 1, 0, 0, 0, 0, 1, 1});
}

void check(const modbus_mapping_t& map) {
    CHECK(map.tab_bits[3] == 1);
    CHECK(map.tab_registers[10] == 0x1254);
    CHECK(map.tab_bits[20] == 1);
    CHECK(map.tab_bits[21] == 0);
    CHECK(map.tab_bits[29] == 1);
    CHECK(map.tab_registers[32] == 3);
    CHECK(map.tab_registers[33] == 0xABCD);
}

}  // namespace

TEST_CASE("write: libmodbus's server does what it is told, over TCP", "[modbus][tcp][peer][write]") {
    modbus_t* const server = ::modbus_new_tcp("127.0.0.1", 0);
    REQUIRE(server != nullptr);
    int door = ::modbus_tcp_listen(server, 1);
    REQUIRE(door >= 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(door, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    peer other(server, [&] { return ::modbus_tcp_accept(server, &door) >= 0; });
    {
        tcp_settings how;
        how.host = "127.0.0.1";
        how.port = ntohs(address.sin_port);
        how.max_inflight = 4;
        const auto link = make_link(how);
        use(*link);
        std::vector<read_request> all;
        for (std::uint16_t i = 0; i < 4; ++i) all.push_back({1, table::holding, static_cast<std::uint16_t>(30 + i), 1});
        const auto answers = link->read_all(all, patient);
        for (std::uint16_t i = 0; i < 3; ++i) CHECK(answers[i].registers == registers{static_cast<std::uint16_t>(i + 1)});
        CHECK(answers[3].registers == registers{0xABCD});
    }
    other.join();
    ::close(door);
    check(other.map());
}

TEST_CASE("write: libmodbus's server does what it is told, in RTU frames", "[modbus][tcp][peer][write]") {
    const loopback_socket door;
    modbus_t* const server = ::modbus_new_rtu("unused", 19200, 'N', 8, 1);
    REQUIRE(server != nullptr);
    REQUIRE(::modbus_set_slave(server, 1) == 0);
    owned_descriptor client;
    peer other(server, [&] {
        client = door.accept();
        return ::modbus_set_socket(server, client.get()) == 0;
    });
    {
        rtu_over_tcp_settings how;
        how.host = "127.0.0.1";
        how.port = door.port;
        const auto link = make_link(how);
        use(*link);
    }
    other.join();
    check(other.map());
}
