// tests/adapters/serial_fields_test.cpp: where values stand in a message, and what they mean.
// Not here: the keys of the config (serial_definition_test.cpp).
#include <catch2/catch.hpp>

#include "tests/adapters/support/serial_plant.hpp"

using test::plant;
using test::readings;

namespace {

/// What one point of these keys makes of a line.
std::string read_line(const std::string& keys, const std::string& line, const std::string& device = "frame: { end: '\\x1E' }") {
    plant made("  every: 1s\n  mode: listen\n  silent_ok: true\n  " + device + "\n  points:\n    p: { " + keys + " }\n");
    made.line().bring(device.find("gap") == std::string::npos ? line + "\x1E" : line);
    const auto got = made.poll();
    if (made.failures.count("p") > 0) return "! " + made.failures["p"];
    return got.count("p") > 0 ? got.at("p") : "nothing";
}

std::string read_bytes(const std::string& keys, std::string_view hex) {
    std::string fault;
    return read_line(keys, serial::parse_bytes(hex, true, fault).at(0).text, "frame: { type: gap, gap: 10ms }");
}

}  // namespace

TEST_CASE("serial fields: numbers", "[serial][fields]") {
    CHECK(read_line("field: 0", "5") == "5");
    CHECK(read_line("field: 0", " -007 ") == "-7");
    CHECK(read_line("field: 0", "+0012.50") == "12.5");
    CHECK(read_line("field: 0", "5.0") == "5.0");
    CHECK(read_line("field: 0", "1.5E+3") == "1500.0");
    CHECK(read_line("field: 0", "9.91E37") == "9.91e+37");
    CHECK(read_line("field: 0", "123456789012345678") == "123456789012345678");
    for (const char* const text : {"-", "+", ".", "1.2.3", "1,", "0x10", "1e", "1e+", "1e+-3", "--1", "1 2", "abc",
                                   "1234567890123456789", "1e999", "nan", "inf"}) {
        INFO(text);
        CHECK(read_line(std::string("regex: '.*'"), text).starts_with("! "));
    }
    CHECK(read_line("field: 1", "1,,3") == "null");
    CHECK(read_line("field: 3", "1,,3") == "! the message has no field 3");
    // Exact as decimals.
    CHECK(read_line("field: 0, scale: 0.1", "3") == "0.3");
    CHECK(read_line("field: 0, scale: 0.1, offset: -40", "604") == "20.4");
    CHECK(read_line("field: 0, scale: 2", "3") == "6.0");
    CHECK(read_line("field: 0, type: hex", "FF") == "255");
    CHECK(read_line("field: 0, type: hex", "FFFFFFFFFFFFFFFF") == "18446744073709551615u");
    CHECK(read_line("field: 0, type: hex", "FG") == "! \"FG\" isn't hexadecimal");
    CHECK(read_line("field: 0, sign: 1", "5,-") == "-5");
    CHECK(read_line("field: 0, sign: 1", "5.5,W") == "-5.5");
    CHECK(read_line("field: 0, sign: 1", "5,N") == "5");
    CHECK(read_line("field: 0, sign: 1", "5,?") == "! \"?\" isn't a sign");
}

TEST_CASE("serial fields: separators", "[serial][fields]") {
    CHECK(read_line("field: 1, type: text", "a;b,c;d", "separator: ;\n  frame: { end: '\\x1E' }") == "b,c");
    CHECK(read_line("field: 2", "  a   b  7 ", "separator: ' '\n  frame: { end: '\\x1E' }") == "7");
    CHECK(read_line("field: 3", "  a   b  7 ", "separator: ' '\n  frame: { end: '\\x1E' }").starts_with("! "));
    CHECK(read_line("field: 1, type: text", "0,\"No error, really\",2") == "No error, really");
    CHECK(read_line("field: 2", "0,\"No error, really\",2") == "2");
    CHECK(read_line("field: 1, type: text", "0,\"open") == "\"open");
}

TEST_CASE("serial fields: columns and patterns", "[serial][fields]") {
    CHECK(read_line("columns: 3..7", "ab12.34kg") == "12.34");
    CHECK(read_line("columns: 8..9, type: text", "ab12.34kg") == "kg");
    CHECK(read_line("columns: 8..20, type: text", "ab12.34kg") == "kg");
    CHECK(read_line("columns: 10..20", "ab12.34kg") == "! the message has no column 10");
    CHECK(read_line("columns: 3..7, sign: 2", "a-12.34kg") == "-12.34");
    CHECK(read_line("columns: 3..7, valid_if: 1 = a|b", "b 12.34kg") == "12.34");
    CHECK(read_line("columns: 3..7, valid_if: 1 = a|b", "c 12.34kg") == "null");
    CHECK(read_line("regex: 'T=([0-9.]+)'", "H=1 T=21.5") == "21.5");
    CHECK(read_line("regex: '[0-9.]+'", "H=1 T=21.5") == "1");
    CHECK(read_line("regex: '(.)=(\\d+)', group: 2, valid_if: 1 = H", "H=1") == "1");
    CHECK(read_line("regex: 'T=(\\d+)'", "H=1") == "! \"H=1\" isn't of the pattern");
}

