// tests/adapters/channel_serial_test.cpp: a serial port as a channel; the port is a pty.
// Not here: what links say over it (link_serial_test.cpp). A pty's driver knows neither RS-485 nor low latency nor RTS: a driver
// that does is played here, by the calls that it is asked.
#include "adapters/modbus/channel_serial.hpp"

#include <fcntl.h>
#include <linux/serial.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "adapters/modbus/port_present.hpp"
#include "tests/adapters/support/fake_device.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace modbus;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using namespace std::chrono_literals;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);

serial_settings settings_for(const std::string& port) {
    serial_settings how;
    how.port = port;
    how.line = {115200, 'N', 8, 2};
    return how;
}

/// A driver with what a pty hasn't. Everything that it isn't asked to play goes to the pty.
struct played_driver {
    int rs485_error = 0;                                       // of TIOCSRS485; 0: it can
    std::function<void(serial_rs485&)> change = [](auto&) {};  // what the driver makes of it
    bool tells_when_sent = false;
    int asked_until_sent = 1;  // how often it is asked until it has sent
    bool never_sent = false;
    bool has_latency = false;
    int latency_error = 0;
    bool keeps_latency = true;
    int flags = 0;

    serial_rs485 rs485{};
    std::vector<std::string> log;
    port_system system{
        [this](int descriptor, unsigned long request, void* argument) { return control(descriptor, request, argument); }, "/dev",
        "/proc"};

private:
    static int failed(int error) {
        errno = error;
        return -1;
    }
    int control(int descriptor, unsigned long request, void* argument) {
        switch (request) {
            case TIOCSRS485:
                if (rs485_error != 0) return failed(rs485_error);
                rs485 = *static_cast<serial_rs485*>(argument);
                change(rs485);
                return 0;
            case TIOCGRS485:
                *static_cast<serial_rs485*>(argument) = rs485;
                return 0;
            case TIOCMBIS:
            case TIOCMBIC:
                if (*static_cast<int*>(argument) != TIOCM_RTS) return failed(EINVAL);
                log.push_back(request == TIOCMBIS ? "rts high" : "rts low");
                return 0;
            case TIOCSERGETLSR:
                if (!tells_when_sent) return failed(ENOTTY);
                log.push_back("sent?");
                *static_cast<unsigned*>(argument) =
                    !never_sent && std::count(log.begin(), log.end(), "sent?") > asked_until_sent ? TIOCSER_TEMT : 0u;
                return 0;
            case TIOCGSERIAL:
                if (!has_latency) return failed(ENOTTY);
                static_cast<serial_struct*>(argument)->flags = flags;
                return 0;
            case TIOCSSERIAL:
                log.push_back("set serial");
                if (latency_error != 0) return failed(latency_error);
                if (keeps_latency) flags = static_cast<serial_struct*>(argument)->flags;
                return 0;
            default:
                return ::ioctl(descriptor, request, argument);
        }
    }
};

struct opening {
    std::string fault, note;
};
opening open_with(const played_driver& driver, const serial_settings& how) {
    const interruption never;
    serial_channel channel(how, driver.system);
    const auto result = channel.open(patient, never);
    CHECK(channel.is_open() == result.fault.empty());
    return {result.fault, result.note};
}

/// Another process that holds a port until it is told to go.
class other_process {
public:
    explicit other_process(const std::string& port) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
        process_ = ::fork();
        REQUIRE(process_ >= 0);
        if (process_ == 0) {
            const int descriptor = ::open(port.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
            const char told = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
            if (::write(ready[1], &told, 1) == 1) ::pause();
            ::_exit(0);
        }
        ::close(ready[1]);
        char told = 'n';
        REQUIRE(::read(ready[0], &told, 1) == 1);
        ::close(ready[0]);
        REQUIRE(told == 'y');
    }
    ~other_process() { end(); }
    int number() const { return process_; }
    void end() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }

private:
    int process_ = -1;
};

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

// ---- Whose port it is ----------------------------------------------------------------------------------------------------

