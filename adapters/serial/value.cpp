// adapters/serial/value.cpp: see value.hpp.
// Not here: timestamps and coordinates (fields_special.cpp).
#include "adapters/serial/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace serial {
namespace {

__extension__ typedef __int128 wide_integer;

constexpr int most_digits = 18;
constexpr int most_exponent = 400;  // beyond it a double is 0 or infinite anyway

bool is_digit(char c) { return c >= '0' && c <= '9'; }

double read_double(const std::string& text) {
    double number = 0;
    [[maybe_unused]] const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Multiplies by 10^power; false: it would not fit.
bool raise(wide_integer& number, int power) {
    constexpr wide_integer limit = static_cast<wide_integer>(1) << 122;
    for (; power > 0; --power) {
        if (number > limit / 16 || number < -limit / 16) return false;
        number *= 10;
    }
    return true;
}

std::string in_digits(wide_integer number) {
    std::array<char, 48> text{};
    std::size_t at = text.size();
    const bool negative = number < 0;
    for (; number != 0 || at == text.size(); number /= 10) {
        const int digit = static_cast<int>(number % 10);
        text[--at] = static_cast<char>('0' + (digit < 0 ? -digit : digit));
    }
    return (negative ? "-" : "") + std::string(text.data() + at, text.size() - at);
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
    wide_integer product = static_cast<wide_integer>(number.digits) * scale.digits;
    wide_integer addend = offset.digits;
    int exponent = number.exponent + scale.exponent;
    if (addend != 0) {
        const int lower = std::min(exponent, offset.exponent);
        if (!raise(product, exponent - lower) || !raise(addend, offset.exponent - lower))
            return scaled(to_double(number), scale, offset);
        product += addend;
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
