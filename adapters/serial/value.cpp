// adapters/serial/value.cpp: see value.hpp.
// Not here: timestamps and coordinates (fields_special.cpp).
#include "adapters/serial/value.hpp"

#include <algorithm>
#include <charconv>

namespace serial {
namespace {

constexpr int most_digits = 18;
constexpr int most_exponent = 400;  // beyond it a double is 0 or infinite anyway

bool is_digit(char c) { return c >= '0' && c <= '9'; }

double read_double(const std::string& text) {
    double number = 0;
    [[maybe_unused]] const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

constexpr std::int64_t ten_to_9 = 1'000'000'000, ten_to_18 = ten_to_9 * ten_to_9;

/// high × 10^18 + low, both of one sign, |low| < 10^18: more digits than 64 bits hold, on any machine.
struct wide_number {
    std::int64_t high = 0, low = 0;
};

/// Requires: `other` has no more than 18 digits. `one` may be any.
wide_number product_of(std::int64_t one, std::int64_t other) {
    const std::int64_t first = one / ten_to_9 * (other % ten_to_9), second = one % ten_to_9 * (other / ten_to_9);
    const std::int64_t low = (first % ten_to_9 + second % ten_to_9) * ten_to_9 + one % ten_to_9 * (other % ten_to_9);
    return {one / ten_to_9 * (other / ten_to_9) + first / ten_to_9 + second / ten_to_9 + low / ten_to_18, low % ten_to_18};
}

/// Nothing: it might not fit.
std::optional<wide_number> sum_of(wide_number one, wide_number other) {
    constexpr std::int64_t limit = INT64_MAX / 2 - 2;
    if (one.high > limit || one.high < -limit || other.high > limit || other.high < -limit) return std::nullopt;
    const std::int64_t low = one.low + other.low;
    wide_number sum{one.high + other.high + low / ten_to_18, low % ten_to_18};
    if (sum.high > 0 && sum.low < 0) sum = {sum.high - 1, sum.low + ten_to_18};
    if (sum.high < 0 && sum.low > 0) sum = {sum.high + 1, sum.low - ten_to_18};
    return sum;
}

/// Multiplies by 10^power; false: it would not fit.
bool raise(wide_number& number, int power) {
    constexpr std::int64_t limit = ten_to_18 / 4;  // ten times it fits, and so does a sum
    for (; power > 0; --power) {
        if (number.high > limit || number.high < -limit) return false;
        const auto [carried, low] = product_of(number.low, 10);
        number = {number.high * 10 + carried, low};
    }
    return true;
}

std::string in_digits(wide_number number) {
    const bool negative = number.high < 0 || number.low < 0;
    const auto magnitude = [](std::int64_t part) { return std::to_string(part < 0 ? -part : part); };
    const std::string low = magnitude(number.low);
    const std::string high = number.high == 0 ? "" : magnitude(number.high) + std::string(18 - low.size(), '0');
    return (negative ? "-" : "") + high + low;
}

}  // namespace

std::optional<decimal> parse_decimal(std::string_view text) {
    decimal number;
    bool negative = false, seen = false, point = false;
    int digits = 0;
    std::size_t at = 0;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
    for (; at < text.size(); ++at) {
        if (text[at] == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(text[at])) break;
        seen = true;
        if (point) --number.exponent;
        if (number.digits == 0 && text[at] == '0') continue;
        if (++digits > most_digits) return std::nullopt;
        number.digits = number.digits * 10 + (text[at] - '0');
    }
    if (!seen) return std::nullopt;
    if (negative) number.digits = -number.digits;
    if (at == text.size()) return number;
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    const bool plus = ++at < text.size() && text[at] == '+';
    int exponent = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + at + (plus ? 1 : 0), end, exponent);
    if (error != std::errc() || stop != end || exponent > most_exponent || exponent < -most_exponent) return std::nullopt;
    if (plus && exponent < 0) return std::nullopt;
    number.exponent += exponent;
    return number;
}

double to_double(const decimal& number) {
    return read_double(std::to_string(number.digits) + 'e' + std::to_string(number.exponent));
}

double scaled(const decimal& number, const decimal& scale, const decimal& offset) {
    wide_number product = product_of(number.digits, scale.digits);
    int exponent = number.exponent + scale.exponent;
    if (offset.digits != 0) {
        wide_number addend{0, offset.digits};
        const int lower = std::min(exponent, offset.exponent);
        if (!raise(product, exponent - lower) || !raise(addend, offset.exponent - lower))
            return scaled(to_double(number), scale, offset);
        const auto sum = sum_of(product, addend);
        if (!sum) return scaled(to_double(number), scale, offset);
        product = *sum;
        exponent = lower;
    }
    return read_double(in_digits(product) + 'e' + std::to_string(exponent));
}

double scaled(double number, const decimal& scale, const decimal& offset) {
    return number * to_double(scale) + to_double(offset);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string shown(std::string_view bytes, std::size_t most) {
    std::string text;
    for (const char c : bytes.substr(0, most)) {
        if (c >= ' ' && c <= '~')
            text += c;
        else
            text += "·";
    }
    return bytes.size() > most ? text + "…" : text;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (size == 0 || lead == 0 || at + size > text.size()) return false;
        std::uint32_t code = size == 1 ? lead : lead & (0xFFu >> (size + 1));
        for (std::size_t i = 1; i < size; ++i) {
            const auto next = static_cast<unsigned char>(text[at + i]);
            if ((next & 0xC0u) != 0x80u) return false;
            code = (code << 6) | (next & 0x3Fu);
        }
        const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
        if (overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return false;
        at += size;
    }
    return true;
}

}  // namespace serial
