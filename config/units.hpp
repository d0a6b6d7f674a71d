// config/units.hpp: text with units to values, overflow-checked: durations, sizes, numbers, integers.
// Not here: which range a key allows (values.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace config {

/// Either a value, or what is wrong with the text and what would be right.
template <class T>
struct parsed {
    std::optional<T> value;
    std::string problem;
};

/// `250ms`, `1.5s`, `10min` or `10m`, `1h`, `7d`, `0s`, `1750us`; never negative.
parsed<std::chrono::nanoseconds> parse_duration(std::string_view text);
/// Bytes: `500MB` (10^6), `2GiB` (2^30); at most 2^63 - 1.
parsed<std::int64_t> parse_size(std::string_view text);
/// Decimal, finite.
parsed<double> parse_number(std::string_view text);
/// Decimal (a leading 0 means nothing) or hexadecimal with 0x.
parsed<std::int64_t> parse_integer(std::string_view text);
/// The bits of a register, or of several: 0x and one to sixteen digits.
std::optional<std::uint64_t> parse_bits(std::string_view text);

/// In the largest unit that leaves a whole number.
std::string show_duration(std::chrono::nanoseconds duration);
std::string show_size(std::int64_t bytes);

}  // namespace config
