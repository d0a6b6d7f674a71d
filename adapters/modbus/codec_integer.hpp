// adapters/modbus/codec_integer.hpp: bits to whole numbers and back, in each of the ways in which devices write them.
// Part of codec.hpp. Not here: the order of registers and bytes, scales and names.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/modbus/codec.hpp"

namespace modbus {

constexpr std::uint64_t mask_of(unsigned bits) { return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1; }

/// Requires: is_integer(how's form). `bits` are the type's own.
raw_number number_of_bits(const encoding& how, std::uint64_t bits);
/// Beyond the type's own bits the number's sign goes on. Requires: in the range of `how`.
std::uint64_t bits_of_number(const encoding& how, wide_integer number);

/// The sum of the 4-bit digits; failure: one is beyond 9.
raw_number number_of_bcd(std::uint64_t bits, unsigned width);
std::uint64_t bcd_of_number(std::uint64_t number);

std::string hexadecimal(std::uint64_t bits, unsigned width);  // "0x12AF"

}  // namespace modbus