TEST_CASE("serial channel: a port that another process holds", "[modbus][channel]") {
    raw_pty pty;
    interruption interrupted;
    other_process other(pty.name);
    serial_channel channel(settings_for(pty.name));
    const auto held = channel.open(patient, interrupted);
    CHECK_THAT(held.fault, StartsWith(pty.name + ": in use by process " + std::to_string(other.number()) + " (") &&
                               EndsWith("): stop that program, or give it another port"));
    CHECK_FALSE(channel.is_open());
    other.end();
    CHECK(channel.open(patient, interrupted).fault == "");
}

TEST_CASE("serial channel: who holds a lock, and who has a file open, as the kernel's files tell", "[modbus][channel]") {
    const support::temporary_folder folder;
    port_system system = real_ports();
    system.processes = folder.file("proc");
    const auto write = [&](const std::string& name, const std::string& text) {
        std::filesystem::create_directories(std::filesystem::path(folder.file(name)).parent_path());
        std::ofstream(folder.file(name)) << text;
    };
    write("port", "");
    const owned_descriptor port(::open(folder.file("port").c_str(), O_RDWR | O_CLOEXEC));
    struct stat about {};
    REQUIRE(::fstat(port.get(), &about) == 0);
    std::array<char, 64> place{};
    std::snprintf(place.data(), place.size(), "%02x:%02x:%llu", major(about.st_dev), minor(about.st_dev),
                  static_cast<unsigned long long>(about.st_ino));
    const std::string here = place.data();
    write("proc/812/comm", "mbpoll\n");
    SECTION("a lock") {
        write("proc/locks", "1: FLOCK  ADVISORY  WRITE 7 " + here + "9 0 EOF\n" + "2: POSIX  ADVISORY  WRITE 8 " + here +
                                " 0 EOF\n3: FLOCK  ADVISORY  WRITE 812 " + here + " 0 EOF\n");
        CHECK(in_words(lock_holder(port.get(), system)) == "process 812 (mbpoll)");
        write("proc/locks", "1: FLOCK  ADVISORY  WRITE 0 " + here + " 0 EOF\n");  // out of our sight, as in a container
        CHECK(in_words(lock_holder(port.get(), system)) == "another program");
        write("proc/locks", "rubbish\n\n1: FLOCK\n");
        CHECK(lock_holder(port.get(), system).process == 0);
    }
    SECTION("an open file") {
        std::filesystem::create_directories(folder.file("proc/812/fd"));
        std::filesystem::create_symlink("/dev/null", folder.file("proc/812/fd/0"));
        CHECK(other_user_of(folder.file("port"), system).process == 0);
        std::filesystem::create_symlink(folder.file("port"), folder.file("proc/812/fd/3"));
        CHECK(in_words(other_user_of(folder.file("port"), system)) == "process 812 (mbpoll)");
        CHECK(other_user_of(folder.file("no such port"), system).process == 0);
    }
}

TEST_CASE("serial channel: a port that isn't there is told with those that are", "[modbus][channel]") {
    const support::temporary_folder folder;
    port_system system = real_ports();
    system.devices = folder.file("dev");
    serial_settings how = settings_for(folder.file("dev/ttyUSB7"));
    const interruption never;
    const auto fault = [&] {
        serial_channel channel(how, system);
        return channel.open(patient, never).fault;
    };
    const std::string start = how.port + ": there is no such port: is the adapter plugged in? ";
    CHECK(fault() == start + "No other is, either");
    const auto make = [&](const std::string& name) { std::ofstream(folder.file("dev/" + name)) << ""; };
    const std::string by_id = folder.file("dev/serial/by-id/");
    std::filesystem::create_directories(by_id);
    for (const char* name : {"ttyUSB0", "ttyAMA0", "ttyS0", "tty1", "null"}) make(name);
    std::filesystem::create_symlink("../../ttyUSB0", by_id + "usb-FTDI_A50285BI-if00-port0");
    CHECK(fault() == start + "There are " + by_id + "usb-FTDI_A50285BI-if00-port0 (ttyUSB0), " + folder.file("dev/ttyAMA0"));
    for (int i = 0; i < 10; ++i) make("ttyACM" + std::to_string(i));
    CHECK_THAT(fault(), EndsWith(folder.file("dev/ttyACM6") + " and 4 more"));
}

