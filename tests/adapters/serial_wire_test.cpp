// tests/adapters/serial_wire_test.cpp: the serial adapter over pseudo-terminals and sockets, against the devices that it serves
// itself. Not here: what is said over them (serial_adapter_test.cpp). Nothing waits for a time, but for what is to come.
#include <netinet/in.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "tests/adapters/support/serial_plant.hpp"
#include "tests/support/temporary_folder.hpp"

using serial::port_settings;
using serial::tcp_settings;
using test::plant;
using tidegate::outcome;

namespace {

/// A served bus on a thread of its own, from when it can be reached until the end of the block.
class served {
public:
    served(const std::string& device, std::function<std::unique_ptr<serial::server>()> make)
        : bus_(device, std::make_unique<test::told_line>(), [make](const serial::wire_settings&) { return make(); }) {
        auto where = where_.get_future();
        thread_ = std::thread([this] {
            const tidegate_simulation abi{sizeof(tidegate_simulation), this,
                                          [](void* me, const char* at) { static_cast<served*>(me)->tell(at); },
                                          [](void* me, const char* text) { static_cast<served*>(me)->note_ = text; }};
            good_ = bus_.bus().serve(tidegate::simulation(abi));
            if (!told_) tell("");
        });
        at_ = where.get();
    }
    ~served() { stop(); }
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    void stop() {
        bus_.bus().interrupt();
        if (thread_.joinable()) thread_.join();
    }
    const std::string& at() const { return at_; }  // empty: it isn't served
    std::string note() {
        stop();
        return note_;
    }

private:
    void tell(const std::string& at) {
        told_ = true;
        where_.set_value(at);
    }
    plant bus_;
    std::promise<std::string> where_;
    std::string at_, note_;
    bool told_ = false, good_ = false;
    std::thread thread_;
};

std::unique_ptr<served> serve_pty(const std::string& device, const std::string& path) {
    return std::make_unique<served>(device, [path] { return serial::make_server(port_settings{path, {}}); });
}

/// On a port that the system chose.
std::unique_ptr<served> serve_tcp(const std::string& device) {
    return std::make_unique<served>(device, [] { return serial::make_server(tcp_settings{"127.0.0.1", 0}); });
}

std::uint16_t port_of(const std::string& where) {
    return static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
}

/// A template's device, which sends all the time.
std::string quick(const std::string& name) {
    std::string device = test::device_of_template(name);
    if (const std::size_t at = device.find("  sample_every: 5s\n"); at != std::string::npos) device.erase(at, 19);
    return "  sample_every: 10ms\n" + device;
}

struct terminal {
    int master = -1, slave = -1;
    std::string name;
    terminal() {
        char path[64];
        termios raw{};
        ::cfmakeraw(&raw);
        REQUIRE(::openpty(&master, &slave, path, &raw, nullptr) == 0);
        name = path;
    }
    ~terminal() { unplug(); }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;
    void unplug() {
        for (int* const one : {&master, &slave}) {
            if (*one >= 0) ::close(*one);
            *one = -1;
        }
    }
    /// Also while another thread checks things, so it checks nothing itself.
    void say(std::string_view text) { [[maybe_unused]] const auto said = ::write(master, text.data(), text.size()); }
};

}  // namespace

TEST_CASE("serial wire: each template's device is served on a pseudo-terminal, and read", "[serial][wire]") {
    const support::temporary_folder folder;
    for (const char* const name : {"serial-nmea-gnss", "serial-nmea-wind", "serial-dsmr-p1", "serial-dsmr-p1-v3",
                                   "serial-iec62056-21", "serial-mt-sics", "serial-pms5003", "serial-mhz19", "serial-barcode"}) {
        INFO(name);
        const std::string path = folder.file(name);
        const auto other = serve_pty(quick(name), path);
        REQUIRE(other->at() == path);
        plant reader(quick(name), serial::make_channel(port_settings{path, {9600, 'N', 8, 1}}));
        const auto got = reader.cycle();
        CHECK(reader.note.empty());
        CHECK(reader.outcome == outcome::done);
        CHECK(reader.failures.empty());
        CHECK_FALSE(got.empty());
    }
}

TEST_CASE("serial wire: instruments are served over TCP, and read", "[serial][wire]") {
    for (const char* const name : {"serial-scpi-multimeter", "serial-mt-sics", "serial-nmea-wind"}) {
        INFO(name);
        const auto other = serve_tcp(quick(name));
        REQUIRE_FALSE(other->at().empty());
        plant reader(quick(name), serial::make_channel(tcp_settings{"127.0.0.1", port_of(other->at())}));
        const auto got = reader.cycle();
        CHECK(reader.note.empty());
        CHECK_FALSE(got.empty());
        // Gone, it is missed, and found out at once.
        other->stop();
        for (int i = 0; i < 3 && reader.outcome != outcome::bus_down; ++i) reader.poll();
        CHECK(reader.outcome == outcome::bus_down);
    }
}