TEST_CASE("serial fields: keys", "[serial][fields]") {
    const std::string block =
        "/XXX5(1)\r\n1-0:1.8.0*255(000123.4*kWh)\r\n0.0.0(12345678)\r\nP.01(1)(2)(3)\r\n(4)\r\n(5*V)(6)\r\nC(7)\r\n!";
    CHECK(read_line("key: 1.8.0", block) == "123.4");
    CHECK(read_line("key: '1-0:1.8.0*255'", block) == "123.4");
    CHECK(read_line("key: '1-0:1.8.0'", block) == "! the message has no 1-0:1.8.0");
    CHECK(read_line("key: 0.0.0, type: text", block) == "12345678");
    CHECK(read_line("key: P.01", block) == "1");
    CHECK(read_line("key: P.01, value: 3", block) == "4");
    CHECK(read_line("key: P.01, value: -2, unit_sent: V", block) == "5");
    CHECK(read_line("key: P.01, value: -1", block) == "6");
    CHECK(read_line("key: P.01, value: 6", block) == "! P.01 has no value of number 6");
    CHECK(read_line("key: C", block) == "7");
    CHECK(read_line("key: 1.8.0, unit_sent: Wh", block) == "! 1.8.0 isn't in Wh: 000123.4*kWh");
    CHECK(read_line("key: 0.0.0, unit_sent: Wh", block) == "! 0.0.0 isn't in Wh: 12345678");
    CHECK(read_line("key: 1.8.0, valid_if: 0.0.0 = 12345678", block) == "123.4");
    CHECK(read_line("key: 1.8.0, valid_if: 0.0.0 != 12345678", block) == "null");
    CHECK(read_line("key: A", "A(1)\r\nA(2)\r\n") == "! A comes twice, with different values");
    CHECK(read_line("key: A", "A(1)\r\nA(1)\r\n") == "1");
    CHECK(read_line("key: A", "A(1\r\n").starts_with("! "));
    CHECK(read_line("key: A", "A(1)x(2)\r\n").starts_with("! "));
    CHECK(read_line("key: A", "A((1)\r\n").starts_with("! "));
    CHECK(read_line("key: A", "A()\r\n") == "null");
    CHECK(read_line("key: XXX5", block).starts_with("! "));
}

TEST_CASE("serial fields: bytes", "[serial][fields]") {
    CHECK(read_bytes("at: 0, type: uint8", "FF") == "255");
    CHECK(read_bytes("at: 1, type: int8", "00 FE") == "-2");
    CHECK(read_bytes("at: 0, type: uint16", "01 02") == "258");
    CHECK(read_bytes("at: 0, type: uint16, order: little", "01 02") == "513");
    CHECK(read_bytes("at: 0, type: int16", "FF FE") == "-2");
    CHECK(read_bytes("at: 0, type: int24", "FF FF FE") == "-2");
    CHECK(read_bytes("at: 0, type: uint24, order: little", "01 00 01") == "65537");
    CHECK(read_bytes("at: 0, type: int32", "80 00 00 00") == "-2147483648");
    CHECK(read_bytes("at: 0, type: uint32", "FF FF FF FF") == "4294967295");
    CHECK(read_bytes("at: 0, type: int64", "FF FF FF FF FF FF FF FE") == "-2");
    CHECK(read_bytes("at: 0, type: uint64", "FF FF FF FF FF FF FF FF") == "18446744073709551615u");
    CHECK(read_bytes("at: 0, type: float32", "41 AC 00 00") == "21.5");
    CHECK(read_bytes("at: 0, type: float32", "7F C0 00 00") == "null");
    CHECK(read_bytes("at: 0, type: float64, order: little", "00 00 00 00 00 80 35 40") == "21.5");
    CHECK(read_bytes("at: 0, type: bcd, length: 3", "12 34 56") == "123456");
    CHECK(read_bytes("at: 0, type: bcd, length: 3, order: little, scale: 0.01", "12 34 56") == "5634.12");
    CHECK(read_bytes("at: 0, type: bcd, length: 2", "12 3A") == "! the bytes aren't decimal digits");
    CHECK(read_bytes("at: 1, type: text, length: 4", "02 41 42 20 00") == "AB");
    CHECK(read_bytes("at: 1, type: number, length: 4", "02 20 31 2E 35") == "1.5");
    CHECK(read_bytes("at: 0, type: text, length: 2", "C3 28").starts_with("! "));
    CHECK(read_bytes("at: 0, type: uint8, bits: 3", "08") == "true");
    CHECK(read_bytes("at: 0, type: uint8, bits: 2", "08") == "false");
    CHECK(read_bytes("at: 0, type: uint8, bits: 4..6", "70") == "7");
    CHECK(read_bytes("at: 0, type: uint8, bits: 4..6, enum: [7=on]", "70") == "on");
    CHECK(read_bytes("at: 0, type: int16, null: [-32768]", "80 00") == "null");
    CHECK(read_bytes("at: 0, type: uint16, scale: 0.1, null: [65535]", "FF FF") == "null");
    CHECK(read_bytes("at: 0, type: uint16, scale: 0.1", "FF FE") == "6553.4");
    CHECK(read_bytes("at: 0, type: uint8, valid_if: 1 = 3", "07 03") == "7");
    CHECK(read_bytes("at: 0, type: uint8, valid_if: 1 = 3", "07 04") == "null");
    CHECK(read_bytes("at: 0, type: uint8, valid_if: 2 = 3", "07 04") == "! the message has no byte 2");
    CHECK(read_bytes("at: 1, type: uint16", "01 02") == "! the message ends before byte 3 of it");
}

