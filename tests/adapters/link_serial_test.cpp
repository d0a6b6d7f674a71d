// tests/adapters/link_serial_test.cpp: the link over serial ports, which are ptys here.
// Not here: a real port's parity, and unplugging one; a pty's closing looks the same.
#include <fcntl.h>
#include <modbus.h>
#include <sys/file.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/support/fake_device.hpp"

using namespace modbus;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);
const read_request ask{3, table::holding, 10, 2};
const bytes answer_frame = registers_frame(3, 3, {0x1111, 0x2222});
using values = std::vector<std::uint16_t>;

serial_settings settings_for(const std::string& port) {
    serial_settings how;
    how.port = port;
    how.line = {115200, 'N', 8, 2};
    return how;
}

struct scratch {
    std::filesystem::path path;
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "tidegate-link-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

answer read_from(const serial_settings& how) { return make_link(how)->read(ask, patient); }

}  // namespace

TEST_CASE("serial: reads over a pty, and sets it raw at its speed", "[modbus][serial]") {
    raw_pty pty;
    termios cooked{};
    REQUIRE(::tcgetattr(pty.slave.get(), &cooked) == 0);
    cooked.c_iflag |= ICRNL | IXON | ISTRIP;
    cooked.c_lflag |= ICANON | ISIG;
    REQUIRE(::tcsetattr(pty.slave.get(), TCSANOW, &cooked) == 0);
    const bytes tricky = registers_frame(3, 3, {0x0D0A, 0x1103});  // CR, LF, DC1 and ^C
    fake_device device(pty.master.get(), [&](const bytes&) { write_all(pty.master.get(), tricky); });
    const auto link = make_link(settings_for(pty.name));
    CHECK(link->read(ask, patient).registers == values{0x0D0A, 0x1103});
    termios actual{};
    REQUIRE(::tcgetattr(pty.slave.get(), &actual) == 0);
    CHECK(::cfgetospeed(&actual) == B115200);
    CHECK((actual.c_cflag & CSTOPB) != 0);
    CHECK(link->read(ask, patient).registers == values{0x0D0A, 0x1103});
}

TEST_CASE("serial: every standard rate is set, those that libmodbus doesn't know, too", "[modbus][serial]") {
    raw_pty pty;
    fake_device device(pty.master.get(), [&](const bytes&) { write_all(pty.master.get(), answer_frame); });
    const auto [baud, constant] =
        GENERATE(std::pair<std::uint32_t, speed_t>{1200, B1200}, std::pair<std::uint32_t, speed_t>{1800, B1800},
                 std::pair<std::uint32_t, speed_t>{19200, B19200}, std::pair<std::uint32_t, speed_t>{2000000, B2000000});
    serial_settings how = settings_for(pty.name);
    how.line.baud = baud;
    const auto link = make_link(how);
    CHECK(link->read(ask, patient).status == answer::status::ok);
    termios actual{};
    REQUIRE(::tcgetattr(pty.slave.get(), &actual) == 0);
    CHECK(::cfgetospeed(&actual) == constant);
}