TEST_CASE("serial wire: what can't be served says why", "[serial][wire]") {
    const support::temporary_folder folder;
    const auto nameless = serve_pty("  every: 1s\n  points:\n    p: { field: 0 }\n", folder.file("a"));
    CHECK(nameless->at().empty());
    CHECK(nameless->note().find("has no sample") != std::string::npos);
    const auto no_folder = serve_pty(quick("serial-nmea-wind"), folder.file("missing") + "/a");
    CHECK(no_folder->at().empty());
    const auto first = serve_pty(quick("serial-nmea-wind"), folder.file("b"));
    const auto second = serve_pty(quick("serial-nmea-wind"), folder.file("b"));
    CHECK_FALSE(first->at().empty());
    CHECK(second->note().find("served by a simulator already") != std::string::npos);
}

TEST_CASE("serial wire: a port is locked while it is in use, and given back", "[serial][wire]") {
    const terminal line;
    const auto one = serial::make_channel(port_settings{line.name, {}});
    const auto two = serial::make_channel(port_settings{line.name, {}});
    CHECK(one->open({}).empty());
    CHECK(two->open({}) == line.name + ": in use by another program");
    CHECK_FALSE(two->is_open());
    one->close();
    CHECK(two->open({}).empty());
    const auto none = serial::make_channel(port_settings{"/dev/null", {}});
    CHECK(none->open({}) == "/dev/null: not a serial port");
    const auto missing = serial::make_channel(port_settings{"/dev/there-is-no-such-port", {}});
    CHECK(missing->open({}) == "/dev/there-is-no-such-port: there is no such port: is the adapter plugged in?");
}

TEST_CASE("serial wire: the line's speed follows the script", "[serial][wire]") {
    const terminal line;
    const auto port = serial::make_channel(port_settings{line.name, {300, 'E', 7, 1}});
    REQUIRE(port->open({}).empty());
    termios now{};
    REQUIRE(::tcgetattr(line.slave, &now) == 0);
    CHECK(::cfgetospeed(&now) == B300);
    CHECK(port->set_baud(9600).empty());
    REQUIRE(::tcgetattr(line.slave, &now) == 0);
    CHECK(::cfgetospeed(&now) == B9600);
    CHECK(port->set_baud(12345) == "12345 baud is no rate of this system's serial ports");
}

TEST_CASE("serial wire: an unplugged port is down, and comes back", "[serial][wire]") {
    const support::temporary_folder folder;
    const std::string path = folder.file("port");
    const std::string device = "  every: 0s\n  timeout: 60s\n  points:\n    p: { field: 0 }\n";
    plant reader(device, serial::make_channel(port_settings{path, {}}));
    reader.poll({}, std::chrono::seconds(0));
    CHECK(reader.outcome == outcome::bus_down);
    {
        terminal line;
        REQUIRE(::symlink(line.name.c_str(), path.c_str()) == 0);
        auto polled = std::async(std::launch::async, [&] { reader.poll({}, std::chrono::seconds(0)); });
        // Until it is open what is said is lost, so it is said again and again.
        while (polled.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) line.say("1\n");
        CHECK(reader.values == test::readings{{"p", "1"}});
        line.unplug();
        for (int i = 0; i < 10000 && reader.outcome == outcome::done; ++i) reader.poll({}, std::chrono::seconds(0));
        CHECK(reader.outcome == outcome::bus_down);
        ::unlink(path.c_str());
    }
    terminal line;
    REQUIRE(::symlink(line.name.c_str(), path.c_str()) == 0);
    auto polled = std::async(std::launch::async, [&] { reader.poll({}, std::chrono::seconds(0)); });
    while (polled.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) line.say("2\n");
    CHECK(reader.values == test::readings{{"p", "2"}});
}

TEST_CASE("serial wire: a poll that waits can be interrupted, over a port and over TCP", "[serial][wire]") {
    const terminal line;
    const std::string device = "  every: 1s\n  timeout: 1h\n  points:\n    p: { field: 0 }\n";
    const auto other = serve_tcp(quick("serial-scpi-multimeter"));
    for (const bool tcp : {false, true}) {
        plant reader(device, tcp ? serial::make_channel(tcp_settings{"127.0.0.1", port_of(other->at())})
                                 : serial::make_channel(port_settings{line.name, {}}));
        std::thread interrupting([&] { reader.bus().interrupt(); });
        reader.poll();
        CHECK(reader.outcome == outcome::interrupted);
        interrupting.join();
    }
}

TEST_CASE("serial wire: a host that isn't there", "[serial][wire]") {
    // A socket that is bound and doesn't listen: nobody else gets its port.
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::uint16_t port = ntohs(address.sin_port);
    const auto channel = serial::make_channel(tcp_settings{"127.0.0.1", port});
    CHECK(channel->open(std::chrono::seconds(5)) == "127.0.0.1:" + std::to_string(port) + ": Connection refused");
    ::close(socket);
}
