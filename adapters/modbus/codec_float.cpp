// adapters/modbus/codec_float.cpp: see the header.
// Not here: scales.
#include "adapters/modbus/codec_float.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace modbus {

float float_of_half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 0x1F;
    const int fraction = bits & 0x3FF;
    float magnitude = 0;
    if (exponent == 0x1F) {
        magnitude = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    } else if (exponent == 0) {
        magnitude = std::ldexp(static_cast<float>(fraction), -24);
    } else {
        magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
    }
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

std::uint16_t half_of_float(float number) {
    const unsigned sign = std::signbit(number) ? 0x8000u : 0u;
    if (std::isnan(number)) return static_cast<std::uint16_t>(sign | 0x7E00u);
    const float magnitude = std::abs(number);
    if (magnitude >= 65520.0f) return static_cast<std::uint16_t>(sign | 0x7C00u);  // rounds beyond 65504
    if (magnitude == 0) return static_cast<std::uint16_t>(sign);
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    // In units of the last place of a half of this exponent; below 2^-14 that place stays where it is. Scaling by a power of
    // two is exact, so the one rounding is nearbyint's, and a carry runs into the exponent by itself.
    const int place = exponent < -13 ? -24 : exponent - 11;
    const auto units = static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, -place)));
    const unsigned biased = static_cast<unsigned>(place + 24);
    return static_cast<std::uint16_t>(sign | (biased * 0x400u + units));
}

double double_of_bits(value_type type, std::uint64_t bits) {
    if (type == value_type::float64) return std::bit_cast<double>(bits);
    if (type == value_type::float32) return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    return static_cast<double>(float_of_half(static_cast<std::uint16_t>(bits)));
}

std::uint64_t bits_of_double(value_type type, double number) {
    if (type == value_type::float64) return std::bit_cast<std::uint64_t>(number);
    if (type == value_type::float32) return std::bit_cast<std::uint32_t>(static_cast<float>(number));
    return half_of_float(static_cast<float>(number));
}

bool fits_float(double number) { return std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max()); }

}  // namespace modbus
