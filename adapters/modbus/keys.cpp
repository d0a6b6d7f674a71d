// adapters/modbus/keys.cpp: the table of keys. The help is one sentence with unit and default.
// Not here: checks that need more than one key (points.cpp).
#include "adapters/modbus/keys.hpp"

#include <array>
#include <cstdint>

namespace modbus {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1000 * millisecond;

constexpr tidegate_key text(tidegate_scope scope, const char* path, const char* help) {
    return {scope, TIDEGATE_KEY_TEXT, path, "", 0, 0, help};
}
constexpr tidegate_key choice(tidegate_scope scope, const char* path, const char* choices, const char* help) {
    return {scope, TIDEGATE_KEY_CHOICE, path, choices, 0, 0, help};
}
constexpr tidegate_key integer(tidegate_scope scope, const char* path, std::int64_t least, std::int64_t most, const char* help) {
    return {scope, TIDEGATE_KEY_INTEGER, path, "", least, most, help};
}
constexpr tidegate_key duration(const char* path, std::int64_t least, std::int64_t most, const char* help) {
    return {TIDEGATE_BUS, TIDEGATE_KEY_DURATION, path, "", least, most, help};
}
constexpr tidegate_key bus_key(tidegate_key_type type, const char* path, const char* help) {
    return {TIDEGATE_BUS, static_cast<std::uint32_t>(type), path, "", 0, 0, help};
}
constexpr tidegate_key simulated_time(tidegate_scope scope, const char* path, const char* help) {
    return {scope, TIDEGATE_KEY_DURATION, path, "", 0, 3600 * second, help};
}
constexpr tidegate_key boolean_of_device(const char* path, const char* help) {
    return {TIDEGATE_DEVICE, TIDEGATE_KEY_BOOLEAN, path, "", 0, 0, help};
}
constexpr tidegate_key key(tidegate_scope scope, tidegate_key_type type, const char* path, const char* help) {
    return {static_cast<std::uint32_t>(scope), static_cast<std::uint32_t>(type), path, "", 0, 0, help};
}
constexpr tidegate_key point_key(tidegate_key_type type, const char* path, const char* help) {
    return {TIDEGATE_POINT, static_cast<std::uint32_t>(type), path, "", 0, 0, help};
}

// The types stand in codec.cpp's table too; a test holds the two together.
constexpr const char* types =
    "bool|int8|uint8|int8_high|uint8_high|int16|uint16|int24|uint24|int32|uint32|int48|uint48|int64|uint64|"
    "float16|float32|float64|bcd16|bcd32|bcd64|string|string8|m10k32|m10k48|m10k64|m10k32_signed|m10k48_signed|m10k64_signed|"
    "sm16|sm32|bytes|unix32|unix64|unix64_ms|datetime3|datetime4|datetime6|cp56time2a|bcd_date|bcd_datetime";

constexpr std::array keys = {
    text(TIDEGATE_BUS, "serial.port",
         "The serial port, such as /dev/ttyUSB0, or better its name in /dev/serial/by-id, which stays when adapters are "
         "replugged."),
    choice(TIDEGATE_BUS, "serial.baud", "1200|2400|4800|9600|19200|38400|57600|115200|230400|460800|500000|576000|921600|1000000",
           "The line's speed in bits per second (default 9600)."),
    choice(TIDEGATE_BUS, "serial.parity", "none|even|odd", "The line's parity (default even)."),
    integer(TIDEGATE_BUS, "serial.data_bits", 7, 8, "Data bits of a character (default 8; 7 in mode ascii)."),
    integer(TIDEGATE_BUS, "serial.stop_bits", 1, 2, "Stop bits of a character (default 1)."),
    choice(TIDEGATE_BUS, "serial.mode", "rtu|ascii", "The frames on the line (default rtu)."),
    bus_key(TIDEGATE_KEY_BOOLEAN, "serial.low_latency",
            "Asks the port's driver to pass bytes on at once, as USB adapters otherwise gather them for up to 16 ms; a driver "
            "that can't is left alone (default true)."),
    bus_key(TIDEGATE_KEY_BOOLEAN, "serial.rs485.rts_on_send",
            "Has the direction of an RS-485 transceiver switched by RTS: whether RTS is high while sending (default true)."),
    duration("serial.rs485.delay_before", 0, 100 * millisecond,
             "The pause between RTS and the first bit, in whole milliseconds (default 0ms)."),
    duration("serial.rs485.delay_after", 0, 100 * millisecond,
             "The pause between the last bit and RTS, in whole milliseconds (default 0ms)."),
    bus_key(TIDEGATE_KEY_BOOLEAN, "serial.rs485.rx_during_tx",
            "Whether the receiver stays on while sending, so that the line's echo is heard (default false)."),
    text(TIDEGATE_BUS, "tcp.host", "The name or address of a Modbus TCP device or gateway."),
    integer(TIDEGATE_BUS, "tcp.port", 1, 65535, "The TCP port (default 502)."),
    text(TIDEGATE_BUS, "tls.host", "The name or address of a device that speaks Modbus TCP inside TLS."),
    integer(TIDEGATE_BUS, "tls.port", 1, 65535, "The TCP port (default 802)."),
    text(TIDEGATE_BUS, "tls.ca",
         "The file (PEM or DER) of the authorities that may vouch for the device (default: those that the system trusts)."),
    text(TIDEGATE_BUS, "tls.cert",
         "The file (PEM or DER) of our own certificate, and of those that vouch for it (default none)."),
    text(TIDEGATE_BUS, "tls.key", "The file (PEM or DER) of our certificate's key, unencrypted (default: it is in cert)."),
    text(TIDEGATE_BUS, "tls.server_name", "The name or address that the device's certificate must bear (default: host)."),
    choice(TIDEGATE_BUS, "tls.verify", "full|chain_only|none",
           "What of the device's certificate is checked: who vouches for it and its name, the former alone, or nothing, which "
           "is for a laboratory (default full)."),
    text(TIDEGATE_BUS, "rtu_over_tcp.host", "The name or address of a serial server that passes RTU frames through."),
    integer(TIDEGATE_BUS, "rtu_over_tcp.port", 1, 65535, "The serial server's TCP port (no default)."),
    text(TIDEGATE_BUS, "ascii_over_tcp.host", "The name or address of a serial server that passes ASCII frames through."),
    integer(TIDEGATE_BUS, "ascii_over_tcp.port", 1, 65535, "The serial server's TCP port (no default)."),
    text(TIDEGATE_BUS, "udp.host", "The name or address of a device that speaks Modbus TCP's frames over UDP."),
    integer(TIDEGATE_BUS, "udp.port", 1, 65535, "The UDP port (default 502)."),
    text(TIDEGATE_BUS, "rtu_over_udp.host", "The name or address of a serial server that takes RTU frames over UDP."),
    integer(TIDEGATE_BUS, "rtu_over_udp.port", 1, 65535, "The serial server's UDP port (no default)."),
    duration("timeout", millisecond, 60 * second,
             "How long to wait for an answer (default 500ms on a serial port, 1s over a network)."),
    duration("request_spacing", 0, 10 * second,
             "The least silence before a request, for devices that need a rest (default 0s; on a serial line never under 3.5 "
             "characters)."),
    duration("connect_timeout", millisecond, 60 * second,
             "How long a connection may take, its TLS handshake included (default: as timeout; with TLS 5s at least)."),
    duration("connect_delay", 0, 60 * second,
             "The pause between opening port or connection and the first request, for devices that need it (default 0s)."),
    duration("close_when_idle", 0, 3600 * second,
             "Gives the port or connection back so long after the last request, for others to use; 0s: it is kept (default 0s)."),
    simulated_time(TIDEGATE_BUS, "simulate.turnaround",
                   "simulate: from a request's end to the answer (default 0s; on a line never under 3.5 characters)."),
    simulated_time(TIDEGATE_BUS, "simulate.jitter", "simulate: up to so much more, evenly spread (default 0s)."),
    text(TIDEGATE_BUS, "simulate.late", "simulate: percent of the answers that come late (default 0%)."),
    simulated_time(TIDEGATE_BUS, "simulate.late_by", "simulate: how late these are (default one and a half times timeout)."),
    text(TIDEGATE_BUS, "simulate.drop", "simulate: percent of the answers that never come (default 0%)."),
    text(TIDEGATE_BUS, "simulate.noise",
         "simulate: percent of the answers with bytes before or behind them that are nobody's (default 0%)."),
    text(TIDEGATE_BUS, "simulate.garble",
         "simulate: percent of the answers with one to three bits flipped; over TCP and UDP in the header (default 0%)."),
    text(TIDEGATE_BUS, "simulate.truncate", "simulate: percent of the answers that break off (default 0%)."),
    text(TIDEGATE_BUS, "simulate.foreign", "simulate: percent of the answers with another unit's before them (default 0%)."),
    text(TIDEGATE_BUS, "simulate.echo",
         "simulate: percent of the answers with their request before them, as a two-wire adapter gives it (default 0%)."),
    text(TIDEGATE_BUS, "simulate.exception", "simulate: percent of the requests that are refused (default 0%)."),
    integer(TIDEGATE_BUS, "simulate.exception_code", 1, 255,
            "simulate: the exception that these get (default 4: device failure)."),
    text(TIDEGATE_BUS, "simulate.disconnect",
         "simulate: percent of the answers amid which the connection is closed; on a line they break off (default 0%)."),
    simulated_time(TIDEGATE_BUS, "simulate.dead_after",
                   "simulate: so long after the first request the device falls silent for good (default: never)."),

    // What is said, over whichever way:
    key(TIDEGATE_BUS, TIDEGATE_KEY_BOOLEAN, "echo",
        "Whether the adapter of a two-wire line hears what it sends itself, RTU and ASCII only (default false)."),
    integer(TIDEGATE_BUS, "max_inflight", 1, 16,
            "How many requests may be under way at once, for Modbus TCP servers that take several (default 1)."),
    duration("broadcast_turnaround", millisecond, 10 * second,
             "The pause after a write to unit 0, all devices of a line, in which they carry it out (default 200ms)."),
    duration("character_timeout", millisecond, 60 * second,
             "The longest pause between the characters of a Modbus ASCII frame (default: as timeout, at most 1s)."),

    integer(TIDEGATE_DEVICE, "unit", 0, 255,
            "The device's unit address, 0–255; on a line 0 is all devices at once, which can be written only (no default)."),
    integer(TIDEGATE_DEVICE, "base", 0, 1,
            "What holding, input, coil and discrete count from in this device's documents, 0 or 1 (default 0)."),
    integer(TIDEGATE_DEVICE, "max_read", 1, 125,
            "The most registers that the device gives in one answer; of coils 16 times as many (default 125)."),
    integer(TIDEGATE_DEVICE, "max_gap", 0, 125,
            "The most unused registers in a row that a request may read along, 0 for none; of coils 16 times as many (default: "
            "as many as pay)."),
    tidegate_key{TIDEGATE_DEVICE, TIDEGATE_KEY_NUMBER_LIST, "barriers", "", 0, 0,
                 "Protocol addresses at which a new request begins: none reaches across one (default none)."},
    tidegate_key{
        TIDEGATE_DEVICE, TIDEGATE_KEY_BOOLEAN, "exact", "", 0, 0,
        "Whether each point, or group, is a request of its own, for devices that give whole objects only (default false)."},
    key(TIDEGATE_DEVICE, TIDEGATE_KEY_TEXT_LIST, "before_write",
        "Requests sent before every write to the device, such as a password: function code and data, \"06 00 10 12 34\" "
        "(default none)."),
    key(TIDEGATE_DEVICE, TIDEGATE_KEY_TEXT_LIST, "after_write",
        "Requests sent after every write that the device took, such as a commit: function code and data (default none)."),
    simulated_time(TIDEGATE_DEVICE, "simulate.turnaround",
                   "simulate: from a request's end to the answer (default 0s; on a line never under 3.5 characters)."),
    simulated_time(TIDEGATE_DEVICE, "simulate.jitter", "simulate: up to so much more, evenly spread (default 0s)."),
    text(TIDEGATE_DEVICE, "simulate.late", "simulate: percent of the answers that come late (default 0%)."),
    simulated_time(TIDEGATE_DEVICE, "simulate.late_by", "simulate: how late these are (default one and a half times timeout)."),
    text(TIDEGATE_DEVICE, "simulate.drop", "simulate: percent of the answers that never come (default 0%)."),
    text(TIDEGATE_DEVICE, "simulate.noise",
         "simulate: percent of the answers with bytes before or behind them that are nobody's (default 0%)."),
    text(TIDEGATE_DEVICE, "simulate.garble",
         "simulate: percent of the answers with one to three bits flipped; over TCP and UDP in the header (default 0%)."),
    text(TIDEGATE_DEVICE, "simulate.truncate", "simulate: percent of the answers that break off (default 0%)."),
    text(TIDEGATE_DEVICE, "simulate.foreign", "simulate: percent of the answers with another unit's before them (default 0%)."),
    text(TIDEGATE_DEVICE, "simulate.echo",
         "simulate: percent of the answers with their request before them, as a two-wire adapter gives it (default 0%)."),
    text(TIDEGATE_DEVICE, "simulate.exception", "simulate: percent of the requests that are refused (default 0%)."),
    integer(TIDEGATE_DEVICE, "simulate.exception_code", 1, 255,
            "simulate: the exception that these get (default 4: device failure)."),
    text(TIDEGATE_DEVICE, "simulate.disconnect",
         "simulate: percent of the answers amid which the connection is closed; on a line they break off (default 0%)."),
    simulated_time(TIDEGATE_DEVICE, "simulate.dead_after",
                   "simulate: so long after the first request the device falls silent for good (default: never)."),
    integer(TIDEGATE_DEVICE, "simulate.max_read", 1, 125,
            "simulate: more registers at once are refused with exception 3; of coils 16 times as many (default: no limit)."),
    boolean_of_device("simulate.holes", "simulate: what no point lies on is refused, even between points (default false)."),
    boolean_of_device("simulate.read_only", "simulate: writes are refused with exception 2 (default false)."),
    boolean_of_device("simulate.ignore_writes", "simulate: writes are acknowledged and change nothing (default false)."),

    point_key(TIDEGATE_KEY_TEXT, "sunspec",
              "A point of a SunSpec model instead of an address, found by the device's own list of models: inverter.W, 103.W, "
              "mppt.module[1].DCW."),
    point_key(TIDEGATE_KEY_TEXT, "register",
              "The address in Modicon notation, which counts from 1: 40108 is holding register 107 (or 400108)."),
    integer(TIDEGATE_POINT, "holding", 0, 65535, "The protocol address, from 0, of a holding register (function code 3)."),
    integer(TIDEGATE_POINT, "input", 0, 65535, "The protocol address, from 0, of an input register (function code 4)."),
    integer(TIDEGATE_POINT, "coil", 0, 65535, "The protocol address, from 0, of a coil (function code 1)."),
    integer(TIDEGATE_POINT, "discrete", 0, 65535, "The protocol address, from 0, of a discrete input (function code 2)."),
    point_key(
        TIDEGATE_KEY_TEXT_LIST, "continued_at",
        "Where the value's further registers lie, one address each in the notation of the first, if they aren't neighbours."),
    choice(TIDEGATE_POINT, "type", types, "How the registers are to be read (no default, but uint16 if bit is given)."),
    point_key(TIDEGATE_KEY_TEXT, "order",
              "The order in which the bytes arrive, A the most significant: ABCD, CDAB (words swapped), BADC (bytes swapped), "
              "DCBA (default ABCD)."),
    point_key(TIDEGATE_KEY_NUMBER, "scale", "The factor from raw number to value, exact as a decimal (default 1)."),
    point_key(TIDEGATE_KEY_NUMBER, "offset", "Added after scaling, in the value's unit (default 0)."),
    point_key(TIDEGATE_KEY_TEXT, "scale_register.register",
              "The register (Modicon notation) with the power of ten, -10 to 10, that the value is multiplied with; an int16."),
    integer(TIDEGATE_POINT, "scale_register.holding", 0, 65535, "The same as the protocol address of a holding register."),
    integer(TIDEGATE_POINT, "scale_register.input", 0, 65535, "The same as the protocol address of an input register."),
    point_key(TIDEGATE_KEY_TEXT, "ratio_register.register",
              "The register (Modicon notation) with a number that the value is multiplied with, such as a transformer's ratio."),
    integer(TIDEGATE_POINT, "ratio_register.holding", 0, 65535, "The same as the protocol address of a holding register."),
    integer(TIDEGATE_POINT, "ratio_register.input", 0, 65535, "The same as the protocol address of an input register."),
    choice(TIDEGATE_POINT, "ratio_register.type", "int16|uint16|int32|uint32|float32",
           "How the ratio is to be read (default uint16)."),
    point_key(TIDEGATE_KEY_TEXT, "ratio_register.order", "The order of its bytes (default ABCD)."),
    point_key(TIDEGATE_KEY_NUMBER, "ratio_register.scale", "The factor from its raw number to the ratio (default 1)."),
    integer(TIDEGATE_POINT, "wrap", 2, INT64_MAX,
            "The raw number at which a counter begins again with 0, such as 65536: the value counts on (default: it doesn't)."),
    integer(TIDEGATE_POINT, "bit", 0, 63, "Takes one bit, 0 the least significant, of an unsigned type (default type: uint16)."),
    point_key(TIDEGATE_KEY_TEXT, "bits",
              "Takes some neighbouring bits, such as 4-7, as a number; bit 0 is the least significant."),
    point_key(TIDEGATE_KEY_TEXT_BY_NUMBER, "flags",
              "Names for bits: the value is the text of those that are set, separated by commas (default type: uint16)."),
    integer(TIDEGATE_POINT, "length", 1, 125, "The length of a string, string8 or bytes in registers (no default)."),
    point_key(TIDEGATE_KEY_BOOLEAN, "utc",
              "Of a time: whether the device's clock is UTC (default true for the unix types, else false: its local time)."),
    choice(TIDEGATE_POINT, "charset", "utf-8|latin1|ascii", "The character set of a string (default utf-8)."),
    point_key(TIDEGATE_KEY_NUMBER_LIST, "null",
              "Raw numbers, or bit patterns as 0x…, that mean \"no value\"; NaN always does (default none)."),
    point_key(TIDEGATE_KEY_TEXT_BY_NUMBER, "enum", "Names for raw numbers; a number without one stays a number (default none)."),
    point_key(TIDEGATE_KEY_TEXT, "group",
              "The points of a device with the same word here are always read in one request, so that they belong together "
              "(default none)."),
    point_key(TIDEGATE_KEY_BOOLEAN, "exact",
              "Whether the point, or its group, is a request of its own, with neither gaps nor others (default: its device's)."),
    // Points that lie in no table, and writing:
    integer(TIDEGATE_POINT, "fifo", 0, 65535, "The protocol address of a queue of registers (function code 24)."),
    integer(TIDEGATE_POINT, "file", 0, 65535, "The number of a file (function code 20), 1 the first; record says where in it."),
    integer(TIDEGATE_POINT, "record", 0, 65535, "The register of a file where the value begins, from 0 (no default)."),
    integer(TIDEGATE_POINT, "identification", 0, 255,
            "An object of the device's identification (function code 43/14), a text: 0 vendor, 1 product code, 2 revision, "
            "3 vendor's URL, 4 product name, 5 model, 6 application, 128 and up the maker's own."),
    point_key(TIDEGATE_KEY_BOOLEAN, "server_id",
              "Reads the server's identification (function code 17), its data after the byte count; without a type as a text."),
    point_key(TIDEGATE_KEY_BOOLEAN, "exception_status", "Reads the eight flags of function code 7, all or one bit."),
    point_key(
        TIDEGATE_KEY_TEXT, "raw",
        "A request of any function, code and data without unit and checksum, such as \"46 01 02\"; type and at say what its "
        "answer holds. It is sent at every poll: nothing that has an effect belongs here."),
    integer(TIDEGATE_POINT, "at", 0, 250,
            "Where in an answer's data the value begins, in bytes; of raw the data begin after the function code (default 0)."),
    choice(TIDEGATE_POINT, "write_function", "auto|5|6|15|16|22|rmw",
           "How the point is written: by one function code, or rmw, which reads a register, changes some bits and writes it "
           "(default "
           "auto: 5 a coil, 6 a register, 16 several, 22 some bits, or rmw if the device doesn't know 22)."),
};

}  // namespace

std::span<const tidegate_key> config_keys() { return keys; }

}  // namespace modbus
