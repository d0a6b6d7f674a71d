// adapters/modbus/codec_float.hpp: bits to floats and back, also to IEEE 754 binary16, which C++20 has no type for.
// Part of codec.hpp. Not here: scales.
#pragma once

#include <cstdint>

#include "adapters/modbus/codec.hpp"

namespace modbus {

float float_of_half(std::uint16_t bits);
std::uint16_t half_of_float(float number);  // to the nearest, ties to even; infinity beyond 65504

/// Requires: a floating type.
double double_of_bits(value_type type, std::uint64_t bits);
std::uint64_t bits_of_double(value_type type, double number);
bool fits_float(double number);

}  // namespace modbus
