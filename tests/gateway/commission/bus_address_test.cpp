// tests/gateway/commission/bus_address_test.cpp: what is typed as a bus, and the text of its config.
// Not here: whether the adapter takes it (tests/system/commission_test.py).
#include "gateway/commission/bus_address.hpp"

#include <catch2/catch.hpp>

using namespace gateway;

namespace {

config::vocabulary words() {
    config::vocabulary made;
    made.adapter = "modbus";
    const auto add = [&](config::scope scope, config::value_kind kind, const char* path) {
        made.keys.push_back({scope, kind, path, {}, 0, 0, ""});
    };
    using enum config::value_kind;
    add(config::scope::bus, text, "serial.port");
    add(config::scope::bus, choice, "serial.baud");
    add(config::scope::bus, choice, "serial.parity");
    add(config::scope::bus, boolean, "serial.rs485.rts_on_send");
    add(config::scope::bus, text, "tls.ca");
    add(config::scope::bus, duration, "timeout");
    add(config::scope::point, text_by_number, "enum");
    add(config::scope::point, number_list, "null");
    return made;
}

std::string shown(const std::string& typed) {
    const auto made = bus_address_of(typed, words());
    if (!made) return "error: " + made.error().message();
    std::string all = made->adapter;
    for (const auto& each : made->settings) all += ' ' + each.path + '=' + each.text;
    return all;
}

bool refused(const std::string& typed, const std::string& because) {
    const std::string said = shown(typed);
    INFO(said);
    return said.starts_with("error: ") && said.find(because) != std::string::npos;
}

}  // namespace

TEST_CASE("bus address: every way to a device", "[gateway][bus_address]") {
    CHECK(shown("tcp://10.0.0.5") == "modbus tcp.host=10.0.0.5 tcp.port=502");
    CHECK(shown("tcp://meter.lan:1502") == "modbus tcp.host=meter.lan tcp.port=1502");
    CHECK(shown("tcp://[fe80::1]:1502") == "modbus tcp.host=fe80::1 tcp.port=1502");
    CHECK(shown("tcp://[::1]") == "modbus tcp.host=::1 tcp.port=502");
    CHECK(shown("tls://meter?ca=/etc/ca.pem") == "modbus tls.host=meter tls.port=802 tls.ca=/etc/ca.pem");
    CHECK(shown("udp://10.0.0.5") == "modbus udp.host=10.0.0.5 udp.port=502");
    CHECK(shown("rtu+tcp://10.0.0.5:4001") == "modbus rtu_over_tcp.host=10.0.0.5 rtu_over_tcp.port=4001");
    CHECK(shown("ascii+tcp://10.0.0.5:4001") == "modbus ascii_over_tcp.host=10.0.0.5 ascii_over_tcp.port=4001");
    CHECK(shown("rtu+udp://10.0.0.5:4001") == "modbus rtu_over_udp.host=10.0.0.5 rtu_over_udp.port=4001");
    CHECK(shown("rtu:///dev/ttyUSB0?baud=19200&parity=none&timeout=2s") ==
          "modbus serial.port=/dev/ttyUSB0 serial.baud=19200 serial.parity=none timeout=2s");
    CHECK(shown("ascii:///dev/ttyS1") == "modbus serial.port=/dev/ttyS1 serial.mode=ascii");
    CHECK(shown("/dev/ttyUSB0") == "modbus serial.port=/dev/ttyUSB0");
    CHECK(shown("/dev/ttyUSB0?baud=4800") == "modbus serial.port=/dev/ttyUSB0 serial.baud=4800");
    CHECK(shown("tcp://h?timeout=1s") == "modbus tcp.host=h tcp.port=502 timeout=1s");
}

TEST_CASE("bus address: what was probably meant", "[gateway][bus_address]") {
    CHECK(refused("10.0.0.5", "did you mean tcp://10.0.0.5?"));
    CHECK(refused("meter:502", "did you mean tcp://meter:502?"));
    CHECK(refused("10.0.0.5:4001", "for a serial server that passes RTU through rtu+tcp://10.0.0.5:4001"));
    CHECK(refused("ttyUSB0", "did you mean /dev/ttyUSB0?"));
    CHECK(refused("dev/ttyUSB0", "did you mean /dev/ttyUSB0?"));
    CHECK(refused("line1", "is no bus"));
    CHECK(refused("tpc://h", "did you mean 'tcp'?"));
    CHECK(refused("rtu://ttyUSB0", "write rtu:///dev/ttyUSB0"));
    CHECK(refused("rtu://dev/ttyUSB0", "write rtu:///dev/ttyUSB0"));
    CHECK(refused("rtu+tcp://10.0.0.5", "the port is missing"));
    CHECK(refused("tcp://", "the host is missing"));
    CHECK(refused("tcp://h:", "the port is missing"));
    CHECK(refused("tcp://h:50x", "'50x' is no port"));
    CHECK(refused("tcp://h/1", "nothing can follow the host"));
    CHECK(refused("tcp://fe80::1", "in brackets, [fe80::1]"));
    CHECK(refused("tcp://[fe80::1", "']'"));
    CHECK(refused("tcp://[fe80::1]x", "only a :port"));
    CHECK(refused("/dev/ttyUSB0?bud=9600", "did you mean 'baud'?"));
    CHECK(refused("/dev/ttyUSB0?baud", "write NAME=VALUE"));
    CHECK(refused("/dev/ttyUSB0?baud=", "write NAME=VALUE"));
    CHECK(refused("/dev/ttyUSB0?baud=9600&baud=19200", "twice"));
    CHECK(refused("", "is no bus"));
}

TEST_CASE("bus address: the way back", "[gateway][bus_address]") {
    for (const char* const typed : {"tcp://10.0.0.5:502", "tls://meter:802", "udp://h:502", "rtu+tcp://h:4001", "/dev/ttyUSB0",
                                    "tcp://[fe80::1]:502", "ascii+tcp://h:1", "rtu+udp://h:2"})
        CHECK(place_of(bus_address_of(typed, words())->settings) == typed);
    CHECK(place_of({}).empty());
}

TEST_CASE("bus address: settings as a config has them", "[gateway][bus_address]") {
    std::vector<config::setting> bus;
    set(bus, "serial.port", "/dev/tty\"U\\");
    set(bus, "timeout", "2s");
    set(bus, "serial.rs485.rts_on_send", "true");
    CHECK(flow_text(bus, config::scope::bus, words()) ==
          R"(serial: { port: "/dev/tty\"U\\", rs485: { rts_on_send: "true" } }, timeout: "2s")");
    std::vector<config::setting> point;
    for (const auto& [number, text] : {std::pair{0, "off"}, std::pair{1, "on"}}) {
        config::setting one;
        one.path = "enum";
        one.integer = number;
        one.text = text;
        point.push_back(one);
    }
    for (const char* const text : {"0x8000", "7"}) {
        config::setting one;
        one.path = "null";
        one.text = text;
        point.push_back(one);
    }
    CHECK(flow_text(point, config::scope::point, words()) == R"(enum: { 0: "off", 1: "on" }, null: ["0x8000", "7"])");
    CHECK(quoted_scalar("a\nb\x01") == R"("a\x0ab\x01")");
    set(bus, "timeout", "1s");
    CHECK(find(bus, "timeout")->text == "1s");
    CHECK(find(bus, "baud") == nullptr);
}
