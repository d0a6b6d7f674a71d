// tests/adapters/modbus_codec_test.cpp: vectors worked out by hand from the formats' definitions, and every type × order there
// and back. Not here: how a config says it (modbus_points_test.cpp).
#include "adapters/modbus/codec.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "adapters/modbus/codec_float.hpp"

using namespace modbus;
using words = std::vector<std::uint16_t>;

namespace {

encoding of(std::string_view type, std::string_view order = "") {
    const auto* row = find_type(type);
    REQUIRE(row);
    encoding how;
    how.type = row->type;
    how.registers = row->registers;
    if (!order.empty()) {
        const auto parsed = parse_order(order, *row);
        REQUIRE(parsed);
        how.order = *parsed;
    }
    return how;
}

encoding text_of(std::string_view type, std::uint16_t registers, charset text = charset::utf8) {
    auto how = of(type);
    how.registers = registers;
    how.text = text;
    return how;
}

encoding scaled(encoding how, std::string_view scale, std::string_view offset = "0") {
    const auto made = scaling::make(*parse_decimal(scale), *parse_decimal(offset));
    REQUIRE(made);
    how.scale = *made;
    return how;
}

value read(const encoding& how, const words& registers) {
    const auto result = decode(how, registers);
    CHECK(result.failure.empty());
    return result.value;
}

words write(const encoding& how, const value& what) {
    const auto result = encode(how, what);
    CHECK(result.failure.empty());
    return result.registers;
}

std::string shortest(double number) {
    std::array<char, 40> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

value natural(std::uint64_t number) { return number; }
value integer(std::int64_t number) { return number; }

struct vector_row {
    const char* type;
    const char* order;
    words registers;
    modbus::value value;
};

}  // namespace

TEST_CASE("codec: values worked out by hand", "[modbus][codec]") {
    // clang-format off
    const std::vector<vector_row> rows = {
        // 0x1234 = 4660; BA: 0x3412 = 13330
        {"uint16", "AB", {0x1234}, natural(4660)},
        {"uint16", "BA", {0x1234}, natural(13330)},
        {"uint16", "", {0xFFFF}, natural(65535)},
        {"int16", "", {0xFFFF}, integer(-1)},
        {"int16", "", {0x8000}, integer(-32768)},
        {"int16", "", {0x7FFF}, integer(32767)},
        {"int16", "", {0xFF33}, integer(-205)},        // XY-MD02, from its listing: 0xFF33 is -20.5 °C
        {"int16", "BA", {0x33FF}, integer(-205)},
        // The low byte, unless high is said.
        {"uint8", "", {0x12F4}, natural(0xF4)},
        {"int8", "", {0x12F4}, integer(-12)},
        {"uint8_high", "", {0xF412}, natural(0xF4)},
        {"int8_high", "", {0xF412}, integer(-12)},
        // 24 bits: A is not part of the number.
        {"uint24", "ABCD", {0x0012, 0x3456}, natural(0x123456)},
        {"uint24", "ABCD", {0xAB12, 0x3456}, natural(0x123456)},
        {"uint24", "CDAB", {0x3456, 0x0012}, natural(0x123456)},
        {"uint24", "BADC", {0x1200, 0x5634}, natural(0x123456)},
        {"uint24", "DCBA", {0x5634, 0x1200}, natural(0x123456)},
        {"int24", "", {0x00FF, 0xFFFE}, integer(-2)},
        {"int24", "", {0x007F, 0xFFFF}, integer(8388607)},
        // 0x12345678 = 305419896
        {"uint32", "ABCD", {0x1234, 0x5678}, natural(305419896)},
        {"uint32", "CDAB", {0x5678, 0x1234}, natural(305419896)},
        {"uint32", "BADC", {0x3412, 0x7856}, natural(305419896)},
        {"uint32", "DCBA", {0x7856, 0x3412}, natural(305419896)},
        {"uint32", "", {0xFFFF, 0xFFFF}, natural(4294967295)},
        {"int32", "", {0xFFFF, 0xFFFE}, integer(-2)},
        {"int32", "CDAB", {0xFFFE, 0xFFFF}, integer(-2)},
        {"int32", "", {0x8000, 0x0000}, integer(-2147483648LL)},
        // 0x123456789ABC = 20015998343868
        {"uint48", "ABCDEF", {0x1234, 0x5678, 0x9ABC}, natural(20015998343868)},
        {"uint48", "EFCDAB", {0x9ABC, 0x5678, 0x1234}, natural(20015998343868)},
        {"uint48", "BADCFE", {0x3412, 0x7856, 0xBC9A}, natural(20015998343868)},
        {"uint48", "FEDCBA", {0xBC9A, 0x7856, 0x3412}, natural(20015998343868)},
        {"int48", "", {0xFFFF, 0xFFFF, 0xFFFD}, integer(-3)},
        // 0x0102030405060708 = 72623859790382856
        {"uint64", "ABCDEFGH", {0x0102, 0x0304, 0x0506, 0x0708}, natural(72623859790382856)},
        {"uint64", "GHEFCDAB", {0x0708, 0x0506, 0x0304, 0x0102}, natural(72623859790382856)},
        {"uint64", "BADCFEHG", {0x0201, 0x0403, 0x0605, 0x0807}, natural(72623859790382856)},
        {"uint64", "HGFEDCBA", {0x0807, 0x0605, 0x0403, 0x0201}, natural(72623859790382856)},
        {"uint64", "", {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, natural(18446744073709551615u)},
        {"int64", "", {0x8000, 0, 0, 0}, integer(std::numeric_limits<std::int64_t>::min())},
        {"int64", "", {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE}, integer(-2)},
        // The four-letter names at other widths.
        {"uint64", "CDAB", {0x0708, 0x0506, 0x0304, 0x0102}, natural(72623859790382856)},
        {"uint48", "BADC", {0x3412, 0x7856, 0xBC9A}, natural(20015998343868)},
        {"uint64", "dcba", {0x0807, 0x0605, 0x0403, 0x0201}, natural(72623859790382856)},
        {"uint16", "ABCD", {0x1234}, natural(4660)},
        {"uint16", "CDAB", {0x1234}, natural(4660)},
        {"uint16", "DCBA", {0x1234}, natural(13330)},
        // 123456.0 = 1.8837890625 × 2^16: 0x47F12000. The order that libmodbus's setters got wrong is BADC: F147 0020.
        {"float32", "ABCD", {0x47F1, 0x2000}, 123456.0f},
        {"float32", "CDAB", {0x2000, 0x47F1}, 123456.0f},
        {"float32", "BADC", {0xF147, 0x0020}, 123456.0f},
        {"float32", "DCBA", {0x0020, 0xF147}, 123456.0f},
        {"float32", "", {0x4366, 0x199A}, 230.1f},
        {"float32", "", {0xC248, 0x0000}, -50.0f},
        // 1.0 = 0x3FF0…, -2.5 = 0xC004…
        {"float64", "", {0x3FF0, 0, 0, 0}, 1.0},
        {"float64", "GHEFCDAB", {0, 0, 0, 0xC004}, -2.5},
        {"float64", "HGFEDCBA", {0, 0, 0, 0x04C0}, -2.5},
        {"float64", "", {0x3FB9, 0x9999, 0x9999, 0x999A}, 0.1},
        // binary16: 1.0 = 3C00, -2 = C000, 65504 = 7BFF, 2^-24 = 0001
        {"float16", "", {0x3C00}, 1.0f},
        {"float16", "BA", {0x00C0}, -2.0f},
        {"float16", "", {0x7BFF}, 65504.0f},
        {"float16", "", {0x0001}, 5.9604644775390625e-8f},
        {"bcd16", "", {0x1234}, natural(1234)},
        {"bcd16", "BA", {0x3412}, natural(1234)},
        {"bcd32", "", {0x1234, 0x5678}, natural(12345678)},
        {"bcd32", "CDAB", {0x5678, 0x1234}, natural(12345678)},
        {"bcd64", "", {0x9999, 0x9999, 0x9999, 0x9999}, natural(9999999999999999)},
        // 1234 × 10000 + 5678
        {"m10k32", "", {1234, 5678}, natural(12345678)},
        {"m10k32", "CDAB", {5678, 1234}, natural(12345678)},
        {"m10k32", "BADC", {0xD204, 0x2E16}, natural(12345678)},
        {"m10k48", "", {9999, 9999, 9999}, natural(999999999999)},
        {"m10k64", "CDAB", {4, 3, 2, 1}, natural(1000200030004)},
        {"m10k64", "", {9999, 9999, 9999, 9999}, natural(9999999999999999)},
        {"m10k32_signed", "", {0xFFFF, 0xFFFE}, integer(-10002)},
        {"m10k32_signed", "", {0, 0xFFFE}, integer(-2)},
        {"m10k32_signed", "", {0xFFFF, 0}, integer(-10000)},
        {"m10k48_signed", "", {0xD8F1, 0xD8F1, 0xD8F1}, integer(-999999999999)},
        {"m10k64_signed", "CDAB", {4, 3, 2, 1}, integer(1000200030004)},
        {"sm16", "", {0x8005}, integer(-5)},
        {"sm16", "", {0x7FFF}, integer(32767)},
        {"sm16", "BA", {0x0580}, integer(-5)},
        {"sm32", "", {0x8000, 0x0001}, integer(-1)},
        {"sm32", "CDAB", {0xFFFF, 0xFFFF}, integer(-2147483647)},
    };
    // clang-format on
    for (const auto& row : rows) {
        CAPTURE(row.type, row.order);
        const auto how = of(row.type, row.order);
        CHECK(read(how, row.registers) == row.value);
        const auto& type = row_of(how.type);
        if (type.bits == 16 * type.registers) CHECK(write(how, row.value) == row.registers);
    }
    SECTION("bits that the type leaves free are written as 0, or as the sign") {
        CHECK(write(of("uint24", "CDAB"), natural(0x123456)) == words{0x3456, 0x0012});
        CHECK(write(of("int24"), integer(-2)) == words{0xFFFF, 0xFFFE});
        CHECK(write(of("int8"), integer(-12)) == words{0x00F4});
        CHECK(write(of("int8_high"), integer(-12)) == words{0xF400});
    }
}

TEST_CASE("codec: numbers of ten thousands and of sign and magnitude that are none", "[modbus][codec]") {
    CHECK(decode(of("m10k32"), words{0, 10000}).failure == "a register holds 10000, and each goes to 9999");
    CHECK(decode(of("m10k32_signed"), words{0, 0x8000}).failure == "a register holds -32768, and each goes from -9999 to 9999");
    CHECK(decode(of("m10k32_signed"), words{1, 0xFFFF}).failure == "some of its registers are negative and others positive");
    CHECK(read(of("sm16"), {0x8000}) == integer(0));  // the other zero
    CHECK(encode(of("m10k32"), integer(100'000'000)).failure == "out of range: an m10k32 holds 0..99999999");
    CHECK(encode(of("m10k32_signed"), integer(-100'000'000)).failure ==
          "out of range: an m10k32_signed holds -99999999..99999999");
    CHECK(encode(of("sm16"), integer(-32768)).failure == "out of range: an sm16 holds -32767..32767");
    CHECK(read(scaled(of("m10k32"), "0.1"), {1234, 5678}) == value(1234567.8));
    CHECK(parse_null_bits("10000", *find_type("m10k32")) == 0x0001'0000u);
    CHECK(parse_null_bits("0xFFFFFFFF", *find_type("m10k32")) == 0xFFFF'FFFFu);
    CHECK(parse_null_bits("-5", *find_type("sm16")) == 0x8005u);
}

TEST_CASE("codec: bit fields", "[modbus][codec]") {
    auto how = of("uint16");
    how.field = bit_field{4, 4};
    CHECK(read(how, {0x1234}) == natural(3));
    CHECK(read(scaled(how, "0.5"), {0x1234}) == value(1.5));
    CHECK(write(how, natural(0xF)) == words{0x00F0});
    CHECK(owned_bits(how) == words{0x00F0});
    CHECK(encode(how, integer(16)).failure == "out of range: a field of 4 bits holds 0..15");
    SECTION("of a signed type are signed") {
        auto twelve = of("int16");
        twelve.field = bit_field{0, 12};
        CHECK(read(twelve, {0xAFFF}) == integer(-1));
        CHECK(read(twelve, {0xA7FF}) == integer(2047));
        CHECK(write(twelve, integer(-1)) == words{0x0FFF});
        CHECK(encode(twelve, integer(-2049)).failure == "out of range: a field of 12 bits holds -2048..2047");
    }
    SECTION("across registers, in any order") {
        auto wide = of("uint32", "DCBA");
        wide.field = bit_field{12, 8};
        CHECK(read(wide, {0x7856, 0x3412}) == natural(0x45));
        CHECK(owned_bits(wide) == words{0x00F0, 0x0F00});
        auto high = of("uint8_high");
        high.field = bit_field{4, 4};
        CHECK(read(high, {0xA000}) == natural(10));
        CHECK(write(high, natural(10)) == words{0xA000});
        high.field.reset();
        high.bit = 7;
        CHECK(write(high, true) == words{0x8000});
        CHECK(owned_bits(high) == words{0x8000});
    }
    SECTION("no value is compared before") {
        how.null_bits = {0xFFFF};
        CHECK(read(how, {0xFFFF}) == value(no_value{}));
        CHECK(read(how, {0x00F0}) == natural(15));
    }
    SECTION("named") {
        how.names = {{3, "auto"}};
        CHECK(read(how, {0x1234}) == value(std::string("auto")));
        CHECK(write(how, std::string("auto")) == words{0x0030});
    }
}

TEST_CASE("codec: flags", "[modbus][codec]") {
    auto how = of("uint16");
    how.flags = {{0, "alarm"}, {3, "pump"}, {15, "door open"}};
    CHECK(read(how, {0x0009}) == value(std::string("alarm,pump")));
    CHECK(read(how, {0x8004}) == value(std::string("door open")));  // bit 2 has no name
    CHECK(read(how, {0}) == value(std::string()));
    CHECK(write(how, std::string("door open,alarm")) == words{0x8001});
    CHECK(write(how, std::string()) == words{0});
    CHECK(owned_bits(how) == words{0x8009});
    CHECK(encode(how, std::string("alarm,fan")).failure == "\"fan\" is none of alarm, pump, door open");
    CHECK(encode(how, std::string("alarm,,pump")).failure == "\"\" is none of alarm, pump, door open");
    CHECK(encode(how, integer(1)).failure == "flags are a text: the names of the bits to set, separated by commas");
}

TEST_CASE("codec: bytes", "[modbus][codec]") {
    auto how = of("bytes");
    how.registers = 2;
    CHECK(read(how, {0x00FF, 0xA50B}) == value(std::string("00FFA50B")));
    CHECK(write(how, std::string("00ffA50b")) == words{0x00FF, 0xA50B});
    CHECK(encode(how, std::string("00FF")).failure == "the text has 4 hexadecimal digits, and it takes 8, two for each byte");
    CHECK(encode(how, std::string("00FF0x0B")).failure == "\"00FF0x0B\" has characters that are no hexadecimal digits");
    CHECK(encode(how, std::string("-0FF000B")).failure == "\"-0FF000B\" has characters that are no hexadecimal digits");
    CHECK(encode(how, integer(1)).failure == "only a text can be written to bytes");
    how.order.bytes_swapped = true;
    CHECK(read(how, {0x00FF, 0xA50B}) == value(std::string("FF000BA5")));
    CHECK(order_names(*find_type("bytes")) == "AB, BA");
}

TEST_CASE("codec: times", "[modbus][codec]") {
    const auto text = [](const char* type, const words& registers, const char* order = "") {
        return read(of(type, order), registers);
    };
    const auto is = [](const char* written) { return value(std::string(written)); };
    // 1 795 378 510 = 0x6B03354E: 2026-11-22T20:15:10Z, as date -u tells it
    CHECK(text("unix32", {0x6B03, 0x4D4E}) == is("2026-11-22T20:15:10"));
    CHECK(text("unix32", {0x4D4E, 0x6B03}, "CDAB") == is("2026-11-22T20:15:10"));
    CHECK(text("unix64", {0, 0, 0x6B03, 0x4D4E}) == is("2026-11-22T20:15:10"));
    CHECK(text("unix32", {0, 0}) == is("1970-01-01T00:00:00"));
    CHECK(text("unix32", {0xFFFF, 0xFFFF}) == is("2106-02-07T06:28:15"));
    CHECK(text("unix64_ms", {0, 0, 0, 1234}) == is("1970-01-01T00:00:01.234"));
    CHECK(text("datetime3", {2026, 2, 28}) == is("2026-02-28"));
    CHECK(text("datetime6", {2026, 11, 22, 20, 15, 10}) == is("2026-11-22T20:15:10"));
    CHECK(text("datetime6", {26, 11, 22, 20, 15, 10}) == is("2026-11-22T20:15:10"));
    CHECK(text("datetime6", {10, 15, 20, 22, 11, 26}, "CDAB") == is("2026-11-22T20:15:10"));
    // year 26 | month 11, day 22 with its day of the week (Sunday: 7) | hour 20, minute 15 | 10 123 ms
    CHECK(text("datetime4", {26, 11 << 8 | 7 << 5 | 22, 20 << 8 | 15, 10123}) == is("2026-11-22T20:15:10.123"));
    // 10 123 ms = 0x278B, so 8B 27 0F 14 F6 0B 1A and a free byte; in the hour byte 0x80 is summer time
    CHECK(text("cp56time2a", {0x8B27, 0x0F14, 0xF60B, 0x1A00}) == is("2026-11-22T20:15:10.123"));
    CHECK(text("cp56time2a", {0x8B27, 0x0F94, 0xF60B, 0x1A55}) == is("2026-11-22T20:15:10.123"));
    CHECK(text("cp56time2a", {0x278B, 0x140F, 0x0BF6, 0x001A}, "BADC") == is("2026-11-22T20:15:10.123"));
    CHECK(text("bcd_date", {0x2026, 0x1122}) == is("2026-11-22"));
    CHECK(text("bcd_datetime", {0x2611, 0x2220, 0x1510}) == is("2026-11-22T20:15:10"));
    SECTION("UTC has its Z, a date hasn't") {
        auto how = of("unix32");
        how.utc = true;
        CHECK(read(how, {0, 0}) == is("1970-01-01T00:00:00Z"));
        auto date = of("datetime3");
        date.utc = true;
        CHECK(read(date, {2026, 2, 28}) == is("2026-02-28"));
    }
    SECTION("what doesn't exist is a failure") {
        const auto failure = [](const char* type, const words& registers) { return decode(of(type), registers).failure; };
        CHECK(failure("datetime3", {2026, 2, 29}) == "2026-02-29 is no date that exists");
        CHECK(failure("datetime3", {2024, 2, 29}).empty());
        CHECK(failure("datetime3", {0, 0, 0}) == "2000-00-00 is no date that exists");
        CHECK(failure("datetime3", {2026, 13, 1}) == "2026-13-01 is no date that exists");
        CHECK(failure("datetime3", {2026, 258, 1}) == "2026-258-01 is no date that exists");
        CHECK(failure("datetime3", {2026, 1, 257}) == "2026-01-257 is no date that exists");
        CHECK(failure("datetime3", {10000, 1, 1}) == "10000-01-01 is no date that exists");
        CHECK(failure("datetime6", {2026, 1, 1, 24, 0, 0}) == "2026-01-01T24:00:00 is no time that exists");
        CHECK(failure("datetime6", {2026, 1, 1, 0, 60, 0}) == "2026-01-01T00:60:00 is no time that exists");
        CHECK(failure("datetime6", {2026, 1, 1, 0, 0, 60}) == "2026-01-01T00:00:60 is no time that exists");
        CHECK(failure("datetime4", {26, 11 << 8 | 22, 20 << 8 | 0x80 | 15, 0}) == "the device marks its time as invalid");
        CHECK(failure("datetime4", {26, 11 << 8 | 22, 20 << 8 | 15, 60000}) == "2026-11-22T20:15:60.000 is no time that exists");
        CHECK(failure("cp56time2a", {0x8B27, 0x8F14, 0xF60B, 0x1A00}) == "the device marks its time as invalid");
        CHECK(failure("cp56time2a", {0, 0, 0x0101, 100 << 8}) == "2100-01-01T00:00:00.000 is no time that exists");
        CHECK(failure("bcd_date", {0x202A, 0x1122}) == "0x202A1122 is not a BCD number: a digit is beyond 9");
        CHECK(failure("bcd_datetime", {0x2611, 0x3120, 0x1510}) == "2026-11-31T20:15:10 is no time that exists");
        CHECK(failure("unix64", {0x7FFF, 0, 0, 0}) == "9223090561878065152 lies beyond the year 9999");
    }
    SECTION("no value") {
        auto how = of("bcd_date");
        how.null_bits = {*parse_null_bits("0", *find_type("bcd_date"))};
        CHECK(read(how, {0, 0}) == value(no_value{}));
        CHECK(parse_null_bits("0xFFFFFFFF", *find_type("unix32")) == 0xFFFF'FFFFu);
        CHECK(parse_null_bits("0", *find_type("datetime6")) == std::nullopt);  // no number of 64 bits
    }
    SECTION("are written as they are read") {
        const auto failure = [](const encoding& how, const char* written) { return encode(how, std::string(written)).failure; };
        auto local = of("unix32");
        auto utc = local;
        utc.utc = true;
        CHECK(write(local, std::string("2026-11-22T20:15:10")) == words{0x6B03, 0x4D4E});
        CHECK(write(utc, std::string("2026-11-22 20:15:10Z")) == words{0x6B03, 0x4D4E});
        CHECK(failure(utc, "2026-11-22T20:15:10") == "the device keeps UTC: write the time with a Z at its end");
        CHECK(failure(local, "2026-11-22T20:15:10Z") == "the device keeps a time of its own: write the time without Z");
        CHECK(failure(local, "2026-11-22") == "\"2026-11-22\" is not written as 2026-11-22T20:15:10");
        CHECK(failure(local, "2026-11-22T20:15:10+01:00") ==
              "\"2026-11-22T20:15:10+01:00\" is not written as 2026-11-22T20:15:10");
        CHECK(failure(local, "2026-11-22T20:15:1") == "\"2026-11-22T20:15:1\" is not written as 2026-11-22T20:15:10");
        CHECK(failure(local, "2026-11-22T20:15:10.5") == "the device knows whole seconds only");
        CHECK(failure(local, "2106-02-07T06:28:16") == "\"2106-02-07T06:28:16\" is out of the range of a unix32");
        CHECK(failure(of("datetime4"), "1999-12-31T00:00:00") ==
              "\"1999-12-31T00:00:00\" doesn't exist, or is out of the range of a datetime4");
        CHECK(failure(of("datetime3"), "2026-02-30") == "\"2026-02-30\" doesn't exist, or is out of the range of a datetime3");
        CHECK(write(of("datetime4"), std::string("2026-11-22T20:15:10.5")) == words{26, 11 << 8 | 22, 20 << 8 | 15, 10500});
        CHECK(encode(local, integer(5)).failure == "only a text can be written to a unix32");
    }
}

TEST_CASE("codec: a reply from a device's documentation", "[modbus][codec]") {
    // PZEM-004T: 01 04 14 08D1 006C 0000 00F4 0000 0026 0000 01F4 0064 0000: 225.7 V, 0.108 A, 24.4 W, 38 Wh, 50.0 Hz, PF 1.00
    const words reply{0x08D1, 0x006C, 0x0000, 0x00F4, 0x0000, 0x0026, 0x0000, 0x01F4, 0x0064, 0x0000};
    const auto part = [&](std::size_t from, std::size_t count) {
        return words(reply.begin() + long(from), reply.begin() + long(from + count));
    };
    CHECK(read(scaled(of("uint16"), "0.1"), part(0, 1)) == value(225.7));
    CHECK(read(scaled(of("uint32", "CDAB"), "0.001"), part(1, 2)) == value(0.108));
    CHECK(read(scaled(of("uint32", "CDAB"), "0.1"), part(3, 2)) == value(24.4));
    CHECK(read(of("uint32", "CDAB"), part(5, 2)) == natural(38));
    CHECK(read(scaled(of("uint16"), "0.1"), part(7, 1)) == value(50.0));
    CHECK(read(scaled(of("uint16"), "0.01"), part(8, 1)) == value(1.0));
}

TEST_CASE("codec: bits", "[modbus][codec]") {
    encoding coil;
    coil.type = value_type::boolean;
    CHECK(read(coil, {1}) == value(true));
    CHECK(read(coil, {0}) == value(false));
    CHECK(write(coil, true) == words{1});

    auto bit = of("uint16");
    bit.bit = 15;
    CHECK(read(bit, {0x8000}) == value(true));
    CHECK(read(bit, {0x7FFF}) == value(false));
    CHECK(write(bit, true) == words{0x8000});
    CHECK(owned_bits(bit) == words{0x8000});
    SECTION("of swapped bytes") {
        bit.order.bytes_swapped = true;
        CHECK(read(bit, {0x0080}) == value(true));
        CHECK(owned_bits(bit) == words{0x0080});
    }
    SECTION("of a wider number") {
        auto wide = of("uint32", "CDAB");
        wide.bit = 17;
        CHECK(read(wide, {0x0000, 0x0002}) == value(true));
        CHECK(read(wide, {0xFFFF, 0xFFFD}) == value(false));
        CHECK(write(wide, true) == words{0x0000, 0x0002});
    }
    SECTION("1 and 0 will do for true and false, nothing else") {
        CHECK(write(coil, integer(1)) == words{1});
        CHECK(write(coil, 0.0) == words{0});
        CHECK(encode(coil, integer(2)).failure == "a bool is true or false, 1 or 0");
        CHECK_FALSE(encode(coil, std::string("on")).failure.empty());
    }
    SECTION("named") {
        bit.names = {{0, "off"}, {1, "on"}};
        CHECK(read(bit, {0x8000}) == value(std::string("on")));
        CHECK(write(bit, std::string("on")) == words{0x8000});
        CHECK(encode(bit, std::string("up")).failure == "\"up\" is none of off, on");
    }
}

TEST_CASE("codec: scaling is decimal, not binary", "[modbus][codec]") {
    CHECK(read(scaled(of("uint16"), "0.1"), {2304}) == value(230.4));
    CHECK(read(scaled(of("uint16"), "0.1"), {3}) == value(0.3));
    CHECK(read(scaled(of("int16"), "0.1"), {0xFF33}) == value(-20.5));
    CHECK(read(scaled(of("uint16"), "1e-1"), {3}) == value(0.3));
    CHECK(read(scaled(of("uint16"), "0.1", "-40"), {405}) == value(0.5));
    CHECK(read(scaled(of("uint16"), "0.05", "0.1"), {1}) == value(0.15));
    CHECK(read(scaled(of("uint16"), "1", "-273.15"), {300}) == value(26.85));
    CHECK(read(scaled(of("uint16"), "10"), {230}) == value(2300.0));
    CHECK(read(scaled(of("uint64"), "0.001"), {0, 0, 0x0001, 0x86A1}) == value(100.001));
    CHECK(read(scaled(of("bcd16"), "0.01"), {0x1234}) == value(12.34));
    SECTION("for every raw number of 16 bits") {
        for (unsigned raw = 0; raw < 65536; ++raw) {
            const auto number =
                std::get<double>(decode(scaled(of("uint16"), "0.1"), words{static_cast<std::uint16_t>(raw)}).value);
            std::string expected = std::to_string(raw / 10);
            if (raw % 10 != 0) expected += '.' + std::to_string(raw % 10);
            std::array<char, 40> text;
            const auto end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed).ptr;
            if (std::string(text.data(), end) != expected) FAIL(raw << " × 0.1 is " << std::string(text.data(), end));
        }
    }
    SECTION("beyond 53 bits it is still the nearest double") {
        CHECK(read(scaled(of("uint64"), "0.1"), {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}) == value(1844674407370955161.5));
        CHECK(read(scaled(of("int64"), "0.001"), {0x8000, 0, 0, 0}) == value(-9223372036854775.808));
        CHECK(read(scaled(of("uint64"), "0.001"), {0x0020, 0, 0, 0x0001}) == value(9007199254740.993));  // 2^53 + 1
    }
    SECTION("as the C library reads the same decimal") {
        std::mt19937_64 random(53);
        const auto thousandths = scaled(of("uint64"), "0.001");
        for (int round = 0; round < 2000; ++round) {
            const std::uint64_t raw = random() | 1ull << 60;
            const std::string whole = std::to_string(raw);
            const std::string written = whole.substr(0, whole.size() - 3) + '.' + whole.substr(whole.size() - 3);
            REQUIRE(value_of_raw(thousandths, raw) == value(std::strtod(written.c_str(), nullptr)));
        }
    }
    SECTION("a scale of 1, however it is written, leaves integers integers") {
        CHECK(read(scaled(of("uint16"), "1.0"), {7}) == natural(7));
        CHECK(read(scaled(of("uint16"), "10e-1"), {7}) == natural(7));
    }
    SECTION("float32 stays float32") {
        CHECK(read(scaled(of("float32"), "1000"), {0x4366, 0x199A}) == value(230100.0f));
        CHECK(read(scaled(of("float32"), "0.1", "1"), {0x4248, 0x0000}) == value(6.0f));
        CHECK(decode(scaled(of("float32"), "1000"), words{0x7F7F, 0xFFFF}).failure ==
              "3.4028234663852886e+38 is too large to be scaled");
        CHECK(read(scaled(of("float64"), "0.1"), {0x4000, 0, 0, 0}) == value(0.2));
    }
}

TEST_CASE("codec: decimals", "[modbus][codec]") {
    CHECK(parse_decimal("0.1") == decimal{1, -1});
    CHECK(parse_decimal("-2.50") == decimal{-25, -1});
    CHECK(parse_decimal("1200") == decimal{12, 2});
    CHECK(parse_decimal("0.000") == decimal{0, 0});
    CHECK(parse_decimal("2.5e-3") == decimal{25, -4});
    CHECK(parse_decimal(".5") == decimal{5, -1});
    CHECK(parse_decimal("5.") == decimal{5, 0});
    CHECK(parse_decimal("+7e+2") == decimal{7, 2});
    CHECK(parse_decimal("100000000000000000000") == decimal{1, 20});
    for (const auto* bad :
         {"", "-", ".", "1,5", "0x10", "1e", "1e+-5", "1e5x", "nan", "1.2.3", "1234567890123456789", "1e23", "1e-23", " 1"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_decimal(bad));
    }
    CHECK_FALSE(scaling::make({0, 0}, {1, 0}));
    CHECK_FALSE(scaling::make({1, 20}, {1, -20}));
    CHECK_FALSE(scaling::make({999'999'999'999'999'999, 0}, {1, -1}));
}

TEST_CASE("codec: no value", "[modbus][codec]") {
    auto how = of("int16");
    how.null_bits = {0x8000};
    CHECK(read(how, {0x8000}) == value(no_value{}));
    CHECK(read(how, {0x7FFF}) == integer(32767));
    SECTION("compares before scaling") {
        const auto tenths = scaled(how, "0.1");
        CHECK(read(tenths, {0x8000}) == value(no_value{}));
    }
    SECTION("NaN and infinities always") {
        CHECK(read(of("float32"), {0xFFC0, 0x0000}) == value(no_value{}));  // as Schneider marks what isn't there
        CHECK(read(of("float32"), {0x7F80, 0x0000}) == value(no_value{}));
        CHECK(read(of("float32"), {0xFF80, 0x0001}) == value(no_value{}));
        CHECK(read(of("float64"), {0x7FF8, 0, 0, 0}) == value(no_value{}));
        CHECK(read(of("float64"), {0xFFF0, 0, 0, 0}) == value(no_value{}));
        CHECK(read(of("float16"), {0x7C00}) == value(no_value{}));
        CHECK(read(of("float16"), {0x7E01}) == value(no_value{}));
    }
    SECTION("as a person writes them") {
        const auto bits = [](std::string_view text, std::string_view type) { return parse_null_bits(text, *find_type(type)); };
        CHECK(bits("0x8000", "int16") == 0x8000);
        CHECK(bits("-32768", "int16") == 0x8000);
        CHECK(bits("32768", "int16") == 0x8000);
        CHECK(bits("65535", "int16") == 0xFFFF);
        CHECK(bits("65536", "int16") == std::nullopt);
        CHECK(bits("-32769", "int16") == std::nullopt);
        CHECK(bits("-1", "uint16") == std::nullopt);
        CHECK(bits("-1", "int8") == 0xFF);
        CHECK(bits("0x1FF", "int8") == std::nullopt);
        CHECK(bits("0xFFFFFFFFFFFFFFFF", "uint64") == 0xFFFFFFFFFFFFFFFFu);
        CHECK(bits("18446744073709551615", "uint64") == 0xFFFFFFFFFFFFFFFFu);
        CHECK(bits("0x7FFFFFFFFFFFFFFF", "int64") == 0x7FFFFFFFFFFFFFFFu);
        CHECK(bits("-9223372036854775808", "int64") == 0x8000000000000000u);
        CHECK(bits("-9999", "float32") == 0xC61C3C00u);
        CHECK(bits("0xC61C3C00", "float32") == 0xC61C3C00u);
        CHECK(bits("1e39", "float32") == std::nullopt);
        CHECK(bits("0xFFFF", "bcd16") == 0xFFFF);
        CHECK(bits("9999", "bcd16") == 0x9999);
        CHECK(bits("10000", "bcd16") == std::nullopt);
        CHECK(bits("1.5", "uint16") == std::nullopt);
        CHECK(bits("0x", "uint16") == std::nullopt);
        CHECK(bits("", "uint16") == std::nullopt);
        CHECK(bits("1", "string") == std::nullopt);
    }
    CHECK(encode(how, no_value{}).failure == "there is no value to write");
}

TEST_CASE("codec: a BCD digit beyond 9 is no number", "[modbus][codec]") {
    CHECK(decode(of("bcd16"), words{0x12AF}).failure == "0x12AF is not a BCD number: a digit is beyond 9");
    CHECK(decode(of("bcd32"), words{0xF000, 0x0000}).failure == "0xF0000000 is not a BCD number: a digit is beyond 9");
    auto how = of("bcd16");
    how.null_bits = {0xFFFF};
    CHECK(read(how, {0xFFFF}) == value(no_value{}));
}

TEST_CASE("codec: enum", "[modbus][codec]") {
    auto how = of("int16");
    how.names = {{-1, "fault"}, {0, "off"}, {1, "on"}};
    CHECK(read(how, {0xFFFF}) == value(std::string("fault")));
    CHECK(read(how, {1}) == value(std::string("on")));
    CHECK(read(how, {5}) == integer(5));
    CHECK(write(how, std::string("fault")) == words{0xFFFF});
    CHECK(write(how, integer(5)) == words{5});
    CHECK(encode(how, std::string("ON")).failure == "\"ON\" is none of fault, off, on");
}

TEST_CASE("codec: text", "[modbus][codec]") {
    CHECK(read(text_of("string", 3), {0x4142, 0x4344, 0x4546}) == value(std::string("ABCDEF")));
    CHECK(read(text_of("string", 4), {0x4142, 0x4300, 0x4142, 0x2020}) == value(std::string("ABC")));
    CHECK(read(text_of("string", 3), {0x4120, 0x4220, 0x2020}) == value(std::string("A B")));
    CHECK(read(text_of("string", 2), {0, 0}) == value(std::string()));
    CHECK(read(text_of("string", 2), {0x2020, 0x2020}) == value(std::string()));
    CHECK(read(text_of("string8", 3), {0x0041, 0x9942, 0x0043}) == value(std::string("ABC")));
    auto swapped = text_of("string", 2);
    swapped.order = *parse_order("BA", *find_type("string"));
    CHECK(read(swapped, {0x4241, 0x4443}) == value(std::string("ABCD")));
    CHECK(write(swapped, std::string("ABC")) == words{0x4241, 0x0043});
    CHECK(write(text_of("string", 3), std::string("ABC")) == words{0x4142, 0x4300, 0});
    CHECK(write(text_of("string8", 3), std::string("AB")) == words{0x0041, 0x0042, 0});
    CHECK(encode(text_of("string", 1), std::string("ABC")).failure == "the text has 3 bytes, and there is room for 2");
    CHECK(encode(text_of("string", 1), integer(3)).failure == "only a text can be written to a string");
    SECTION("character sets, and always valid UTF-8") {
        const words degree{0xB043, 0};  // "°C" in Latin-1
        CHECK(read(text_of("string", 2, charset::latin1), degree) == value(std::string("\xC2\xB0"
                                                                                       "C")));
        CHECK(read(text_of("string", 2, charset::ascii), degree) == value(std::string("\xEF\xBF\xBD"
                                                                                      "C")));
        CHECK(read(text_of("string", 2), degree) == value(std::string("\xEF\xBF\xBD"
                                                                      "C")));
        CHECK(read(text_of("string", 2), {0xC2B0, 0x4300}) == value(std::string("\xC2\xB0"
                                                                                "C")));
        CHECK(read(text_of("string", 2), {0xE282, 0x4100}) == value(std::string("\xEF\xBF\xBD\xEF\xBF\xBD"
                                                                                "A")));                    // cut short
        CHECK(read(text_of("string", 2), {0xC080, 0}) == value(std::string("\xEF\xBF\xBD\xEF\xBF\xBD")));  // overlong NUL
        CHECK(read(text_of("string", 2), {0xEDA0, 0x8000}) ==
              value(std::string("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")));  // surrogate
        CHECK(read(text_of("string", 2), {0xF09F, 0x9880}) == value(std::string("\xF0\x9F\x98\x80")));
        CHECK(read(text_of("string", 2), {0xF490, 0x8080}) ==
              value(std::string("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")));
        CHECK(write(text_of("string", 2, charset::latin1), std::string("\xC2\xB0"
                                                                       "C")) == degree);
        CHECK(write(text_of("string", 1, charset::latin1), std::string("\xC3\xBF")) == words{0xFF00});
        CHECK_FALSE(encode(text_of("string", 2, charset::latin1), std::string("\xC4\x80")).failure.empty());
        CHECK_FALSE(encode(text_of("string", 2, charset::ascii), std::string("\xC2\xB0")).failure.empty());
        CHECK_FALSE(encode(text_of("string", 2), std::string("\xFF")).failure.empty());
    }
}

TEST_CASE("codec: what doesn't fit is refused with the range", "[modbus][codec]") {
    CHECK(encode(of("uint16"), integer(65536)).failure == "out of range: a uint16 holds 0..65535");
    CHECK(encode(of("uint16"), integer(-1)).failure == "out of range: a uint16 holds 0..65535");
    CHECK(encode(of("int8"), integer(128)).failure == "out of range: an int8 holds -128..127");
    CHECK(encode(of("int64"), natural(1ull << 63)).failure ==
          "out of range: an int64 holds -9223372036854775808..9223372036854775807");
    CHECK(encode(of("uint64"), 1e300).failure == "out of range: a uint64 holds 0..18446744073709551615");
    CHECK(encode(scaled(of("uint16"), "0.1"), 7000.0).failure == "out of range: a uint16 holds 0..6553.5");
    CHECK(encode(scaled(of("int16"), "-1"), 32769.0).failure == "out of range: an int16 holds -32767..32768");
    CHECK(encode(of("bcd16"), integer(10000)).failure == "out of range: a bcd16 holds 0..9999");
    CHECK(encode(of("uint16"), 21.5).failure == "21.5 lies between 21 and 22");
    CHECK(encode(scaled(of("uint16"), "0.1"), 21.37).failure == "21.37 lies between 21.3 and 21.4");
    CHECK(encode(of("float32"), 1e39).failure == "out of range of a float32");
    CHECK(encode(of("float16"), 65520.0).failure == "out of range of a float16");
    CHECK(encode(of("uint16"), std::nan("")).failure == "not a finite number");
    CHECK(encode(of("float32"), std::numeric_limits<double>::infinity()).failure == "not a finite number");
    CHECK(encode(of("uint16"), true).failure == "a bool can't be written to a number");
    CHECK(encode(of("uint16"), std::string("5")).failure == "a text can't be written to a number");
    SECTION("what is meant is taken, though binary fractions are a little off") {
        CHECK(write(scaled(of("uint16"), "0.1"), 230.4) == words{2304});
        CHECK(write(scaled(of("uint16"), "0.1"), 230.4f) == words{2304});
        CHECK(write(scaled(of("uint16"), "0.1"), 0.1 + 0.2) == words{3});
        CHECK(write(scaled(of("uint16"), "0.1", "-40"), 0.5) == words{405});
        CHECK(write(of("uint16"), 21.0) == words{21});
        CHECK(write(of("uint64"), natural(18446744073709551615u)) == words{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF});
    }
}

TEST_CASE("codec: orders", "[modbus][codec]") {
    CHECK(order_names(*find_type("uint16")) == "AB, BA");
    CHECK(order_names(*find_type("string")) == "AB, BA");
    CHECK(order_names(*find_type("uint24")) == "ABCD, CDAB, BADC, DCBA");
    CHECK(order_names(*find_type("int48")) == "ABCDEF, EFCDAB, BADCFE, FEDCBA");
    CHECK(order_names(*find_type("float64")) == "ABCDEFGH, GHEFCDAB, BADCFEHG, HGFEDCBA");
    CHECK(order_names(*find_type("int8")).empty());
    CHECK_FALSE(parse_order("AB", *find_type("uint32")));
    CHECK_FALSE(parse_order("ABCDEFGH", *find_type("uint32")));
    CHECK_FALSE(parse_order("ACBD", *find_type("uint32")));
    CHECK_FALSE(parse_order("AB", *find_type("int8")));
    CHECK_FALSE(parse_order("CDAB", *find_type("string")));
    CHECK_FALSE(parse_order("", *find_type("uint32")));
}

TEST_CASE("codec: every type in every order goes there and back", "[modbus][codec]") {
    std::mt19937_64 random(20261122);
    for (const auto& type : type_rows()) {
        if (type.form == number_form::boolean) continue;
        for (unsigned order = 0; order < 4; ++order) {
            encoding how;
            how.type = type.type;
            how.registers = type.registers == 0 ? 5 : type.registers;
            how.order = {(order & 1) != 0, (order & 2) != 0};
            CAPTURE(type.name, order);
            for (int i = 0; i < 500; ++i) {
                words registers(how.registers);
                for (auto& word : registers) {
                    word = static_cast<std::uint16_t>(random());
                    if (type.form == number_form::mod10000 || type.form == number_form::mod10000_signed) word %= 10000;
                    if (type.form == number_form::text) word = static_cast<std::uint16_t>(0x2121 + (word & 0x3F3F));  // !..`
                }
                const auto there = decode(how, registers);
                if (!there.failure.empty() || std::holds_alternative<no_value>(there.value)) continue;  // BCD digits, NaN
                const auto back = encode(how, there.value);
                REQUIRE(back.failure.empty());
                REQUIRE(decode(how, back.registers).value == there.value);
                const bool has_one_form = type.form != number_form::time && type.form != number_form::sign_magnitude;
                if (type.type == value_type::string || (has_one_form && type.bits != 0 && type.bits == 16 * type.registers))
                    REQUIRE(back.registers == registers);
            }
        }
    }
}

namespace {

/// A value that the type can hold, from random bits.
value random_value(const encoding& how, std::mt19937_64& random) {
    const auto& type = row_of(how.type);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    const auto two = [](unsigned number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
    if (!how.flags.empty()) {
        std::string text;
        for (const auto& [bit, name] : how.flags)
            if (below(2) == 1) text += (text.empty() ? "" : ",") + name;
        return text;
    }
    if (is_integer(type.form)) {
        const auto range = raw_range_of(how);
        const auto span = static_cast<std::uint64_t>(range.most - range.least);
        const std::uint64_t step = span == ~std::uint64_t{0} ? random() : random() % (span + 1);
        return value_of_raw(how, range.least + static_cast<wide_integer>(step));
    }
    if (type.form == number_form::bytes) {
        std::string text;
        for (int i = 0; i < how.registers * 4; ++i) text += "0123456789ABCDEF"[below(16)];
        return text;
    }
    REQUIRE(type.form == number_form::time);
    std::string text = std::to_string(2000 + below(100)) + '-' + two(1 + below(12)) + '-' + two(1 + below(28));
    if (how.type == value_type::datetime3 || how.type == value_type::bcd_date) return text;
    text += 'T' + two(below(24)) + ':' + two(below(60)) + ':' + two(below(60));
    if (how.type == value_type::datetime4 || how.type == value_type::cp56time2a || how.type == value_type::unix64_ms)
        text += '.' + std::to_string(100 + below(900));
    return how.utc ? text + 'Z' : text;
}

/// There, back, and only in the bits that are its own.
void check_round_trip(const encoding& how, std::mt19937_64& random) {
    const auto made = random_value(how, random);
    const auto there = encode(how, made);
    REQUIRE(there.failure.empty());
    REQUIRE(there.registers.size() == how.registers);
    const auto owned = owned_bits(how);
    auto noisy = there.registers;
    const bool shares = how.field || !how.flags.empty() || row_of(how.type).bits == 8;
    for (std::size_t i = 0; i < noisy.size(); ++i) {
        REQUIRE((there.registers[i] & ~owned[i]) == 0);
        if (shares) noisy[i] = static_cast<std::uint16_t>(noisy[i] | (random() & ~owned[i]));
    }
    REQUIRE(decode(how, noisy).value == made);
}

}  // namespace

TEST_CASE("codec: every value of every type goes there and back", "[modbus][codec]") {
    std::mt19937_64 random(20261126);
    for (const auto& type : type_rows()) {
        if (!is_integer(type.form) && type.form != number_form::bytes && type.form != number_form::time) continue;
        for (unsigned order = 0; order < 4; ++order) {
            encoding how;
            how.type = type.type;
            how.registers = type.registers == 0 ? 5 : type.registers;
            how.order = {(order & 1) != 0, (order & 2) != 0};
            if (type.bits == 8) how.order = {};
            CAPTURE(type.name, order);
            for (int i = 0; i < 300; ++i) {
                how.utc = i % 2 == 0 && type.form == number_form::time;
                check_round_trip(how, random);
            }
            if (type.form != number_form::natural && type.form != number_form::integer) continue;
            for (int i = 0; i < 300; ++i) {
                auto part = how;
                const auto first = static_cast<std::uint8_t>(random() % type.bits);
                part.field = bit_field{first, static_cast<std::uint8_t>(1 + random() % (type.bits - first))};
                check_round_trip(part, random);
            }
            if (type.form != number_form::natural) continue;
            for (int i = 0; i < 100; ++i) {
                auto flagged = how;
                for (std::uint8_t bit = 0; bit < type.bits; ++bit)
                    if (random() % 3 == 0) flagged.flags.emplace_back(bit, "flag " + std::to_string(bit));
                if (!flagged.flags.empty()) check_round_trip(flagged, random);
            }
        }
    }
}

TEST_CASE("codec: scaled numbers go there and back", "[modbus][codec]") {
    std::mt19937_64 random(7);
    for (const auto* scale : {"0.1", "0.01", "0.001", "10", "0.25", "-0.5", "3e-5"}) {
        for (const auto* type : {"int16", "uint16", "int24", "int32", "uint32", "bcd32"}) {
            const auto how = scaled(of(type), scale, "-12.5");
            const auto range = raw_range_of(*find_type(type));
            for (int i = 0; i < 300; ++i) {
                const auto span = static_cast<std::uint64_t>(range.most - range.least) + 1;
                const wide_integer raw = range.least + static_cast<std::int64_t>(random() % span);
                const auto made = value_of_raw(how, raw);
                CAPTURE(type, scale, shortest(std::get<double>(made)));
                const auto there = encode(how, made);
                REQUIRE(there.failure.empty());
                REQUIRE(decode(how, there.registers).value == made);
            }
        }
    }
}

TEST_CASE("codec: every half float goes there and back, and rounds to the nearest", "[modbus][codec]") {
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float number = float_of_half(half);
        if (std::isnan(number)) continue;
        if (half_of_float(number) != half) FAIL(bits);
    }
    CHECK(half_of_float(1.0f + 1.0f / 2048) == 0x3C00);  // tie: to even
    CHECK(half_of_float(1.0f + 3.0f / 2048) == 0x3C02);  // tie: to even, upward
    CHECK(half_of_float(2047.6f / 2048 * 2) == 0x4000);  // carries into the exponent
    CHECK(half_of_float(65519.0f) == 0x7BFF);
    CHECK(half_of_float(std::ldexp(1.0f, -25)) == 0x0000);  // tie: to even
    CHECK(half_of_float(std::ldexp(1.5f, -25)) == 0x0001);
}
