// adapters/modbus/codec_registers.hpp: registers to bits and back, in the order in which a device sends them. Part of codec.hpp.
// Not here: what the bits mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "adapters/modbus/codec.hpp"

namespace modbus {

constexpr bool is_high_byte(value_type type) { return type == value_type::int8_high || type == value_type::uint8_high; }

/// All bits of the registers, the most significant first.
std::uint64_t gather(register_order order, std::span<const std::uint16_t> registers);
/// The inverse; bits beyond the registers are cut off.
std::vector<std::uint16_t> scatter(register_order order, std::size_t count, std::uint64_t bits);
/// The registers in the order of a number, the most significant first; and the inverse.
std::vector<std::uint16_t> in_order(register_order order, std::span<const std::uint16_t> registers);

/// The type's own bits out of the registers.
std::uint64_t own_bits(const encoding& how, std::span<const std::uint16_t> registers);
/// The registers with the type's own bits in their place.
std::vector<std::uint16_t> placed(const encoding& how, std::uint64_t bits);

}  // namespace modbus
