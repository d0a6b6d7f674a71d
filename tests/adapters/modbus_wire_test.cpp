// tests/adapters/modbus_wire_test.cpp: a bus's settings to the way to its devices, and what every broken one is told.
// Not here: devices and points (modbus_points_test.cpp).
#include <catch2/catch.hpp>

#include "adapters/modbus/points.hpp"
#include "tests/adapters/modbus_points_config.hpp"

using namespace modbus;
using namespace test;
using namespace std::chrono_literals;

namespace {

using list = std::vector<std::string>;

list faults_of(const pairs& keys, const std::vector<device_lines>& devices = {}) {
    const built_config config(bus_lines{keys, devices});
    fault_list found;
    tidegate::faults to(found.abi);
    read_definition(config.get(), to);
    return found.lines;
}

template <typename Settings>
Settings wire_of(const pairs& keys) {
    const built_config config(bus_lines{keys, {}});
    fault_list found;
    tidegate::faults to(found.abi);
    const auto definition = read_definition(config.get(), to);
    CHECK(found.lines == list{});
    REQUIRE(std::holds_alternative<Settings>(definition.wire));
    return std::get<Settings>(definition.wire);
}

pairs with(pairs keys, const pairs& more) {
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
}

const pairs port{{"serial.port", "/dev/ttyS1"}};

}  // namespace

TEST_CASE("wire: a serial line's frames", "[modbus][points][wire]") {
    const auto rtu = wire_of<serial_settings>(port);
    CHECK(rtu.mode == serial_mode::rtu);
    CHECK(rtu.line.data_bits == 8);
    CHECK(rtu.low_latency);
    CHECK_FALSE(rtu.rs485.has_value());
    CHECK(rtu.timeout == 500ms);
    const auto ascii = wire_of<serial_settings>(with(port, {{"serial.mode", "ascii"}, {"serial.low_latency", "false"}}));
    CHECK(ascii.mode == serial_mode::ascii);
    CHECK(ascii.line == line_format{9600, 'E', 7, 1});
    CHECK_FALSE(ascii.low_latency);
    const auto wide = wire_of<serial_settings>(with(port, {{"serial.mode", "ascii"}, {"serial.data_bits", "8"}}));
    CHECK(wide.line.data_bits == 8);
    CHECK(faults_of(with(port, {{"serial.data_bits", "7"}})) ==
          list{"bus 0 serial.data_bits: Modbus RTU needs 8 data bits; 7 are for Modbus ASCII, which is mode: ascii"});
    CHECK(faults_of({{"serial.port", "ttyUSB0"}}) ==
          list{"bus 0 serial.port: a serial port is a path such as /dev/ttyUSB0: write /dev/ttyUSB0 (a serial server on the "
               "network is rtu_over_tcp: { host: …, port: … })"});
    CHECK(faults_of({{"serial.mode", "ascii"}}) == list{"bus 0 serial: serial needs its port, such as /dev/ttyUSB0, or better "
                                                        "its name in /dev/serial/by-id, which stays"});
}

TEST_CASE("wire: RS-485", "[modbus][points][wire]") {
    const auto usual = *wire_of<serial_settings>(with(port, {{"serial.rs485.rts_on_send", "true"}})).rs485;
    CHECK(usual.rts_on_send);
    CHECK_FALSE(usual.rx_during_tx);
    CHECK(usual.delay_before == 0ms);
    const auto other = *wire_of<serial_settings>(with(port, {{"serial.rs485.rts_on_send", "false"},
                                                             {"serial.rs485.delay_before", "1ms"},
                                                             {"serial.rs485.delay_after", "2ms"},
                                                             {"serial.rs485.rx_during_tx", "true"}}))
                            .rs485;
    CHECK_FALSE(other.rts_on_send);
    CHECK(other.rx_during_tx);
    CHECK(other.delay_before == 1ms);
    CHECK(other.delay_after == 2ms);
}

TEST_CASE("wire: hosts and their usual ports", "[modbus][points][wire]") {
    CHECK(wire_of<tcp_settings>({{"tcp.host", "plc"}}).port == 502);
    CHECK(wire_of<tls_settings>({{"tls.host", "plc"}}).port == 802);
    CHECK(wire_of<udp_settings>({{"udp.host", "plc"}}).port == 502);
    CHECK(wire_of<ascii_over_tcp_settings>({{"ascii_over_tcp.host", "moxa"}, {"ascii_over_tcp.port", "4001"}}).port == 4001);
    CHECK(wire_of<rtu_over_udp_settings>({{"rtu_over_udp.host", "fe80::1"}, {"rtu_over_udp.port", "4001"}}).host == "fe80::1");
    for (const std::string map : {"rtu_over_tcp", "ascii_over_tcp", "rtu_over_udp"}) {
        CHECK(faults_of({{map + ".host", "moxa"}}) ==
              list{"bus 0 " + map + ": " + map +
                   " needs its port: serial servers have no usual one (4001, 8899 and 26 are common)"});
        CHECK(faults_of({{map + ".port", "4001"}}) ==
              list{"bus 0 " + map + ": " + map + " needs its host, a name or an address such as 10.0.0.5"});
    }
    SECTION("a host that isn't one") {
        CHECK(faults_of({{"tcp.host", "10.0.0.5:502"}}) ==
              list{"bus 0 tcp.host: host and port are two keys: host: 10.0.0.5, port: 502"});
        CHECK(faults_of({{"tcp.host", "tcp://plc"}}) ==
              list{"bus 0 tcp.host: host is a name or an address alone, without tcp://"});
        CHECK(faults_of({{"tcp.host", "[fe80::1]"}}) ==
              list{"bus 0 tcp.host: an IPv6 address is written without brackets: host: \"fe80::1\""});
        CHECK(faults_of({{"tcp.host", "plc one"}}) == list{"bus 0 tcp.host: 'plc one' is no name or address of a host"});
    }
    SECTION("one way for a bus") {
        CHECK(faults_of({{"tcp.host", "plc"}, {"tls.host", "plc"}}) ==
              list{"bus 0 tls: a bus has either tcp or tls, not both: make it two buses"});
        CHECK(faults_of({}).size() == 1);
    }
}