TEST_CASE("serial fields: names, and no value", "[serial][fields]") {
    CHECK(read_line("field: 0, type: text, enum: [A=valid, V=void]", "V") == "void");
    CHECK(read_line("field: 0, type: text, enum: [A=valid, V=void]", "X") == "X");
    CHECK(read_line("field: 0, enum: ['0=off', '1=on']", "1") == "on");
    CHECK(read_line("field: 0, enum: ['0=off', '1=on']", "2") == "2");
    CHECK(read_line("field: 0, null: ['----', 9.9E37]", "----") == "null");
    CHECK(read_line("field: 0, null: ['----', 9.9E37]", "+9.90000E+37") == "null");
    CHECK(read_line("field: 0, null: ['----', 9.9E37]", "9.8E37") == "9.8e+37");
    CHECK(read_line("field: 0, type: text", "\xC3\xA4") == "\xC3\xA4");
    CHECK(read_line("field: 0, type: text", "\xE4").starts_with("! "));
}

TEST_CASE("serial fields: coordinates", "[serial][fields]") {
    using serial::read_coordinate;
    CHECK(read_coordinate("4807.038") == Approx(48.1173));
    CHECK(read_coordinate("00000.000") == 0.0);
    CHECK(read_coordinate("17959.9999") == Approx(179.999998333));
    for (const char* const text : {"", "4860.0", "18101.0", "807", "4807.0x", "-4807.0", "48 07.0", "4807.0.1", "1234567.0"}) {
        INFO(text);
        CHECK_FALSE((read_coordinate(text) && std::string(text) != "807"));
    }
    CHECK(read_line("field: 0, sign: 1, type: coordinate", "4807.038,S") == "-48.1173");
}

TEST_CASE("serial fields: timestamps", "[serial][fields]") {
    using serial::read_timestamp;
    CHECK(read_timestamp("170102192002W", "YYMMDDhhmmssX", 60) == "2017-01-02T19:20:02+01:00");
    CHECK(read_timestamp("170702192002S", "YYMMDDhhmmssX", 60) == "2017-07-02T19:20:02+02:00");
    CHECK(read_timestamp("123519.25 230394", "hhmmssf DDMMYY", 0) == "1994-03-23T12:35:19.25Z");
    CHECK(read_timestamp("123519 230394", "hhmmssf DDMMYY", 0) == "1994-03-23T12:35:19Z");
    CHECK(read_timestamp("2024-02-29", "YYYY-MM-DD", std::nullopt) == "2024-02-29");
    CHECK(read_timestamp("23:59", "hh:mm", std::nullopt) == "23:59:00");
    CHECK(read_timestamp("2024-02-29 01:02", "YYYY-MM-DD hh:mm", -210) == "2024-02-29T01:02:00-03:30");
    for (const char* const text :
         {"2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-1-01", "2024-01-011", "2024/01/01", ""}) {
        INFO(text);
        CHECK_FALSE(read_timestamp(text, "YYYY-MM-DD", std::nullopt));
    }
    CHECK_FALSE(read_timestamp("240000", "hhmmss", 0));
    CHECK_FALSE(read_timestamp("170102192002Z", "YYMMDDhhmmssX", 60));
    CHECK(serial::fault_of_format("hhmmssf DDMMYY", false).empty());
    for (const char* const format : {"", "YYMM", "YYMMDDhh", "hhmmhh", "hhmmssX", "abc", "YYYYYYMMDD"}) {
        INFO(format);
        CHECK_FALSE(serial::fault_of_format(format, false).empty());
    }
    CHECK(read_line("field: 0, join: 1, type: timestamp, time_format: hhmmss DDMMYY, zone: Z", "123519,230394") ==
          "1994-03-23T12:35:19Z");
    CHECK(read_line("field: 0, join: 1, type: timestamp, time_format: hhmmss DDMMYY, zone: Z", "123519,") == "null");
    CHECK(
        read_line("field: 0, join: 1, type: timestamp, time_format: hhmmss DDMMYY, zone: Z", "123519,310294").starts_with("! "));
}
