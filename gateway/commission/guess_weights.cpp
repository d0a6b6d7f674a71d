// gateway/commission/guess_weights.cpp: see guess_weights.hpp.
#include "gateway/commission/guess_weights.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace gateway {
namespace {

constexpr double sixteen_bits = 65536.0;
constexpr double impossible = 1e-60;

/// Every size of number alike, from 1 to `most`: small ones are dense.
double log_uniform(double number, double most) { return 1 / (std::max(number, 1.0) * std::log(most)); }

/// Decimal digits that it takes to name the float; 230.1 needs four.
int digits_of(double number, bool narrow) {
    for (int digits = 1; digits <= 7; ++digits) {
        char text[40];
        std::snprintf(text, sizeof text, "%.*e", digits - 1, number);
        const bool same =
            narrow ? std::strtof(text, nullptr) == static_cast<float>(number) : std::strtod(text, nullptr) == number;
        if (same) return digits;
    }
    return narrow ? 8 : 16;
}

double of_float(double number, bool narrow, double patterns_of_a_binade) {
    if (number == 0) return 0.1;
    const double size = std::abs(number);
    if (!std::isfinite(number) || size < 1e-4 || size > 1e9) return 1e-6 / (256 * patterns_of_a_binade);
    const double sign = number < 0 ? 0.12 : 0.88;
    constexpr double binades = 43, decades = 13;
    const double measured = 0.6 / (binades * patterns_of_a_binade);
    const int digits = digits_of(number, narrow);
    const double rounded = digits > 5 ? 0 : 0.4 / (decades * 9 * std::pow(10.0, digits - 1) * 5);
    return sign * (measured + rounded);
}

/// Registers that count give fewer digits than they could hold.
double of_integer(double number, std::size_t registers) {
    const double most = registers == 1 ? sixteen_bits : registers == 2 ? 1e9 : 1e13;
    const double any = 1e-4 / std::pow(sixteen_bits, static_cast<double>(registers));
    if (number == 0) return 0.1;
    const double size = std::abs(number);
    const double shape = size <= most ? log_uniform(size, most) : 0;
    return (number < 0 ? 0.1 : 0.8) * shape + any;
}

double of_text(std::string_view text, std::size_t registers) {
    const std::size_t end = text.find_last_not_of(std::string_view("\0 ", 2));
    if (end == std::string_view::npos || end < 3) return impossible;  // of two or three letters anything may be made
    double all = 0;
    for (std::size_t i = 0; i <= end; ++i) {
        const char c = text[i];
        const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool mark = c == ' ' || c == '-' || c == '.' || c == '/' || c == '_' || c == ':';
        if (!word && !mark && (c < 0x20 || c > 0x7e)) return impossible;
        all += std::log(word ? 0.9 / 62 : mark ? 0.08 / 6 : 0.02 / 27);
    }
    // What is filled up is filled with the same.
    all += static_cast<double>(2 * registers - std::min(2 * registers, end + 1)) * std::log(0.45);
    return std::exp(all);
}

/// Of our time, or none. Where bits are passed over, more registers than one hold the same time.
double of_time(std::string_view text, const std::string& type) {
    const int year = text.size() >= 10 && text[4] == '-' ? std::atoi(std::string(text.substr(0, 4)).c_str()) : 0;
    if (year < 2010 || year > 2045) return impossible;
    constexpr double days = 35.0 * 365, seconds = days * 86400;
    if (type == "datetime3") return 1 / days;
    if (type == "datetime4" || type == "cp56time2a") return 1 / (seconds * 1000) / (1 << 21);
    return 1 / seconds;
}

bool is_time(std::string_view text) { return text.size() >= 10 && text[4] == '-' && text[7] == '-'; }

/// A clock goes on, other text seldom changes.
double log_of_text_after(std::string_view before, std::string_view text) {
    if (is_time(before) && is_time(text))
        return std::log(text > before && text.substr(0, 10) == before.substr(0, 10) ? 0.005 : 1e-9);
    return std::log(1e-9) - static_cast<double>(text.size()) * std::log(62.0);
}

double steps(const guess_number& before, const guess_number& now) { return std::abs(now.pattern - before.pattern); }

}  // namespace

