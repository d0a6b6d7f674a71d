// adapters/modbus/codec_decimal.hpp: scale and offset as exact decimal numbers, so that 3 × 0.1 is 0.3 and not
// 0.30000000000000004. Not here: registers and types (codec.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/modbus/wide_integer.hpp"

namespace modbus {

/// digits × 10^exponent, without trailing zeros in digits.
struct decimal {
    std::int64_t digits = 0;
    int exponent = 0;
    bool operator==(const decimal&) const = default;
};

/// Reads "0.1", "-40", "2.5e-3". Nothing: not a decimal number, more than 18 significant digits, or beyond 10^±22.
std::optional<decimal> parse_decimal(std::string_view text);

/// Beyond 18 digits the nearest of 18.
decimal product(const decimal& one, const decimal& other);

/// The shortest decimal that reads back as this number.
std::string written(double number);
std::string written(float number);

/// value = raw × scale + offset. Integers are scaled exactly and rounded once, to the nearest double.
class scaling {
public:
    scaling() = default;  // × 1 + 0
    /// Nothing: the scale is 0, or the two together need more than 18 digits.
    static std::optional<scaling> make(const decimal& scale, const decimal& offset);

    /// value = raw × scale × factor + offset. Nothing: the factor is 0, or it all needs more than 18 digits, or lies beyond
    /// 10^±22.
    std::optional<scaling> times(const decimal& factor) const;

    decimal scale() const;

    bool is_identity() const { return multiplier_ == 1 && addend_ == 0 && exponent_ == 0; }
    double apply(wide_integer raw) const;
    double apply_to_float(double raw) const;
    double invert(double value) const;  // the raw number, not rounded

private:
    // value = (raw × multiplier + addend) × 10^exponent
    wide_integer multiplier_ = 1;
    wide_integer addend_ = 0;
    int exponent_ = 0;
};

}  // namespace modbus
