// adapters/modbus/codec.cpp: the one way from registers to bits to values, and back.
// Not here: the table of types and orders (codec_table.cpp), decimals, characters, floats of 16 bits (codec_decimal.cpp …).
#include "adapters/modbus/codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

#include "adapters/modbus/codec_float.hpp"
#include "adapters/modbus/codec_text.hpp"

namespace modbus {
namespace {

using form = number_form;
constexpr std::uint64_t mask_of(unsigned bits) { return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1; }

constexpr bool is_high_byte(value_type type) { return type == value_type::int8_high || type == value_type::uint8_high; }

std::uint16_t swapped(std::uint16_t word) { return static_cast<std::uint16_t>(word << 8 | word >> 8); }

// ---- Registers ↔ bits ------------------------------------------------------------------------------------------------

/// All bits of the registers, the most significant first.
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

/// The type's own bits out of those of its registers.
std::uint64_t own_bits(const type_row& type, std::uint64_t bits) {
    return (is_high_byte(type.type) ? bits >> 8 : bits) & mask_of(type.bits);
}

// ---- Bits ↔ numbers --------------------------------------------------------------------------------------------------

/// Two's complement of the type's width.
std::int64_t sign_extended(std::uint64_t bits, unsigned width) {
    const unsigned unused = 64 - width;
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

/// Nothing: a nibble is no digit.
std::optional<std::uint64_t> number_of_bcd(std::uint64_t bits, unsigned width) {
    std::uint64_t number = 0;
    for (unsigned at = width; at > 0; at -= 4) {
        const std::uint64_t digit = bits >> (at - 4) & 0xF;
        if (digit > 9) return std::nullopt;
        number = number * 10 + digit;
    }
    return number;
}

std::uint64_t bcd_of_number(std::uint64_t number) {
    std::uint64_t bits = 0;
    for (unsigned at = 0; number != 0; at += 4, number /= 10) bits |= number % 10 << at;
    return bits;
}

std::uint64_t bits_of_integer(const type_row& type, wide_integer number) {
    if (type.form == form::bcd) return bcd_of_number(static_cast<std::uint64_t>(number));
    return static_cast<std::uint64_t>(number);
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

// ---- Numbers for people ------------------------------------------------------------------------------------------------

template <typename Number>
std::string written(Number number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

std::string written_integer(wide_integer number) {
    return number < 0 ? written(static_cast<std::int64_t>(number)) : written(static_cast<std::uint64_t>(number));
}

/// What raw number `raw` means to a person.
std::string written_scaled(const encoding& how, wide_integer raw) {
    return how.scale.is_identity() ? written_integer(raw) : written(how.scale.apply(raw));
}

std::string hexadecimal(std::uint64_t bits, unsigned width) {
    std::string text = "0x";
    for (unsigned at = width; at > 0; at -= 4) text += "0123456789ABCDEF"[bits >> (at - 4) & 0xF];
    return text;
}

// ---- Decoding ----------------------------------------------------------------------------------------------------------

const std::string* name_of(const encoding& how, wide_integer number) {
    for (const auto& [named, name] : how.names)
        if (named == number) return &name;
    return nullptr;
}

value boolean_value(const encoding& how, bool is) {
    if (const auto* name = name_of(how, is ? 1 : 0)) return *name;
    return is;
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

// ---- Encoding ----------------------------------------------------------------------------------------------------------

encoded refused(std::string why) { return {{}, std::move(why)}; }

/// The double that a person means by this float: 21.4f is 21.4, not 21.399999618.
double double_as_written(float number) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    double result = 0;
    std::from_chars(text.data(), end, result);
    return result;
}

std::optional<double> as_double(const value& what) {
    if (const auto* number = std::get_if<std::int64_t>(&what)) return static_cast<double>(*number);
    if (const auto* number = std::get_if<std::uint64_t>(&what)) return static_cast<double>(*number);
    if (const auto* number = std::get_if<float>(&what)) return double_as_written(*number);
    if (const auto* number = std::get_if<double>(&what)) return *number;
    return std::nullopt;
}

constexpr double beyond_64_bits = 36893488147419103232.0;  // 2^65: out of every range, and safe to convert

/// The raw number for `wanted` at the point's scale, or why there is none.
struct raw_result {
    wide_integer raw = 0;
    std::string failure;
};
raw_result raw_of_double(const encoding& how, double wanted) {
    if (!std::isfinite(wanted)) return {0, "not a finite number"};
    const double exact = std::clamp(how.scale.invert(wanted), -beyond_64_bits, beyond_64_bits);
    const double nearest = std::nearbyint(exact);
    const auto raw = static_cast<wide_integer>(nearest);
    // A step's millionth is forgiven: it comes from binary fractions, not from what was meant.
    if (std::abs(exact - nearest) <= 1e-6 || how.scale.apply(raw) == wanted) return {raw, {}};
    const auto below = static_cast<wide_integer>(std::floor(exact));
    return {0, written(wanted) + " lies between " + written_scaled(how, below) + " and " + written_scaled(how, below + 1)};
}

raw_result raw_of_value(const encoding& how, const value& what) {
    if (const auto* text = std::get_if<std::string>(&what)) {
        std::string known;
        for (const auto& [number, name] : how.names) {
            if (name == *text) return {number, {}};
            known += (known.empty() ? "" : ", ") + name;
        }
        return {0, known.empty() ? "a text can't be written to a number" : '"' + *text + "\" is none of " + known};
    }
    if (how.scale.is_identity()) {
        if (const auto* number = std::get_if<std::int64_t>(&what)) return {*number, {}};
        if (const auto* number = std::get_if<std::uint64_t>(&what)) return {*number, {}};
    }
    if (const auto number = as_double(what)) return raw_of_double(how, *number);
    return {0, "a bool can't be written to a number"};
}

encoded encode_boolean(const encoding& how, const value& what) {
    std::uint64_t bits = 0;
    if (const auto* is = std::get_if<bool>(&what)) {
        bits = *is ? 1 : 0;
    } else {
        const auto [raw, failure] = raw_of_value(how, what);
        if (!failure.empty()) return refused(failure);
        if (raw != 0 && raw != 1) return refused("a bool is true or false, 1 or 0");
        bits = raw == 1 ? 1 : 0;
    }
    return {scatter(how.order, how.registers, bits << how.bit.value_or(0)), {}};
}

encoded encode_integer(const encoding& how, const type_row& type, const value& what) {
    const auto [raw, failure] = raw_of_value(how, what);
    if (!failure.empty()) return refused(failure);
    const auto [least, most] = raw_range_of(type);
    if (raw < least || raw > most) {
        std::string low = written_scaled(how, least), high = written_scaled(how, most);
        if (how.scale.apply(least) > how.scale.apply(most)) std::swap(low, high);
        return refused("out of range: " + with_article(type) + " holds " + low + ".." + high);
    }
    const auto bits = bits_of_integer(type, raw);
    // The bytes that a type of 24 bits leaves free take its sign: right for those who read them as 32 bits, too.
    return {scatter(how.order, how.registers,
                    is_high_byte(type.type) ? (bits & 0xFF) << 8
                    : type.bits == 8        ? bits & 0xFF
                                            : bits),
            {}};
}

encoded encode_float(const encoding& how, const type_row& type, const value& what) {
    double raw = 0;
    if (const auto* exact = std::get_if<float>(&what); exact && how.scale.is_identity() && how.type != value_type::float64) {
        raw = static_cast<double>(*exact);
    } else if (const auto number = as_double(what)) {
        raw = how.scale.is_identity() ? *number : how.scale.invert(*number);
    } else {
        return refused(std::holds_alternative<bool>(what) ? "a bool can't be written to a number"
                                                          : "a text can't be written to a number");
    }
    if (!std::isfinite(raw)) return refused("not a finite number");
    const auto bits = bits_of_double(how.type, raw);
    if (!std::isfinite(double_of_bits(how.type, bits))) return refused("out of range of " + with_article(type));
    return {scatter(how.order, how.registers, bits), {}};
}

// ---- Null patterns -------------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> parse_pattern(std::string_view digits, const type_row& type) {
    std::uint64_t bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if ((bits & ~mask_of(type.bits)) != 0) return std::nullopt;
    return bits;
}

std::optional<wide_integer> parse_integer(std::string_view written) {
    const auto number = parse_decimal(written);  // at most 18 digits, else the long way
    if (number && number->exponent >= 0) {
        wide_integer result = number->digits;
        for (int i = 0; i < number->exponent; ++i) result *= 10;
        return result;
    }
    const bool negative = !written.empty() && written[0] == '-';
    if (negative) written.remove_prefix(1);
    std::uint64_t magnitude = 0;
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), magnitude);
    if (written.empty() || error != std::errc{} || end != written.data() + written.size()) return std::nullopt;
    return negative ? -static_cast<wide_integer>(magnitude) : static_cast<wide_integer>(magnitude);
}

}  // namespace

// ---- The two ways ----------------------------------------------------------------------------------------------------------

value value_of_raw(const encoding& how, wide_integer raw) {
    if (const auto* name = name_of(how, raw)) return *name;
    if (!how.scale.is_identity()) return how.scale.apply(raw);
    if (row_of(how.type).form == form::integer) return static_cast<std::int64_t>(raw);
    return static_cast<std::uint64_t>(raw);
}

decoded decode(const encoding& how, std::span<const std::uint16_t> registers) {
    assert(registers.size() == how.registers);
    const type_row& type = row_of(how.type);
    if (type.form == form::text) return {decode_text(how, registers), {}};
    const std::uint64_t bits = own_bits(type, gather(how.order, registers));
    if (std::find(how.null_bits.begin(), how.null_bits.end(), bits) != how.null_bits.end()) return {no_value{}, {}};
    if (how.bit) return {boolean_value(how, (bits >> *how.bit & 1) != 0), {}};
    switch (type.form) {
        case form::boolean:
            return {boolean_value(how, bits != 0), {}};
        case form::floating:
            return decode_float(how, bits);
        case form::integer:
            return {value_of_raw(how, sign_extended(bits, type.bits)), {}};
        case form::natural:
            return {value_of_raw(how, bits), {}};
        case form::bcd:
        case form::text:
            break;
    }
    const auto number = number_of_bcd(bits, type.bits);
    if (!number) return {no_value{}, hexadecimal(bits, type.bits) + " is not a BCD number: a digit is beyond 9"};
    return {value_of_raw(how, *number), {}};
}

encoded encode(const encoding& how, const value& what) {
    const type_row& type = row_of(how.type);
    if (std::holds_alternative<no_value>(what)) return refused("there is no value to write");
    if (how.bit || type.form == form::boolean) return encode_boolean(how, what);
    if (type.form == form::floating) return encode_float(how, type, what);
    if (type.form != form::text) return encode_integer(how, type, what);
    if (const auto* text = std::get_if<std::string>(&what)) return encode_text(how, *text);
    return refused("only a text can be written to " + with_article(type));
}

std::vector<std::uint16_t> owned_bits(const encoding& how) {
    if (how.bit) return scatter(how.order, how.registers, std::uint64_t{1} << *how.bit);
    const bool one_byte = row_of(how.type).bits == 8;
    const std::uint16_t owned = is_high_byte(how.type) ? 0xFF00 : one_byte ? 0x00FF : 0xFFFF;
    return std::vector<std::uint16_t>(how.registers, owned);
}

std::optional<std::uint64_t> parse_null_bits(std::string_view written, const type_row& type) {
    if (type.form == form::text || type.form == form::boolean) return std::nullopt;
    if (written.size() > 2 && written[0] == '0' && (written[1] == 'x' || written[1] == 'X'))
        return parse_pattern(written.substr(2), type);
    if (type.form == form::floating) {
        const bool plus = !written.empty() && written[0] == '+';
        double number = 0;
        const auto [end, error] = std::from_chars(written.data() + (plus ? 1 : 0), written.data() + written.size(), number);
        if (error != std::errc{} || end != written.data() + written.size() || !std::isfinite(number)) return std::nullopt;
        if (type.type != value_type::float64 && !fits_float(number)) return std::nullopt;
        return bits_of_double(type.type, number);
    }
    const auto number = parse_integer(written);
    const auto [least, most] = raw_range_of(type);
    // 65535 is as good a way to write the pattern FFFF of an int16 as -1.
    const wide_integer highest = type.form == form::integer ? static_cast<wide_integer>(mask_of(type.bits)) : most;
    if (!number || *number < least || *number > highest) return std::nullopt;
    return bits_of_integer(type, *number) & mask_of(type.bits);
}

}  // namespace modbus