TEST_CASE("wire: TLS", "[modbus][points][wire]") {
    const pairs host{{"tls.host", "plc"}};
    const auto plain = wire_of<tls_settings>(host);
    CHECK(plain.verify == tls_verify::full);
    CHECK(plain.connect_timeout == 5s);  // a handshake takes a small device longer than an answer
    const auto all = wire_of<tls_settings>(with(host, {{"tls.ca", "/etc/ca.pem"},
                                                       {"tls.cert", "/etc/own.pem"},
                                                       {"tls.key", "/etc/own.key"},
                                                       {"tls.server_name", "plc.example"},
                                                       {"timeout", "8s"}}));
    CHECK(all.ca_file == "/etc/ca.pem");
    CHECK(all.certificate_file == "/etc/own.pem");
    CHECK(all.key_file == "/etc/own.key");
    CHECK(all.server_name == "plc.example");
    CHECK(all.connect_timeout == 8s);
    CHECK(wire_of<tls_settings>(with(host, {{"tls.verify", "chain_only"}})).verify == tls_verify::chain_only);
    CHECK(wire_of<tls_settings>(with(host, {{"tls.verify", "none"}})).verify == tls_verify::none);
    CHECK(faults_of(with(host, {{"tls.key", "/etc/own.key"}})) ==
          list{"bus 0 tls.key: key is the key of a certificate: name that too, cert: …, or leave both out"});
    CHECK(faults_of(with(host, {{"tls.verify", "none"}, {"tls.ca", "/etc/ca.pem"}})) ==
          list{"bus 0 tls.ca: with verify: none nobody is asked who vouches for the device: leave out one of the two"});
    CHECK(faults_of(with(host, {{"tls.verify", "chain_only"}, {"tls.server_name", "plc"}})) ==
          list{"bus 0 tls.server_name: with verify: chain_only no name is compared: leave out one of the two"});
}

TEST_CASE("wire: times", "[modbus][points][wire]") {
    const auto usual = wire_of<tcp_settings>({{"tcp.host", "plc"}, {"timeout", "3s"}});
    CHECK(usual.timeout == 3s);
    CHECK(usual.connect_timeout == 3s);
    CHECK(usual.connect_delay == 0s);
    CHECK(usual.close_when_idle == 0s);
    const auto all = wire_of<tcp_settings>({{"tcp.host", "plc"},
                                            {"connect_timeout", "10s"},
                                            {"connect_delay", "2s"},
                                            {"close_when_idle", "500ms"},
                                            {"request_spacing", "30ms"}});
    CHECK(all.connect_timeout == 10s);
    CHECK(all.connect_delay == 2s);
    CHECK(all.close_when_idle == 500ms);
    CHECK(all.request_spacing == 30ms);
    CHECK(faults_of(with(port, {{"connect_timeout", "1s"}})) ==
          list{"bus 0 connect_timeout: a serial port is opened at once or not at all: leave connect_timeout out"});
    CHECK(wire_of<serial_settings>(with(port, {{"connect_delay", "1s"}})).connect_delay == 1s);
}

TEST_CASE("wire: which units there are", "[modbus][points][wire]") {
    const std::vector<device_lines> last{{"d", {{"unit", "255"}}, {}}};
    for (const std::string map : {"tcp", "tls", "udp"}) CHECK(faults_of({{map + ".host", "plc"}}, last) == list{});
    for (const std::string map : {"rtu_over_tcp", "ascii_over_tcp", "rtu_over_udp"})
        CHECK(faults_of({{map + ".host", "plc"}, {map + ".port", "1"}}, last) == list{});
}

TEST_CASE("wire: how it is talked, by the kind of frames", "[modbus][points][wire]") {
    const auto usual = wire_of<serial_settings>(port);
    CHECK_FALSE(usual.echo);
    CHECK(usual.broadcast_turnaround == 200ms);
    CHECK(usual.longest_pause() == 500ms);  // the time-out
    CHECK(wire_of<serial_settings>(with(port, {{"timeout", "3s"}})).longest_pause() == 1s);
    CHECK(wire_of<tcp_settings>({{"tcp.host", "plc"}}).max_inflight == 1);
    const auto line = wire_of<serial_settings>(
        with(port, {{"serial.mode", "ascii"}, {"echo", "true"}, {"broadcast_turnaround", "100ms"}, {"character_timeout", "4s"}}));
    CHECK(line.echo);
    CHECK(line.broadcast_turnaround == 100ms);
    CHECK(line.longest_pause() == 4s);
    CHECK(wire_of<tcp_settings>({{"tcp.host", "plc"}, {"max_inflight", "16"}}).max_inflight == 16);
    CHECK(faults_of(with(port, {{"max_inflight", "2"}})).size() == 1);
    CHECK(faults_of(with(port, {{"character_timeout", "2s"}})) ==
          list{"bus 0 character_timeout: is for Modbus ASCII: the end of an RTU frame is known by its length"});
    for (const std::string key : {"echo", "broadcast_turnaround", "character_timeout"})
        CHECK(faults_of({{"udp.host", "plc"}, {key, key == "echo" ? "true" : "1s"}}).size() == 1);
}
