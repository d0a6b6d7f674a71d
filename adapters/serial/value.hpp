// adapters/serial/value.hpp: what a field of a message turns out to be, and numbers as they are written.
// Not here: where the field stands (fields.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace serial {

/// The device itself says that it has no value now.
struct no_value {
    bool operator==(const no_value&) const = default;
};
using value = std::variant<no_value, bool, std::int64_t, std::uint64_t, float, double, std::string>;

/// digits × 10^exponent, as written, so that 3 × 0.1 is 0.3 and not 0.30000000000000004.
struct decimal {
    std::int64_t digits = 0;
    int exponent = 0;
};
/// Reads "-40", "000123.4", "+9.9E37". Nothing: it is no number, or has more than 18 digits that count.
std::optional<decimal> parse_decimal(std::string_view text);
double to_double(const decimal& number);

/// number × scale + offset, exact where 36 digits are enough for it.
double scaled(const decimal& number, const decimal& scale, const decimal& offset);
double scaled(double number, const decimal& scale, const decimal& offset);

std::string_view trimmed(std::string_view text);
/// Bytes as a person would want to see them in a message: at most `most` of them, "·" for what can't be printed.
std::string shown(std::string_view bytes, std::size_t most = 60);
bool is_utf8(std::string_view text);

}  // namespace serial