std::optional<guess_number> guess_number_of(const value& what) {
    if (const auto* n = std::get_if<std::int64_t>(&what))
        return guess_number{static_cast<double>(*n), static_cast<double>(*n), false};
    if (const auto* n = std::get_if<std::uint64_t>(&what))
        return guess_number{static_cast<double>(*n), static_cast<double>(*n), false};
    if (const auto* n = std::get_if<float>(&what)) {
        const auto bits = std::bit_cast<std::uint32_t>(*n);
        const double size = bits & 0x7FFF'FFFFu;
        return guess_number{*n, bits >> 31 != 0 ? -size : size, true};
    }
    if (const auto* n = std::get_if<double>(&what)) {
        const auto bits = std::bit_cast<std::uint64_t>(*n);
        const auto size = static_cast<double>(bits & ~(std::uint64_t{1} << 63));
        return guess_number{*n, bits >> 63 != 0 ? -size : size, true};
    }
    return std::nullopt;
}

double log_of_word(std::uint16_t word) {
    const double zero = word == 0 ? 0.2 : 0;
    const double small = 0.5 * log_uniform(word + 1.0, sixteen_bits);
    const double negative = 0.04 * log_uniform(sixteen_bits - word, sixteen_bits);
    return std::log(zero + small + negative + 0.26 / sixteen_bits);
}

double log_of_word_after(std::uint16_t before, std::uint16_t word) {
    if (word == before) return std::log(0.6);
    const double change = std::abs(static_cast<double>(word) - before);
    return std::log(0.4 * (0.25 * log_uniform(change, sixteen_bits) + 0.5 / sixteen_bits));
}

double log_of_value(const value& what, const std::string& type, std::size_t registers) {
    if (const auto* text = std::get_if<std::string>(&what))
        return std::log(std::max(type.starts_with("string") ? of_text(*text, registers) : of_time(*text, type), impossible));
    const auto number = guess_number_of(what);
    if (!number) return std::log(impossible);
    if (const auto* narrow = std::get_if<float>(&what))
        return std::log(of_float(*narrow, true, registers == 1 ? 1024.0 : 8388608.0));
    if (number->is_float) return std::log(of_float(number->number, false, 4503599627370496.0));
    return std::log(of_integer(number->number, registers));
}

bool is_impossible(double log_of_value) { return log_of_value <= std::log(impossible) + 1; }

double log_of_value_after(const value& before, const value& what) {
    if (before == what) return std::log(0.5);
    const auto was = guess_number_of(before), is = guess_number_of(what);
    const auto* old_text = std::get_if<std::string>(&before);
    const auto* text = std::get_if<std::string>(&what);
    if (old_text && text) return log_of_text_after(*old_text, *text);
    if (!was || !is) return std::log(impossible);
    // A jump beyond all proportion is possible, after a reset.
    const double size = std::max(std::abs(was->number), 1.0);
    const double share = std::abs(is->number - was->number) / size;
    const double smooth = share < 0.02 ? 1 : share < 0.3 ? 0.3 : share < 2 ? 0.03 : 1e-4;
    return std::log(0.5 * smooth * log_uniform(steps(*was, *is), is->is_float ? 4294967296.0 : 1e6) / 2);
}

std::optional<double> log_of_expected(const guess_number& raw, int exponent, double expected, double tolerance) {
    const double unit = std::pow(10.0, exponent);
    const double allowed = std::max(std::abs(expected) * tolerance, 1e-9);
    if (!std::isfinite(raw.number) || std::abs(raw.number * unit - expected) > allowed) return std::nullopt;
    double width = 2 * allowed / unit;
    if (raw.is_float) width = std::max(std::abs(raw.pattern) / 127, 1.0) * 2 * tolerance;  // a binade is about a 127th
    return -std::log(std::max(width, 1.0));
}

}  // namespace gateway
