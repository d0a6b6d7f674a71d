// adapters/modbus/points_wire.cpp: reads how a bus is reached: its port or host, the line's format, its times.
// Not here: what lies on it (points.cpp), and whether it can be reached.
#include <array>
#include <charconv>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using tidegate::faults;
using tidegate::settings;

constexpr nanoseconds millisecond{1'000'000};
/// A small device may compute for seconds at the handshake.
constexpr nanoseconds least_time_for_tls{5'000'000'000};

std::string text_of(const settings& written, std::string_view path) {
    const auto* setting = written.find(path);
    return setting ? setting->text : "";
}

std::int64_t integer_of(const settings& written, std::string_view path, std::int64_t otherwise) {
    const auto* setting = written.find(path);
    return setting ? setting->integer : otherwise;
}

bool boolean_of(const settings& written, std::string_view path, bool otherwise) {
    return integer_of(written, path, otherwise ? 1 : 0) != 0;
}

// ---- Serial ports ------------------------------------------------------------------------------------------------------

line_format read_line(const settings& written, serial_mode mode, faults& to) {
    line_format line;
    if (const auto* baud = written.find("serial.baud")) {
        const std::string_view text = baud->text;
        std::from_chars(text.data(), text.data() + text.size(), line.baud);  // one of the key's choices
    }
    const std::string parity = text_of(written, "serial.parity");
    if (!parity.empty()) line.parity = parity == "none" ? 'N' : parity == "odd" ? 'O' : 'E';
    line.data_bits = static_cast<std::uint8_t>(integer_of(written, "serial.data_bits", mode == serial_mode::ascii ? 7 : 8));
    if (mode == serial_mode::rtu && line.data_bits != 8)
        to.bus("serial.data_bits", "Modbus RTU needs 8 data bits; 7 are for Modbus ASCII, which is mode: ascii");
    line.stop_bits = static_cast<std::uint8_t>(integer_of(written, "serial.stop_bits", 1));
    return line;
}

/// The kernel counts these delays in milliseconds.
nanoseconds read_delay(const settings& written, const std::string& path, faults& to) {
    const nanoseconds delay(integer_of(written, path, 0));
    if (delay % millisecond != nanoseconds(0)) to.bus(path, "the delays of RS-485 are whole milliseconds, such as 1ms or 2ms");
    return delay;
}

std::optional<rs485_settings> read_rs485(const settings& written, faults& to) {
    if (!written.has_map("serial.rs485")) return std::nullopt;
    rs485_settings rs485;
    rs485.rts_on_send = boolean_of(written, "serial.rs485.rts_on_send", true);
    rs485.delay_before = read_delay(written, "serial.rs485.delay_before", to);
    rs485.delay_after = read_delay(written, "serial.rs485.delay_after", to);
    rs485.rx_during_tx = boolean_of(written, "serial.rs485.rx_during_tx", false);
    return rs485;
}

serial_settings read_serial(const settings& written, faults& to) {
    serial_settings serial;
    serial.port = text_of(written, "serial.port");
    if (serial.port.empty())
        to.bus("serial", "serial needs its port, such as /dev/ttyUSB0, or better its name in /dev/serial/by-id, which stays");
    else if (serial.port.front() != '/')
        to.bus("serial.port", "a serial port is a path such as /dev/ttyUSB0: write /dev/" + serial.port +
                                  " (a serial server on the network is rtu_over_tcp: { host: …, port: … })");
    if (text_of(written, "serial.mode") == "ascii") serial.mode = serial_mode::ascii;
    serial.line = read_line(written, serial.mode, to);
    serial.rs485 = read_rs485(written, to);
    serial.low_latency = boolean_of(written, "serial.low_latency", true);
    return serial;
}

// ---- Hosts -------------------------------------------------------------------------------------------------------------

/// What is wrong with a host; empty: nothing that shows.
std::string fault_of_host(const std::string& host) {
    if (host.find("://") != std::string::npos)
        return "host is a name or an address alone, without " + host.substr(0, host.find("://") + 3);
    if (host.front() == '[') return "an IPv6 address is written without brackets: host: \"fe80::1\"";
    const auto colon = host.find(':');
    if (colon != std::string::npos && host.find(':', colon + 1) == std::string::npos)
        return "host and port are two keys: host: " + host.substr(0, colon) + ", port: " + host.substr(colon + 1);
    if (host.find_first_of(" /\t") != std::string::npos) return "'" + host + "' is no name or address of a host";
    return "";
}

template <typename Settings>
Settings read_host(const settings& written, const std::string& map, faults& to) {
    Settings where;
    where.host = text_of(written, map + ".host");
    if (where.host.empty())
        to.bus(map, map + " needs its host, a name or an address such as 10.0.0.5");
    else if (const std::string fault = fault_of_host(where.host); !fault.empty())
        to.bus(map + ".host", fault);
    const auto* port = written.find(map + ".port");
    if (port) where.port = static_cast<std::uint16_t>(port->integer);
    if (where.port == 0) to.bus(map, map + " needs its port: serial servers have no usual one (4001, 8899 and 26 are common)");
    return where;
}

tls_settings read_tls(const settings& written, faults& to) {
    auto tls = read_host<tls_settings>(written, "tls", to);
    tls.ca_file = text_of(written, "tls.ca");
    tls.certificate_file = text_of(written, "tls.cert");
    tls.key_file = text_of(written, "tls.key");
    tls.server_name = text_of(written, "tls.server_name");
    const std::string verify = text_of(written, "tls.verify");
    if (verify == "chain_only") tls.verify = tls_verify::chain_only;
    if (verify == "none") tls.verify = tls_verify::none;
    if (tls.certificate_file.empty() && !tls.key_file.empty())
        to.bus("tls.key", "key is the key of a certificate: name that too, cert: …, or leave both out");
    if (tls.verify == tls_verify::none && !tls.ca_file.empty())
        to.bus("tls.ca", "with verify: none nobody is asked who vouches for the device: leave out one of the two");
    if (tls.verify != tls_verify::full && !tls.server_name.empty())
        to.bus("tls.server_name", "with verify: " + verify + " no name is compared: leave out one of the two");
    return tls;
}

// ---- Either ------------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 7> maps{"serial", "tcp", "tls", "rtu_over_tcp", "ascii_over_tcp", "udp", "rtu_over_udp"};

std::string map_in(const settings& written, faults& to) {
    std::string found;
    for (const auto map : maps) {
        if (!written.has_map(map)) continue;
        if (!found.empty())
            to.bus(std::string(map), "a bus has either " + found + " or " + std::string(map) + ", not both: make it two buses");
        else
            found = map;
    }
    return found;
}

wire_settings read_way(const settings& written, faults& to) {
    const std::string map = map_in(written, to);
    if (map == "serial") return read_serial(written, to);
    if (map == "tcp") return read_host<tcp_settings>(written, map, to);
    if (map == "tls") return read_tls(written, to);
    if (map == "rtu_over_tcp") return read_host<rtu_over_tcp_settings>(written, map, to);
    if (map == "ascii_over_tcp") return read_host<ascii_over_tcp_settings>(written, map, to);
    if (map == "udp") return read_host<udp_settings>(written, map, to);
    if (map == "rtu_over_udp") return read_host<rtu_over_udp_settings>(written, map, to);
    to.bus("",
           "a modbus bus needs one of serial: { port: /dev/ttyUSB0 }, tcp: { host: 10.0.0.5 }, tls: { host: 10.0.0.5 }, "
           "rtu_over_tcp: { host: 10.0.0.5, port: 4001 }, ascii_over_tcp, udp, rtu_over_udp");
    return serial_settings{};
}

void read_times(const settings& written, wire_settings& wire, faults& to) {
    bus_manners& manners = manners_of(wire);
    const auto read = [&](const char* path, nanoseconds otherwise) {
        return nanoseconds(integer_of(written, path, otherwise.count()));
    };
    manners.timeout = read("timeout", manners.timeout);
    manners.request_spacing = read("request_spacing", manners.request_spacing);
    manners.connect_delay = read("connect_delay", manners.connect_delay);
    manners.close_when_idle = read("close_when_idle", manners.close_when_idle);
    const bool is_tls = std::holds_alternative<tls_settings>(wire);
    manners.connect_timeout = read("connect_timeout", is_tls ? std::max(manners.timeout, least_time_for_tls) : manners.timeout);
    if (std::holds_alternative<serial_settings>(wire) && written.find("connect_timeout"))
        to.bus("connect_timeout", "a serial port is opened at once or not at all: leave connect_timeout out");
}

bool is_ascii(const wire_settings& wire) {
    const auto* serial = std::get_if<serial_settings>(&wire);
    return serial ? serial->mode == serial_mode::ascii : std::holds_alternative<ascii_over_tcp_settings>(wire);
}

/// What goes for frames without a number, or for those with one.
void read_talk(const settings& written, wire_settings& wire, faults& to) {
    bus_manners& manners = manners_of(wire);
    manners.echo = boolean_of(written, "echo", false);
    manners.max_inflight = static_cast<std::uint16_t>(integer_of(written, "max_inflight", 1));
    manners.broadcast_turnaround = nanoseconds(integer_of(written, "broadcast_turnaround", manners.broadcast_turnaround.count()));
    manners.character_timeout = nanoseconds(integer_of(written, "character_timeout", manners.character_timeout.count()));
    if (!has_mbap(wire)) {
        if (written.find("max_inflight"))
            to.bus("max_inflight",
                   "only frames that bear a number (tcp, tls, udp) can be under way together: leave max_inflight out");
        if (written.find("character_timeout") && !is_ascii(wire))
            to.bus("character_timeout", "is for Modbus ASCII: the end of an RTU frame is known by its length");
        return;
    }
    for (const char* path : {"echo", "broadcast_turnaround", "character_timeout"})
        if (written.find(path)) to.bus(path, std::string(path) + " is for lines, with RTU or ASCII frames: leave it out");
}

}  // namespace

wire_settings read_wire(const settings& written, faults& to) {
    auto wire = read_way(written, to);
    read_times(written, wire, to);
    read_talk(written, wire, to);
    return wire;
}

}  // namespace modbus
