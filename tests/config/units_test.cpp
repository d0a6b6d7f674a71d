// tests/config/units_test.cpp: durations, sizes, numbers and integers as text.
#include "config/units.hpp"

#include <catch2/catch.hpp>

using namespace config;
using namespace std::chrono_literals;

TEST_CASE("units: a duration has one of the known units", "[config][units]") {
    CHECK(parse_duration("250ms").value == 250ms);
    CHECK(parse_duration("5s").value == 5s);
    CHECK(parse_duration("1.5s").value == 1500ms);
    CHECK(parse_duration("0.1s").value == 100ms);
    CHECK(parse_duration("1.75ms").value == 1750us);
    CHECK(parse_duration("10min").value == 10min);
    CHECK(parse_duration("10m").value == 10min);
    CHECK(parse_duration("1h").value == 1h);
    CHECK(parse_duration("7d").value == 168h);
    CHECK(parse_duration("0s").value == 0s);
    CHECK(parse_duration("007s").value == 7s);
    CHECK(parse_duration("9223372036s").value == 9223372036s);
}

TEST_CASE("units: what is not a duration is explained", "[config][units]") {
    const auto problem = [](std::string_view text) {
        const auto read = parse_duration(text);
        CHECK_FALSE(read.value.has_value());
        return read.problem;
    };
    CHECK(problem("5") == "'5' has no unit; write '5s' for seconds or '5ms' for milliseconds");
    CHECK(problem("0") == "'0' has no unit; write '0s'");
    CHECK(problem("5sec") == "'5sec' should be written '5s'");
    CHECK(problem("5 MS") == "'5 MS' should be written '5ms'");
    CHECK(problem("5\xC2\xB5s") == "'5\xC2\xB5s' should be written '5us'");
    CHECK(problem("5x") == "'5x' has no unit known here; examples are '250ms', '5s', '10min', '1h' and '7d'");
    CHECK(problem("1h30m") == "'1h30m' has no unit known here; examples are '250ms', '5s', '10min', '1h' and '7d'");
    CHECK(problem("") == "'' is not a number with a unit; examples are '250ms', '5s', '10min', '1h' and '7d'");
    CHECK(problem("1.2.3s") == "'1.2.3s' is not a number with a unit; examples are '250ms', '5s', '10min', '1h' and '7d'");
    CHECK(problem("-1s") == "'-1s' is negative");
    CHECK(problem("1,5s") == "'1,5s' has a comma; the decimal sign is a point");
    CHECK(problem("9223372037s") == "'9223372037s' is too large");
    CHECK(problem("106752d") == "'106752d' is too large");
    CHECK(problem("99999999999999999999s") == "'99999999999999999999s' is too large");
    CHECK(problem("0.0000000001s") == "'0.0000000001s' is too small");
}

TEST_CASE("units: a size is in bytes, by thousands or by 1024", "[config][units]") {
    CHECK(parse_size("2GiB").value == 2ll << 30);
    CHECK(parse_size("500MB").value == 500'000'000);
    CHECK(parse_size("64KiB").value == 65'536);
    CHECK(parse_size("1.5KiB").value == 1'536);
    CHECK(parse_size("10B").value == 10);
    CHECK(parse_size("8388607TiB").value == 8388607ll << 40);
    CHECK_FALSE(parse_size("8388608TiB").value.has_value());
    CHECK(parse_size("2G").problem == "'2G' should be written '2GiB'");
    CHECK(parse_size("2gb").problem == "'2gb' should be written '2GB'");
    CHECK(parse_size("2048").problem == "'2048' has no unit; write '2048B' for bytes, or use KiB, MiB, GiB");
}

TEST_CASE("units: a number is decimal and finite", "[config][units]") {
    CHECK(parse_number("0.1").value == 0.1);
    CHECK(parse_number("+2").value == 2.0);
    CHECK(parse_number("-1e-3").value == -0.001);
    for (const auto* bad : {"", "nan", "inf", "-inf", "1e999", "0x10", "1 ", "1,5", "--1", "+-1", "1.5V"})
        CHECK_FALSE(parse_number(bad).value.has_value());
}

TEST_CASE("units: an integer is decimal or hexadecimal and fits", "[config][units]") {
    CHECK(parse_integer("012").value == 12);
    CHECK(parse_integer("0x1F").value == 31);
    CHECK(parse_integer("-5").value == -5);
    CHECK(parse_integer("9223372036854775807").value == INT64_MAX);
    CHECK(parse_integer("-9223372036854775808").value == INT64_MIN);
    for (const auto* bad : {"", "-", "0x", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "0xFFFFFFFFFFFFFFFF",
                            "0x1G", "--1", "- 1", "8E1", "no"})
        CHECK_FALSE(parse_integer(bad).value.has_value());
}

TEST_CASE("units: what is shown is in the largest whole unit", "[config][units]") {
    CHECK(show_duration(0s) == "0s");
    CHECK(show_duration(1500ms) == "1500ms");
    CHECK(show_duration(60s) == "1min");
    CHECK(show_duration(366 * 24h) == "366d");
    CHECK(show_size(1 << 20) == "1MiB");
    CHECK(show_size(1'000'000) == "1MB");
    CHECK(show_size(1'537) == "1537B");
}