TEST_CASE("serial: what can't be opened is down, with words for a person", "[modbus][serial]") {
    raw_pty pty;
    SECTION("parity on a pseudo-terminal") {
        serial_settings how = settings_for(pty.name);
        how.line = {19200, 'E', 8, 1};
        const answer got = read_from(how);
        CHECK(got.status == answer::status::down);
        CHECK(got.detail ==
              pty.name + ": refused parity even; a pseudo-terminal can't do parity: use parity none with 2 stop bits");
    }
    SECTION("no such port") {
        const answer got = read_from(settings_for("/dev/no-such-port"));
        CHECK(got.status == answer::status::down);
        CHECK_THAT(got.detail, StartsWith("/dev/no-such-port: there is no such port: is the adapter plugged in?"));
    }
    SECTION("a file") {
        const scratch folder;
        std::ofstream(folder.path / "file") << "text";
        const answer got = read_from(settings_for((folder.path / "file").string()));
        CHECK(got.status == answer::status::down);
        CHECK_THAT(got.detail, Contains("not a serial port"));
    }
    SECTION("a rate that isn't one") {
        serial_settings how = settings_for(pty.name);
        how.line.baud = 31250;
        const answer got = read_from(how);
        CHECK(got.status == answer::status::down);
        CHECK_THAT(got.detail, StartsWith(pty.name + ": 31250 baud is not a rate"));
    }
    SECTION("held by another bus") {
        const owned_descriptor other(::open(pty.name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        REQUIRE(::flock(other.get(), LOCK_EX | LOCK_NB) == 0);
        const answer got = read_from(settings_for(pty.name));
        CHECK(got.status == answer::status::down);
        CHECK(got.detail == pty.name + ": in use by another bus of this gateway: put the devices of both under one bus");
    }
}

TEST_CASE("serial: another program's port keeps its settings when we are refused", "[modbus][serial]") {
    raw_pty pty;
    fake_device device(pty.master.get(), [&](const bytes&) { write_all(pty.master.get(), answer_frame); });
    const auto first = make_link(settings_for(pty.name));
    CHECK(first->read(ask, patient).status == answer::status::ok);
    serial_settings slower = settings_for(pty.name);
    slower.line.baud = 9600;
    CHECK(read_from(slower).status == answer::status::down);
    termios actual{};
    REQUIRE(::tcgetattr(pty.slave.get(), &actual) == 0);
    CHECK(::cfgetospeed(&actual) == B115200);
    CHECK(first->read(ask, patient).status == answer::status::ok);
}

TEST_CASE("serial: faults of a line format", "[modbus][serial]") {
    CHECK(fault_of({19200, 'E', 8, 1}).empty());
    CHECK_FALSE(fault_of({12345, 'E', 8, 1}).empty());
    CHECK_FALSE(fault_of({19200, 'e', 8, 1}).empty());
    CHECK(fault_of({19200, 'E', 7, 1}).empty());
    CHECK_FALSE(fault_of({19200, 'E', 6, 1}).empty());
    CHECK_FALSE(fault_of({19200, 'E', 8, 0}).empty());
}

TEST_CASE("serial: unplugged and plugged in again", "[modbus][serial]") {
    const scratch folder;
    const std::string port = (folder.path / "port").string();
    const auto link = make_link(settings_for(port));
    for (int round = 0; round < 2; ++round) {
        raw_pty pty;
        std::filesystem::create_symlink(pty.name, port);
        {
            fake_device device(pty.master.get(), [&](const bytes&) { write_all(pty.master.get(), answer_frame); });
            CHECK(link->read(ask, patient).registers == values{0x1111, 0x2222});
        }
        pty.slave.close();
        pty.master.close();
        std::filesystem::remove(port);
        const answer lost = link->read(ask, patient);
        CHECK(lost.status == answer::status::down);
        CHECK_THAT(lost.detail, StartsWith(port + ": lost: ") && Contains("unplugged?"));
        const answer gone = link->read(ask, patient);
        CHECK(gone.status == answer::status::down);
        CHECK_THAT(gone.detail, Contains("no such port"));
    }
}

TEST_CASE("serial: unplugged while an answer is awaited", "[modbus][serial]") {
    raw_pty pty;
    fake_device device(pty.master.get(), [&](const bytes&) { pty.master.close(); });
    const answer got = make_link(settings_for(pty.name))->read(ask, patient);
    CHECK(got.status == answer::status::down);
}

TEST_CASE("serial: interrupted, for good", "[modbus][serial]") {
    raw_pty pty;
    std::unique_ptr<modbus::link> link = make_link(settings_for(pty.name));
    fake_device device(pty.master.get(), [&](const bytes&) { link->interrupt(); });
    CHECK(link->read(ask, patient).status == answer::status::interrupted);
    CHECK(link->read(ask, patient).status == answer::status::interrupted);
}

TEST_CASE("serial: libmodbus's own server answers us", "[modbus][serial][peer]") {
    raw_pty pty;
    modbus_t* const server = ::modbus_new_rtu("unused", 115200, 'N', 8, 2);
    REQUIRE(server != nullptr);
    REQUIRE(::modbus_set_slave(server, 3) == 0);
    REQUIRE(::modbus_set_socket(server, pty.master.get()) == 0);
    modbus_mapping_t* const map = ::modbus_mapping_new(64, 64, 64, 64);
    map->tab_registers[10] = 0xCAFE;
    map->tab_input_registers[11] = 0xBABE;
    map->tab_bits[12] = 1;
    map->tab_input_bits[20] = 1;
    std::thread serving([&] {
        for (int round = 0; round < 5; ++round) {
            std::array<std::uint8_t, MODBUS_RTU_MAX_ADU_LENGTH> query{};
            const int size = ::modbus_receive(server, query.data());
            if (size > 0) ::modbus_reply(server, query.data(), size, map);
        }
    });
    const auto link = make_link(settings_for(pty.name));
    CHECK(link->read({3, table::holding, 10, 2}, patient).registers == values{0xCAFE, 0});
    CHECK(link->read({3, table::input, 10, 2}, patient).registers == values{0, 0xBABE});
    CHECK(link->read({3, table::coil, 11, 3}, patient).registers == values{0, 1, 0});
    CHECK(link->read({3, table::discrete, 11, 10}, patient).registers == values{0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    CHECK(link->read({3, table::holding, 63, 2}, patient).exception_code == 2);
    serving.join();
    ::modbus_mapping_free(map);
    ::modbus_free(server);
}
