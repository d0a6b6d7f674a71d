// adapters/modbus/codec_float.hpp: IEEE 754 binary16, which C++20 has no type for.
// Not here: the wider floats, which have one.
#pragma once

#include <cstdint>

namespace modbus {

float float_of_half(std::uint16_t bits);
std::uint16_t half_of_float(float number);  // to the nearest, ties to even; infinity beyond 65504

}  // namespace modbus