TEST_CASE("serial channel: unplugged and back under another number, by its lasting name", "[modbus][channel]") {
    const support::temporary_folder folder;
    const std::string name = folder.file("usb-FTDI_A50285BI-if00-port0");
    interruption interrupted;
    serial_channel channel(settings_for(name));
    auto first = std::make_unique<raw_pty>();
    std::filesystem::create_symlink(first->name, name);
    REQUIRE(channel.open(patient, interrupted).fault == "");
    const raw_pty second;  // while the first is there, so that its number is another
    REQUIRE(second.name != first->name);
    first.reset();
    std::filesystem::remove(name);
    CHECK(channel.wait_for_input(now() + patient, interrupted) == woken::ready);
    CHECK_FALSE(channel.send(bytes{1}));
    channel.close();
    CHECK_THAT(channel.open(patient, interrupted).fault, StartsWith(name + ": there is no such port"));
    std::filesystem::create_symlink(second.name, name);
    REQUIRE(channel.open(patient, interrupted).fault == "");
    CHECK(channel.send(bytes{1, 2}));
    std::array<std::uint8_t, 8> got{};
    CHECK(::read(second.master.get(), got.data(), got.size()) == 2);
}

// ---- What a driver can ---------------------------------------------------------------------------------------------------

TEST_CASE("serial channel: RS-485 by the driver", "[modbus][channel][rs485]") {
    raw_pty pty;
    serial_settings how = settings_for(pty.name);
    how.rs485 = rs485_settings{true, 1ms, 2ms, false};
    played_driver driver;
    SECTION("as it is asked") {
        CHECK(open_with(driver, how).fault == "");
        CHECK(driver.rs485.flags == (SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND));
        CHECK(driver.rs485.delay_rts_before_send == 1);
        CHECK(driver.rs485.delay_rts_after_send == 2);
        how.rs485 = rs485_settings{false, 0ms, 0ms, true};
        CHECK(open_with(driver, how).fault == "");
        CHECK(driver.rs485.flags == (SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND | SER_RS485_RX_DURING_TX));
        CHECK(driver.log.empty());
    }
    SECTION("it isn't touched unless asked for") {
        how.rs485.reset();
        CHECK(open_with(driver, how).fault == "");
        CHECK(driver.rs485.flags == 0);
    }
    SECTION("what it makes of it is told") {
        std::string told;
        SECTION("not at all") {
            driver.change = [](auto& it) { it.flags = 0; };
            told = "the port's driver did not switch RS-485 on";
        }
        SECTION("the other level") {
            driver.change = [](auto& it) { it.flags = SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND; };
            told = "the port's driver can't have RTS high while sending: set rts_on_send: false if the transceiver allows it";
        }
        SECTION("no delay before") {
            driver.change = [](auto& it) { it.delay_rts_before_send = 0; };
            told = "the port's driver makes the delay_before 0 ms: set it so";
        }
        SECTION("no delay after") {
            driver.change = [](auto& it) { it.delay_rts_after_send = 0; };
            told = "the port's driver makes the delay_after 0 ms: set it so";
        }
        SECTION("it hears itself") {
            driver.change = [](auto& it) { it.flags |= SER_RS485_RX_DURING_TX; };
            told = "the port's driver leaves the receiver on while sending: set rx_during_tx: true";
        }
        CHECK(open_with(driver, how).fault == pty.name + ": " + told);
    }
    SECTION("refused") {
        driver.rs485_error = EPERM;
        CHECK(open_with(driver, how).fault == pty.name + ": the port's driver refused RS-485: Operation not permitted");
    }
    SECTION("neither it nor we can") {
        driver.rs485_error = ENOTTY;
        CHECK_THAT(open_with(driver, how).fault, Contains("can neither switch the direction of RS-485 nor say when it has sent"));
    }
}

