// adapters/modbus/codec.cpp: the one way from registers to bits to values.
// Not here: the way back (codec_encode.cpp), the table of types and orders (codec_table.cpp), registers, whole numbers, times,
// characters, decimals, floats of 16 bits (codec_integer.cpp …).
#include "adapters/modbus/codec.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "adapters/modbus/codec_float.hpp"
#include "adapters/modbus/codec_integer.hpp"
#include "adapters/modbus/codec_registers.hpp"
#include "adapters/modbus/codec_text.hpp"
#include "adapters/modbus/codec_time.hpp"

namespace modbus {
namespace {

using form = number_form;

const std::string* name_of(const encoding& how, wide_integer number) {
    for (const auto& [named, name] : how.names)
        if (named == number) return &name;
    return nullptr;
}

value boolean_value(const encoding& how, bool is) {
    if (const auto* name = name_of(how, is ? 1 : 0)) return *name;
    return is;
}

/// The names of the bits that are set, in the order of the names.
std::string names_of_flags(const encoding& how, std::uint64_t bits) {
    std::string text;
    for (const auto& [bit, name] : how.flags)
        if ((bits >> bit & 1) != 0) text += (text.empty() ? "" : ",") + name;
    return text;
}

decoded decode_float(const encoding& how, std::uint64_t bits) {
    const double raw = double_of_bits(how.type, bits);
    if (!std::isfinite(raw)) return {no_value{}, {}};
    const double number = how.scale.is_identity() ? raw : how.scale.apply_to_float(raw);
    if (how.type == value_type::float64) {
        if (!std::isfinite(number)) return {no_value{}, written(raw) + " is too large to be scaled"};
        return {number, {}};
    }
    if (!fits_float(number)) return {no_value{}, written(raw) + " is too large to be scaled"};
    return {static_cast<float>(number), {}};
}

}  // namespace

value value_of_raw(const encoding& how, wide_integer raw) {
    if (const auto* name = name_of(how, raw)) return *name;
    if (!how.scale.is_identity()) return how.scale.apply(raw);
    if (raw_range_of(row_of(how.type)).least < 0) return static_cast<std::int64_t>(raw);
    return static_cast<std::uint64_t>(raw);
}

raw_number raw_number_of(const encoding& how, std::span<const std::uint16_t> registers) {
    assert(registers.size() == how.registers);
    return number_of_bits(how, own_bits(how, registers));
}

bool is_null_pattern(const encoding& how, std::span<const std::uint16_t> registers) {
    if (how.null_bits.empty()) return false;
    const std::uint64_t bits = own_bits(how, registers);
    return std::find(how.null_bits.begin(), how.null_bits.end(), bits) != how.null_bits.end();
}

decoded decode(const encoding& how, std::span<const std::uint16_t> registers) {
    assert(registers.size() == how.registers);
    const type_row& type = row_of(how.type);
    if (type.form == form::text) return {decode_text(how, registers), {}};
    if (type.form == form::bytes) return {decode_bytes(how, registers), {}};
    if (is_null_pattern(how, registers)) return {no_value{}, {}};
    if (type.form == form::time) return decode_time(how, in_order(how.order, registers));
    const std::uint64_t bits = own_bits(how, registers);
    if (how.bit) return {boolean_value(how, (bits >> *how.bit & 1) != 0), {}};
    if (!how.flags.empty()) return {names_of_flags(how, bits), {}};
    if (type.form == form::boolean) return {boolean_value(how, bits != 0), {}};
    if (type.form == form::floating) return decode_float(how, bits);
    auto [number, failure] = number_of_bits(how, bits);
    if (!failure.empty()) return {no_value{}, std::move(failure)};
    return {value_of_raw(how, number), {}};
}

std::vector<std::uint16_t> owned_bits(const encoding& how) {
    if (how.bit) return placed(how, std::uint64_t{1} << *how.bit);
    if (how.field) return placed(how, mask_of(how.field->width) << how.field->first);
    if (!how.flags.empty()) {
        std::uint64_t named = 0;
        for (const auto& [bit, name] : how.flags) named |= std::uint64_t{1} << bit;
        return placed(how, named);
    }
    const bool one_byte = row_of(how.type).bits == 8;
    const std::uint16_t owned = is_high_byte(how.type) ? 0xFF00 : one_byte ? 0x00FF : 0xFFFF;
    return std::vector<std::uint16_t>(how.registers, owned);
}

}  // namespace modbus
