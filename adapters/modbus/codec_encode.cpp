// adapters/modbus/codec_encode.cpp: the one way from values to registers, and from what a person calls "no value" to bits.
// Not here: the way there (codec.cpp), whole numbers, times, characters, floats of 16 bits (codec_integer.cpp …).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "adapters/modbus/codec.hpp"
#include "adapters/modbus/codec_float.hpp"
#include "adapters/modbus/codec_integer.hpp"
#include "adapters/modbus/codec_registers.hpp"
#include "adapters/modbus/codec_text.hpp"
#include "adapters/modbus/codec_time.hpp"

namespace modbus {
namespace {

using form = number_form;

std::string written_integer(wide_integer number) {
    return number < 0 ? std::to_string(static_cast<std::int64_t>(number)) : std::to_string(static_cast<std::uint64_t>(number));
}

/// What raw number `raw` means to a person.
std::string written_scaled(const encoding& how, wide_integer raw) {
    return how.scale.is_identity() ? written_integer(raw) : written(how.scale.apply(raw));
}

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
    return {placed(how, bits << how.bit.value_or(0)), {}};
}

encoded encode_flags(const encoding& how, const value& what) {
    const auto* text = std::get_if<std::string>(&what);
    if (!text) return refused("flags are a text: the names of the bits to set, separated by commas");
    std::uint64_t bits = 0;
    for (std::string_view rest = *text; !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
        const auto found =
            std::find_if(how.flags.begin(), how.flags.end(), [&](const auto& flag) { return flag.second == name; });
        if (found == how.flags.end()) {
            std::string known;
            for (const auto& flag : how.flags) known += (known.empty() ? "" : ", ") + flag.second;
            return refused('"' + std::string(name) + "\" is none of " + known);
        }
        bits |= std::uint64_t{1} << found->first;
    }
    return {placed(how, bits), {}};
}

encoded encode_integer(const encoding& how, const type_row& type, const value& what) {
    const auto [raw, failure] = raw_of_value(how, what);
    if (!failure.empty()) return refused(failure);
    const auto [least, most] = raw_range_of(how);
    if (raw < least || raw > most) {
        std::string low = written_scaled(how, least), high = written_scaled(how, most);
        if (how.scale.apply(least) > how.scale.apply(most)) std::swap(low, high);
        const std::string holder = how.field ? "a field of " + std::to_string(how.field->width) + " bits" : with_article(type);
        return refused("out of range: " + holder + " holds " + low + ".." + high);
    }
    // The bytes that a type of 24 bits leaves free take its sign: right for those who read them as 32 bits, too.
    return {placed(how, bits_of_number(how, raw)), {}};
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

encoded encode(const encoding& how, const value& what) {
    const type_row& type = row_of(how.type);
    if (std::holds_alternative<no_value>(what)) return refused("there is no value to write");
    if (how.bit || type.form == form::boolean) return encode_boolean(how, what);
    if (!how.flags.empty()) return encode_flags(how, what);
    if (type.form == form::floating) return encode_float(how, type, what);
    if (is_integer(type.form)) return encode_integer(how, type, what);
    const auto* text = std::get_if<std::string>(&what);
    if (!text) return refused("only a text can be written to " + with_article(type));
    if (type.form == form::text) return encode_text(how, *text);
    if (type.form == form::bytes) return encode_bytes(how, *text);
    auto made = encode_time(how, *text);
    if (made.failure.empty()) made.registers = in_order(how.order, made.registers);
    return made;
}

std::optional<std::uint64_t> parse_null_bits(std::string_view written, const type_row& type) {
    const bool has_pattern = is_integer(type.form) || type.form == form::floating || type.form == form::time;
    if (!has_pattern || type.bits > 64) return std::nullopt;
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
    const bool pattern_only = type.form == form::time;
    const auto [least, most] = pattern_only ? raw_range{0, static_cast<wide_integer>(mask_of(type.bits))} : raw_range_of(type);
    // 65535 is as good a way to write the pattern FFFF of an int16 as -1.
    const wide_integer highest = type.form == form::integer ? static_cast<wide_integer>(mask_of(type.bits)) : most;
    if (!number || *number < least || *number > highest) return std::nullopt;
    if (pattern_only) return static_cast<std::uint64_t>(*number);
    encoding whole;
    whole.type = type.type;
    return bits_of_number(whole, *number) & mask_of(type.bits);
}

}  // namespace modbus