TEST_CASE("serial channel: RS-485 by us, where the driver only says when it has sent", "[modbus][channel][rs485]") {
    raw_pty pty;
    const interruption never;
    serial_settings how = settings_for(pty.name);
    how.rs485 = rs485_settings{true, 1ms, 1ms, false};
    played_driver driver;
    driver.rs485_error = ENOTTY;
    driver.tells_when_sent = true;
    driver.asked_until_sent = 3;
    using list = std::vector<std::string>;
    SECTION("RTS stands as long as bytes leave, and no longer") {
        serial_channel channel(how, driver.system);
        const auto opened = channel.open(patient, never);
        CHECK(opened.fault == "");
        CHECK_THAT(opened.note, StartsWith("the direction of RS-485 is switched by RTS from here"));
        CHECK(driver.log == list{"sent?", "rts low"});
        driver.log.clear();
        const time_point begun = now();
        CHECK(channel.send(bytes(8, 0x55)));
        CHECK(now() - begun >= 2ms + 8 * character_time(how.line));
        CHECK(driver.log == list{"rts high", "sent?", "sent?", "sent?", "sent?", "rts low"});
        std::array<std::uint8_t, 16> got{};
        CHECK(::read(pty.master.get(), got.data(), got.size()) == 8);
    }
    SECTION("the other level") {
        how.rs485->rts_on_send = false;
        serial_channel channel(how, driver.system);
        CHECK(channel.open(patient, never).fault == "");
        driver.log.clear();
        CHECK(channel.send(bytes{1}));
        CHECK(driver.log.front() == "rts low");
        CHECK(driver.log.back() == "rts high");
    }
    SECTION("a driver that never has sent doesn't hold the line for ever") {
        serial_channel channel(how, driver.system);
        CHECK(channel.open(patient, never).fault == "");
        driver.never_sent = true;
        CHECK_FALSE(channel.send(bytes{1}));
        CHECK(errno == EIO);
        CHECK(driver.log.back() == "rts low");
    }
    SECTION("unplugged while sending: RTS goes back all the same") {
        serial_channel channel(how, driver.system);
        CHECK(channel.open(patient, never).fault == "");
        pty.slave.close();
        pty.master.close();
        CHECK_FALSE(channel.send(bytes{1}));
        CHECK(errno == EIO);
        CHECK(driver.log.back() == "rts low");
    }
}

TEST_CASE("serial channel: low latency is asked for where the driver knows it", "[modbus][channel]") {
    constexpr int at_once = static_cast<int>(ASYNC_LOW_LATENCY), other = static_cast<int>(ASYNC_SKIP_TEST);
    raw_pty pty;
    serial_settings how = settings_for(pty.name);
    played_driver driver;
    driver.has_latency = true;
    driver.flags = other;
    SECTION("taken") {
        CHECK(open_with(driver, how).note == "");
        CHECK(driver.flags == (other | at_once));
    }
    SECTION("there already") {
        driver.flags = at_once;
        CHECK(open_with(driver, how).note == "");
        CHECK(driver.log.empty());
    }
    SECTION("not wanted") {
        how.low_latency = false;
        CHECK(open_with(driver, how).note == "");
        CHECK(driver.flags == other);
    }
    SECTION("unknown to the driver: nothing to say") {
        driver.has_latency = false;
        const auto opened = open_with(driver, how);
        CHECK(opened.fault == "");
        CHECK(opened.note == "");
    }
    SECTION("refused, or forgotten: a note, and no fault") {
        const bool refused = GENERATE(true, false);
        if (refused) driver.latency_error = EPERM;
        driver.keeps_latency = false;
        const auto opened = open_with(driver, how);
        CHECK(opened.fault == "");
        CHECK(opened.note == std::string("the port's driver doesn't pass bytes on at once (low_latency): answers may take 16 ms "
                                         "longer") +
                                 (refused ? ": Operation not permitted" : ""));
    }
}
