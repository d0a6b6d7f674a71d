// adapters/modbus/codec_registers.cpp: see the header.
// Not here: what the bits mean.
#include "adapters/modbus/codec_registers.hpp"

#include "adapters/modbus/codec_integer.hpp"

namespace modbus {
namespace {

std::uint16_t swapped(std::uint16_t word) { return static_cast<std::uint16_t>(word << 8 | word >> 8); }

}  // namespace

std::uint64_t gather(register_order order, std::span<const std::uint16_t> registers) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < registers.size(); ++i) {
        const auto word = registers[order.words_swapped ? registers.size() - 1 - i : i];
        bits = bits << 16 | (order.bytes_swapped ? swapped(word) : word);
    }
    return bits;
}

std::vector<std::uint16_t> scatter(register_order order, std::size_t count, std::uint64_t bits) {
    std::vector<std::uint16_t> registers(count);
    for (std::size_t i = count; i-- > 0; bits >>= 16) {
        const auto word = static_cast<std::uint16_t>(bits);
        registers[order.words_swapped ? count - 1 - i : i] = order.bytes_swapped ? swapped(word) : word;
    }
    return registers;
}

std::vector<std::uint16_t> in_order(register_order order, std::span<const std::uint16_t> registers) {
    std::vector<std::uint16_t> words;
    words.reserve(registers.size());
    for (std::size_t i = 0; i < registers.size(); ++i) {
        const auto word = registers[order.words_swapped ? registers.size() - 1 - i : i];
        words.push_back(order.bytes_swapped ? swapped(word) : word);
    }
    return words;
}

std::uint64_t own_bits(const encoding& how, std::span<const std::uint16_t> registers) {
    const std::uint64_t bits = gather(how.order, registers);
    return (is_high_byte(how.type) ? bits >> 8 : bits) & mask_of(row_of(how.type).bits);
}

std::vector<std::uint16_t> placed(const encoding& how, std::uint64_t bits) {
    if (row_of(how.type).bits == 8) bits &= 0xFF;
    return scatter(how.order, how.registers, is_high_byte(how.type) ? bits << 8 : bits);
}

}  // namespace modbus
