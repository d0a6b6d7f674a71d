// tests/gateway/delivery/payload_test.cpp: times, numbers and strings as text.
// Not here: which of them make a message (pipeline_test.cpp).
#include "gateway/delivery/payload.hpp"

#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>
#include <limits>
#include <random>
#include <vector>

using namespace gateway;

namespace {

std::string json(const value& what) {
    std::string text;
    append_json(text, what);
    return text;
}

std::string raw(const value& what) {
    std::string text;
    append_raw(text, what);
    return text;
}

/// number = [ - ] int [ frac ] [ exp ], RFC 8259 section 6.
bool is_json_number(std::string_view text) {
    const auto digits = [&] {
        std::size_t count = 0;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1), ++count;
        return count;
    };
    const auto take = [&](std::string_view any) {
        if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
        text.remove_prefix(1);
        return true;
    };
    take("-");
    const bool zero = !text.empty() && text.front() == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (take(".") && digits() == 0) return false;
    if (take("eE")) {
        take("+-");
        if (digits() == 0) return false;
    }
    return text.empty();
}

template <typename Number, typename Bits>
void check_round_trip(Bits bits) {
    Number number;
    static_assert(sizeof number == sizeof bits);
    std::memcpy(&number, &bits, sizeof number);
    const std::string text = json(number);
    if (!std::isfinite(number)) {
        if (text != "null") FAIL("not finite: " << text);
        return;
    }
    Number back;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    const bool same = error == std::errc{} && end == text.data() + text.size() && std::memcmp(&back, &number, sizeof back) == 0;
    if (!same || !is_json_number(text) || raw(number) != text) FAIL("does not read back: " << text);
}

}  // namespace

