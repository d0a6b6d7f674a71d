// adapters/serial/keys.cpp: the table of keys. The help is one sentence with unit and default.
// Not here: checks that need more than one key (definition.cpp).
#include "adapters/serial/keys.hpp"

#include <array>
#include <cstdint>

namespace serial {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1000 * millisecond;
constexpr std::int64_t hour = 3600 * second;

constexpr tidegate_key plain(tidegate_scope scope, tidegate_key_type type, const char* path, const char* help) {
    return {static_cast<std::uint32_t>(scope), static_cast<std::uint32_t>(type), path, "", 0, 0, help};
}
constexpr tidegate_key choice(tidegate_scope scope, const char* path, const char* choices, const char* help) {
    return {static_cast<std::uint32_t>(scope), TIDEGATE_KEY_CHOICE, path, choices, 0, 0, help};
}
constexpr tidegate_key integer(tidegate_scope scope, const char* path, std::int64_t least, std::int64_t most, const char* help) {
    return {static_cast<std::uint32_t>(scope), TIDEGATE_KEY_INTEGER, path, "", least, most, help};
}
constexpr tidegate_key duration(tidegate_scope scope, const char* path, std::int64_t least, std::int64_t most, const char* help) {
    return {static_cast<std::uint32_t>(scope), TIDEGATE_KEY_DURATION, path, "", least, most, help};
}
constexpr tidegate_key device(tidegate_key_type type, const char* path, const char* help) {
    return plain(TIDEGATE_DEVICE, type, path, help);
}
constexpr tidegate_key point(tidegate_key_type type, const char* path, const char* help) {
    return plain(TIDEGATE_POINT, type, path, help);
}

constexpr std::array keys = {
    plain(TIDEGATE_BUS, TIDEGATE_KEY_TEXT, "serial.port", "The serial port, such as /dev/ttyUSB0."),
    choice(TIDEGATE_BUS, "serial.baud",
           "300|600|1200|2400|4800|9600|19200|38400|57600|115200|230400|460800|500000|576000|921600|1000000",
           "The line's speed in bits per second (default 9600)."),
    choice(TIDEGATE_BUS, "serial.parity", "none|even|odd", "The line's parity (default none)."),
    integer(TIDEGATE_BUS, "serial.data_bits", 7, 8, "Data bits of a character (default 8)."),
    integer(TIDEGATE_BUS, "serial.stop_bits", 1, 2, "Stop bits of a character (default 1)."),
    plain(TIDEGATE_BUS, TIDEGATE_KEY_TEXT, "tcp.host", "The name or address of an instrument or a serial server."),
    integer(TIDEGATE_BUS, "tcp.port", 1, 65535, "Its TCP port; SCPI instruments use 5025 (no default)."),

    choice(TIDEGATE_DEVICE, "mode", "listen|poll|script",
           "Whether the device sends by itself, is asked for each message, or needs a dialogue (default listen)."),
    duration(TIDEGATE_DEVICE, "timeout", millisecond, hour,
             "How long to wait for a message (default 10s when listening, else 1s, in a script for each step)."),
    device(TIDEGATE_KEY_BOOLEAN, "silent_ok",
           "Whether nothing at all is in order, as of a barcode reader or of a scale with a print key (default false)."),
    device(TIDEGATE_KEY_BOOLEAN, "echo", "Whether what is sent comes back, as over an optical head (default false)."),
    duration(TIDEGATE_DEVICE, "spacing", 0, 60 * second, "The least silence before something is sent (default 0s)."),
    device(TIDEGATE_KEY_TEXT, "address", "The device's address, for the place {address} in what is sent (default none)."),
    device(TIDEGATE_KEY_TEXT_LIST, "messages",
           "The messages that count, a line each: NAME [prefix, pattern, byte, field] [send] [sample] (default: any)."),
    device(TIDEGATE_KEY_TEXT_LIST, "script", "The steps of a dialogue: send, expect, delay, quiet, baud (mode script)."),
    device(TIDEGATE_KEY_TEXT_LIST, "on_open", "Steps to take whenever the port has been opened (default none)."),
    device(TIDEGATE_KEY_TEXT, "separator", "What stands between numbered fields; a blank: any number of them (default ,)."),
    duration(TIDEGATE_DEVICE, "sample_every", 10 * millisecond, hour,
             "How often the simulated device sends by itself (default 1s)."),

    choice(TIDEGATE_DEVICE, "frame.type", "line|delimited|fixed|length|gap",
           "How a message is told from the next: by its end, start and end, length, a length in it, or silence (default line)."),
    device(TIDEGATE_KEY_TEXT, "frame.start", "How each message begins: text with \\x02, or hex 42 4D (default: anyhow)."),
    device(TIDEGATE_KEY_TEXT, "frame.end", "How it ends (default a line feed, before which a carriage return is dropped)."),
    device(TIDEGATE_KEY_TEXT, "frame.trailer", "How many bytes follow the end, or line: the rest of the line (default 0)."),
    integer(TIDEGATE_DEVICE, "frame.length", 1, 65536, "Bytes of a fixed message, all included (no default)."),
    integer(TIDEGATE_DEVICE, "frame.length_at", 0, 65535, "Where in a message the number of its bytes stands, from 0."),
    choice(TIDEGATE_DEVICE, "frame.length_width", "1|2|4", "Bytes of that number (default 1)."),
    choice(TIDEGATE_DEVICE, "frame.length_order", "big|little", "Which byte of that number comes first (default big)."),
    integer(TIDEGATE_DEVICE, "frame.length_adjust", -65536, 65536, "That number plus this is the message's bytes (default 0)."),
    duration(TIDEGATE_DEVICE, "frame.gap", millisecond, 60 * second,
             "The silence that ends a message, or breaks off one that isn't whole (default: none)."),
    integer(TIDEGATE_DEVICE, "frame.max", 1, 65536, "The most bytes of a message, 4096 of fixed and length (default 1024)."),
    choice(TIDEGATE_DEVICE, "frame.eighth_bit", "data|ignored|even|odd",
           "What the eighth bit is, if a line of 7 bits is read by a port of 8 (default data)."),

    choice(TIDEGATE_DEVICE, "check.type",
           "none|xor8|sum8|sum8_negated|lrc|sum16|crc8|crc16_modbus|crc16_arc|crc16_ccitt|crc16_xmodem|crc16_x25|crc32",
           "The message's check value (default none)."),
    integer(TIDEGATE_DEVICE, "check.from", 0, 65535, "Bytes at the beginning that it doesn't cover (default 0)."),
    device(TIDEGATE_KEY_TEXT, "check.mark", "What stands right before it, such as * (default nothing)."),
    device(TIDEGATE_KEY_BOOLEAN, "check.covers_mark", "Whether it covers that mark (default false)."),
    integer(TIDEGATE_DEVICE, "check.after", 0, 255, "Bytes behind it that it doesn't cover, such as an end (default 0)."),
    choice(TIDEGATE_DEVICE, "check.written", "binary|hex", "Whether it is bytes or hexadecimal digits (default binary)."),
    choice(TIDEGATE_DEVICE, "check.order", "big|little",
           "Which of its bytes comes first (default big; little for crc16_modbus and crc16_x25)."),
    device(TIDEGATE_KEY_BOOLEAN, "check.if_present",
           "Whether a message without it is taken, as long as none had it (default false)."),

    point(TIDEGATE_KEY_TEXT, "message", "The message that the value comes from (default: the device's only one)."),
    integer(TIDEGATE_POINT, "field", 0, 999, "The number, from 0, of a field between separators."),
    point(TIDEGATE_KEY_TEXT, "regex", "A regular expression; the value is one of its groups."),
    integer(TIDEGATE_POINT, "group", 0, 9, "Which group of the expression, 0 for all that it matched (default 1)."),
    point(TIDEGATE_KEY_TEXT, "key", "What stands before the value's parentheses, as in 1-0:1.8.0(000123.4*kWh)."),
    integer(TIDEGATE_POINT, "value", -99, 99, "Which of several parentheses, from 0; -1 is the last (default 0)."),
    point(TIDEGATE_KEY_TEXT, "columns", "The first and last column of a text, from 1, both included: 4..13."),
    integer(TIDEGATE_POINT, "at", 0, 65535, "The offset in bytes, from 0, of a binary value."),
    choice(
        TIDEGATE_POINT, "type",
        "number|text|hex|coordinate|timestamp|int8|uint8|int16|uint16|int24|uint24|int32|uint32|int64|uint64|float32|float64|bcd",
        "What the value is (default number; needed with at)."),
    choice(TIDEGATE_POINT, "order", "big|little", "Which byte of a binary value comes first (default big)."),
    integer(TIDEGATE_POINT, "length", 1, 255, "Bytes of a text or bcd at an offset; of bcd up to 9 (no default)."),
    point(TIDEGATE_KEY_TEXT, "bits", "Bits of a binary value, 0 the least significant: 4..6, or 3 for true and false."),
    point(TIDEGATE_KEY_NUMBER, "scale", "The factor from what is sent to the value, exact as a decimal (default 1)."),
    point(TIDEGATE_KEY_NUMBER, "offset", "Added after scaling, in the value's unit (default 0)."),
    point(TIDEGATE_KEY_TEXT_LIST, "null",
          "What means \"no value\", besides nothing at all; numbers by their worth (default none)."),
    point(TIDEGATE_KEY_TEXT_LIST, "enum", "Names for what is sent: [\"A=valid\", \"V=void\"]; the rest stays (default none)."),
    integer(TIDEGATE_POINT, "sign", 0, 999, "The field, group or column that holds N, E or +, or S, W or - (default none)."),
    integer(TIDEGATE_POINT, "join", 0, 999, "The field or group that is put behind this one, after a blank (default none)."),
    point(TIDEGATE_KEY_TEXT, "valid_if", "When there is a value at all: 2 = A|D, or 2 != V (default: always)."),
    point(TIDEGATE_KEY_TEXT, "time_format", "A timestamp's letters: YYYY YY MM DD hh mm ss, f for .123, X for S or W."),
    point(TIDEGATE_KEY_TEXT, "zone", "A timestamp's zone in winter: Z or +01:00 (default: none is said)."),
    point(TIDEGATE_KEY_TEXT, "unit_sent", "The unit that must stand behind the value of a key, such as kWh (default: any)."),
};

}  // namespace

std::span<const tidegate_key> config_keys() { return keys; }

}  // namespace serial
