// adapters/modbus/codec_decimal.cpp: reads decimals and scales by them with one rounding.
// Not here: what is scaled.
#include "adapters/modbus/codec_decimal.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>

namespace modbus {
namespace {

constexpr int most_digits = 18;
constexpr int most_exponent = 22;  // Every power of ten up to 10^22 is exact as a double.
constexpr std::int64_t most_significand = 999'999'999'999'999'999;
constexpr double exact_as_double = 9007199254740992.0;  // 2^53

constexpr std::array<double, most_exponent + 1> powers_of_ten = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

double times_power_of_ten(double number, int exponent) {
    const auto power = powers_of_ten[static_cast<std::size_t>(exponent < 0 ? -exponent : exponent)];
    return exponent < 0 ? number / power : number * power;
}

/// The slow and always correctly rounded way, for numbers beyond 53 bits: through text.
double nearest_double_by_text(wide_integer number, int exponent) {
    std::array<char, 64> text;  // 39 digits, sign, "e-22"
    char* const middle = text.data() + 48;
    char* begin = middle;
    const bool negative = number < 0;
    for (wide_integer rest = number; rest != 0; rest /= 10) {
        const int digit = static_cast<int>(rest % 10);
        *--begin = static_cast<char>('0' + (digit < 0 ? -digit : digit));
    }
    if (begin == middle) return 0;
    if (negative) *--begin = '-';
    *middle = 'e';
    const auto end = std::to_chars(middle + 1, text.data() + text.size(), exponent).ptr;
    double result = 0;
    std::from_chars(begin, end, result);
    return result;
}

/// The double nearest to number × 10^exponent.
double nearest_double(wide_integer number, int exponent) {
    const auto rounded = static_cast<double>(number);
    // Both operands are exact here, so that the one operation rounds correctly.
    if (rounded >= -exact_as_double && rounded <= exact_as_double) return times_power_of_ten(rounded, exponent);
    return nearest_double_by_text(number, exponent);
}

/// number × 10^power, or nothing beyond 18 digits.
std::optional<wide_integer> shifted(std::int64_t number, int power) {
    wide_integer result = number;
    for (; power > 0 && result != 0; --power) {
        result *= 10;
        if (result > most_significand || result < -most_significand) return std::nullopt;
    }
    return result;
}

}  // namespace

std::optional<decimal> parse_decimal(std::string_view text) {
    std::size_t at = 0;
    bool negative = false;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';

    decimal result;
    int digits = 0;  // significant ones, the zeros that wait included
    int waiting_zeros = 0;
    bool any = false, fraction = false;
    for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !fraction)); ++at) {
        if (text[at] == '.') {
            fraction = true;
            continue;
        }
        any = true;
        if (fraction) --result.exponent;
        if (text[at] == '0') {
            if (result.digits != 0) ++waiting_zeros;
            continue;
        }
        digits += waiting_zeros + 1;
        if (digits > most_digits) return std::nullopt;
        for (; waiting_zeros > 0; --waiting_zeros) result.digits *= 10;
        result.digits = result.digits * 10 + (text[at] - '0');
    }
    if (!any) return std::nullopt;
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
        ++at;
        if (at + 1 < text.size() && text[at] == '+' && is_digit(text[at + 1])) ++at;
        int written = 0;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), written);
        if (error != std::errc{} || end != text.data() + text.size() || written > 1000 || written < -1000) return std::nullopt;
        result.exponent += written;
    }
    if (result.digits == 0) return decimal{};
    result.exponent += waiting_zeros;
    if (result.exponent > most_exponent || result.exponent < -most_exponent) return std::nullopt;
    if (negative) result.digits = -result.digits;
    return result;
}

decimal product(const decimal& one, const decimal& other) {
    wide_integer digits = static_cast<wide_integer>(one.digits) * other.digits;
    decimal result{0, one.exponent + other.exponent};
    if (digits == 0) return {};
    while (digits > most_significand || digits < -most_significand) {
        const int last = static_cast<int>(digits % 10);
        digits = digits / 10 + (last >= 5 ? 1 : last <= -5 ? -1 : 0);
        ++result.exponent;
    }
    for (; digits % 10 == 0; digits /= 10) ++result.exponent;
    result.digits = static_cast<std::int64_t>(digits);
    return result;
}

std::string written(double number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

std::string written(float number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

std::optional<scaling> scaling::make(const decimal& scale, const decimal& offset) {
    if (scale.digits == 0) return std::nullopt;
    scaling result;
    result.exponent_ = offset.digits == 0 ? scale.exponent : std::min(scale.exponent, offset.exponent);
    const auto multiplier = shifted(scale.digits, scale.exponent - result.exponent_);
    const auto addend = shifted(offset.digits, offset.exponent - result.exponent_);
    if (!multiplier || !addend) return std::nullopt;
    result.multiplier_ = *multiplier;
    result.addend_ = *addend;
    return result;
}

std::optional<scaling> scaling::times(const decimal& factor) const {
    // Both have at most 18 digits; product() takes the zeros at their ends away.
    const decimal offset = product({static_cast<std::int64_t>(addend_), exponent_}, {1, 0});
    auto result = make(product(scale(), factor), offset);
    if (result && (result->exponent_ > most_exponent || result->exponent_ < -most_exponent)) return std::nullopt;
    return result;
}

decimal scaling::scale() const { return product({static_cast<std::int64_t>(multiplier_), exponent_}, {1, 0}); }

double scaling::apply(wide_integer raw) const { return nearest_double(raw * multiplier_ + addend_, exponent_); }

double scaling::apply_to_float(double raw) const {
    return times_power_of_ten(raw * static_cast<double>(multiplier_) + static_cast<double>(addend_), exponent_);
}

double scaling::invert(double value) const {
    return (times_power_of_ten(value, -exponent_) - static_cast<double>(addend_)) / static_cast<double>(multiplier_);
}

}  // namespace modbus