TEST_CASE("payload: numbers are the shortest that read back the same", "[gateway][payload]") {
    CHECK(json(21.4) == "21.4");
    CHECK(json(21.4f) == "21.4");
    CHECK(json(230.1f) == "230.1");  // not 230.10000610351562
    CHECK(json(21.0) == "21");
    CHECK(json(-0.5) == "-0.5");
    CHECK(json(1e20) == "1e+20");
    CHECK(json(0.1 + 0.2) == "0.30000000000000004");
    CHECK(json(std::int64_t{-9'223'372'036'854'775'807 - 1}) == "-9223372036854775808");
    CHECK(json(std::uint64_t{18'446'744'073'709'551'615u}) == "18446744073709551615");
    CHECK(json(true) == "true");
    CHECK(json(false) == "false");
    CHECK(raw(false) == "false");
    CHECK(raw(std::int64_t{-7}) == "-7");

    SECTION("100 000 doubles and floats of any bit pattern, and as JSON allows") {
        std::mt19937_64 random(7);
        for (int count = 0; count < 100'000; ++count) {
            const std::uint64_t bits = random();
            check_round_trip<double>(bits);
            check_round_trip<float>(static_cast<std::uint32_t>(bits));
        }
        check_round_trip<double>(std::uint64_t{1});          // the smallest
        check_round_trip<double>(std::uint64_t{1} << 63);    // -0
        check_round_trip<double>(0x7FEF'FFFF'FFFF'FFFFull);  // the largest
        check_round_trip<float>(std::uint32_t{0x7F7F'FFFFu});
        check_round_trip<float>(std::uint32_t{1});
    }
    SECTION("the check for JSON's grammar can fail") {
        for (const auto* text : {"", "-", "01", "1.", ".5", "1e", "inf", "nan", "+1", "0x1p3", "1 "})
            CHECK_FALSE(is_json_number(text));
        for (const auto* text : {"0", "-0", "1e+20", "1.5e-07", "10"}) CHECK(is_json_number(text));
    }
}

TEST_CASE("payload: what isn't a number is null, and has no raw text", "[gateway][payload]") {
    const std::vector<gateway::value> nothing = {no_value{}, std::nan(""), std::numeric_limits<double>::infinity(),
                                                 -std::numeric_limits<float>::infinity(), std::nanf("")};
    for (const auto& none : nothing) {
        CHECK(json(none) == "null");
        CHECK(raw(none).empty());
        CHECK_FALSE(has_raw_text(none));
    }
    CHECK(has_raw_text(gateway::value(std::string())));
}

TEST_CASE("payload: strings are escaped as RFC 8259 asks", "[gateway][payload]") {
    using namespace std::string_literals;
    CHECK(json("plain"s) == "\"plain\"");
    CHECK(json("a\"b\\c/d"s) == R"("a\"b\\c/d")");
    CHECK(json("\b\f\n\r\t"s) == R"("\b\f\n\r\t")");
    CHECK(json("\0\x1f\x7f"s) == "\"\\u0000\\u001f\x7f\"");
    CHECK(json("20 °C €𝄞"s) == "\"20 °C €𝄞\"");
    CHECK(raw("a\"b\n"s) == "a\"b\n");

    SECTION("bytes that aren't UTF-8 are replaced, and the rest stays") {
        const std::string replaced = "\xEF\xBF\xBD";
        CHECK(json("a\xFF"
                   "b"s) == "\"a" + replaced + "b\"");
        CHECK(json("\x80"s) == "\"" + replaced + "\"");
        CHECK(json("\xC3"s) == "\"" + replaced + "\"");  // cut off
        std::string cut;
        append_json_string(cut, std::string_view("\xC3\xA9").substr(0, 1));  // … by the end of the view
        CHECK(cut == "\"" + replaced + "\"");
        CHECK(json("\xC3\""s) == "\"" + replaced + "\\\"\"");                                         // … before a quote
        CHECK(json("\xC0\xAF"s) == "\"" + replaced + replaced + "\"");                                // overlong
        CHECK(json("\xE0\x80\xAF"s) == "\"" + replaced + replaced + replaced + "\"");                 // overlong
        CHECK(json("\xED\xA0\x80"s) == "\"" + replaced + replaced + replaced + "\"");                 // a surrogate
        CHECK(json("\xF4\x90\x80\x80"s) == "\"" + replaced + replaced + replaced + replaced + "\"");  // beyond U+10FFFF
        CHECK(json("\xF4\x8F\xBF\xBF"s) == "\"\xF4\x8F\xBF\xBF\"");
        CHECK(json("\xED\x9F\xBF\xEE\x80\x80"s) == "\"\xED\x9F\xBF\xEE\x80\x80\"");
    }
}

TEST_CASE("payload: times are UTC with milliseconds", "[gateway][payload]") {
    CHECK(format_timestamp(0) == "1970-01-01T00:00:00.000Z");
    CHECK(format_timestamp(1'795'378'510'123) == "2026-11-22T20:15:10.123Z");
    CHECK(format_timestamp(951'782'400'000) == "2000-02-29T00:00:00.000Z");
    CHECK(format_timestamp(4'107'542'399'999) == "2100-02-28T23:59:59.999Z");
    CHECK(format_timestamp(4'107'542'400'000) == "2100-03-01T00:00:00.000Z");
    CHECK(format_timestamp(253'402'300'799'999) == "9999-12-31T23:59:59.999Z");

    SECTION("beyond four digits of the year it stays at the end") {
        CHECK(format_timestamp(-1) == "1970-01-01T00:00:00.000Z");
        CHECK(format_timestamp(253'402'300'800'000) == "9999-12-31T23:59:59.999Z");
        CHECK(format_timestamp(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999Z");
        CHECK(format_timestamp(std::numeric_limits<std::int64_t>::min()) == "1970-01-01T00:00:00.000Z");
    }
    SECTION("as the C library has it, for any time") {
        std::mt19937_64 random(7);
        std::uniform_int_distribution<std::int64_t> any(0, 253'402'300'799'999);
        for (int count = 0; count < 20'000; ++count) {
            const std::int64_t ms = any(random);
            const std::time_t seconds = ms / 1000;
            std::tm parts{};
            gmtime_r(&seconds, &parts);
            char text[64];
            const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
            std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(ms % 1000));
            if (format_timestamp(ms) != text) FAIL(ms << ": " << format_timestamp(ms) << " is not " << text);
        }
    }
}
