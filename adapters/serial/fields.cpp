// adapters/serial/fields.cpp: see fields.hpp.
// Not here: timestamps and coordinates (fields_special.cpp), and places in text (fields_place.cpp).
#include "adapters/serial/fields.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>

namespace serial {
namespace {

constexpr std::array types = {
    type_row{"number", field_type::number, 0, false},
    type_row{"text", field_type::text, 0, false},
    type_row{"hex", field_type::hex, 0, false},
    type_row{"coordinate", field_type::coordinate, 0, false},
    type_row{"timestamp", field_type::timestamp, 0, false},
    type_row{"int8", field_type::int8, 1, true},
    type_row{"uint8", field_type::uint8, 1, true},
    type_row{"int16", field_type::int16, 2, true},
    type_row{"uint16", field_type::uint16, 2, true},
    type_row{"int24", field_type::int24, 3, true},
    type_row{"uint24", field_type::uint24, 3, true},
    type_row{"int32", field_type::int32, 4, true},
    type_row{"uint32", field_type::uint32, 4, true},
    type_row{"int64", field_type::int64, 8, true},
    type_row{"uint64", field_type::uint64, 8, true},
    type_row{"float32", field_type::float32, 4, false},
    type_row{"float64", field_type::float64, 8, false},
    type_row{"bcd", field_type::bcd, 0, false},
};

decoded failed(std::string why) { return {no_value{}, std::move(why)}; }

bool is_signed(field_type type) {
    return type == field_type::int8 || type == field_type::int16 || type == field_type::int24 || type == field_type::int32 ||
           type == field_type::int64;
}

/// What stands at a place of the field's own kind; nothing: `why` says what is missing.
std::optional<std::string_view> text_at(const field& how, const frame& from, std::size_t where, std::string& why) {
    const std::string_view text = from.text();
    switch (how.place) {
        case place_kind::field: {
            const auto found = nth_field(text, how.separator, where);
            if (!found) why = "the message has no field " + std::to_string(where);
            return found;
        }
        case place_kind::group: {
            const auto groups = how.pattern->search(text);
            if (!groups) why = "\"" + shown(text) + "\" isn't of the pattern";
            return groups && where < groups->size() ? std::optional((*groups)[where]) : std::nullopt;
        }
        case place_kind::columns:
            // A sign or a condition stands in a single one.
            if (where < text.size()) return text.substr(where, where == how.where ? how.last - where + 1 : 1);
            why = "the message has no column " + std::to_string(where + 1);
            return std::nullopt;
        default:
            why = "there is no such place";
            return std::nullopt;
    }
}

std::optional<std::string_view> keyed_text(const field& how, const frame& from, const std::string& key, int number,
                                           std::string& why) {
    bool ambiguous = false;
    const auto values = values_of(from.text(), key, ambiguous);
    if (ambiguous) {
        why = key + " comes twice, with different values";
        return std::nullopt;
    }
    if (!values) {
        why = "the message has no " + key;
        return std::nullopt;
    }
    const int index = number < 0 ? static_cast<int>(values->size()) + number : number;
    if (index < 0 || index >= static_cast<int>(values->size())) {
        why = key + " has no value of number " + std::to_string(number);
        return std::nullopt;
    }
    std::string_view text = (*values)[static_cast<std::size_t>(index)];
    const std::size_t star = text.find('*');
    if (!how.unit.empty() && &key == &how.key && (star == text.npos || text.substr(star + 1) != how.unit)) {
        why = key + " isn't in " + how.unit + ": " + shown(text);
        return std::nullopt;
    }
    return how.type == field_type::text ? text : text.substr(0, star);
}

bool is_listed(const std::vector<std::string>& list, std::string_view text) {
    const auto number = parse_decimal(text);
    return std::any_of(list.begin(), list.end(), [&](const std::string& one) {
        if (one == text) return true;
        const auto other = number ? parse_decimal(one) : std::nullopt;
        return other && to_double(*other) == to_double(*number);
    });
}

const std::string* name_of(const field& how, std::string_view text) {
    for (const auto& [raw, name] : how.names)
        if (raw == text) return &name;
    return nullptr;
}

/// An integer stays one unless it is scaled.
value number_value(const field& how, const decimal& number, std::string_view text) {
    const bool plain = how.scale.digits == 1 && how.scale.exponent == 0 && how.offset.digits == 0;
    if (plain && number.exponent == 0 && text.find_first_of(".eE") == text.npos) return number.digits;
    return scaled(number, how.scale, how.offset);
}

// ---- Text ------------------------------------------------------------------------------------------------------------

decoded number_of(const field& how, std::string_view text, bool negative) {
    std::string written(text);
    if (negative) written = written.starts_with('-') ? written.substr(1) : '-' + written.substr(written.starts_with('+') ? 1 : 0);
    const auto number = parse_decimal(written);
    if (!number) return failed("\"" + shown(text) + "\" isn't a number");
    return {number_value(how, *number, written), ""};
}

decoded hex_of(const field& how, std::string_view text) {
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc() || stop != text.data() + text.size()) return failed("\"" + shown(text) + "\" isn't hexadecimal");
    if (number > INT64_MAX) return {number, ""};
    return {number_value(how, {static_cast<std::int64_t>(number), 0}, "0"), ""};
}

decoded coordinate_of(std::string_view text, bool negative) {
    const auto degrees = read_coordinate(text);
    if (!degrees) return failed("\"" + shown(text) + "\" isn't degrees and minutes");
    return {negative ? -*degrees : *degrees, ""};
}

decoded text_value(const field& how, std::string_view text, bool negative) {
    if (const auto* name = name_of(how, text)) return {*name, ""};
    switch (how.type) {
        case field_type::text:
            return is_utf8(text) ? decoded{std::string(text), ""} : failed("the text has bytes that aren't UTF-8");
        case field_type::hex:
            return hex_of(how, text);
        case field_type::coordinate:
            return coordinate_of(text, negative);
        case field_type::timestamp: {
            const auto time = read_timestamp(text, how.format, how.zone_minutes);
            return time ? decoded{*time, ""} : failed("\"" + shown(text) + "\" isn't a time of the form " + how.format);
        }
        default:
            return number_of(how, text, negative);
    }
}

/// Nothing: `why` says that there is no sign where one should be.
std::optional<bool> is_negative(const field& how, const frame& from, std::string& why) {
    if (!how.sign) return false;
    const auto found = text_at(how, from, *how.sign, why);
    if (!found) return std::nullopt;
    const std::string_view sign = trimmed(*found);
    if (sign == "S" || sign == "W" || sign == "-") return true;
    if (sign == "N" || sign == "E" || sign == "+" || sign.empty()) return false;
    why = "\"" + shown(sign) + "\" isn't a sign";
    return std::nullopt;
}

decoded decode_text(const field& how, const frame& from) {
    std::string why;
    const auto found =
        how.place == place_kind::key ? keyed_text(how, from, how.key, how.value_number, why) : text_at(how, from, how.where, why);
    if (!found) return failed(why);
    std::string text(trimmed(*found));
    if (text.empty() || is_listed(how.null, text)) return {no_value{}, ""};
    const auto negative = is_negative(how, from, why);
    if (!negative) return failed(why);
    if (how.join) {
        const auto rest = text_at(how, from, *how.join, why);
        if (!rest) return failed(why);
        if (trimmed(*rest).empty()) return {no_value{}, ""};
        text.append(1, ' ').append(trimmed(*rest));
    }
    return text_value(how, text, *negative);
}

// ---- Bytes -----------------------------------------------------------------------------------------------------------

std::uint64_t number_from(std::string_view bytes, bool little) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[little ? bytes.size() - 1 - i : i]);
    return number;
}

decoded integer_of(const field& how, std::uint64_t raw) {
    const unsigned width = row_of(how.type).bytes * 8u;
    auto number = static_cast<std::int64_t>(raw);
    if (is_signed(how.type) && width < 64 && (raw >> (width - 1)) != 0) number -= std::int64_t{1} << width;
    const bool huge = !is_signed(how.type) && raw > INT64_MAX;
    const std::string text = huge ? std::to_string(raw) : std::to_string(number);
    if (is_listed(how.null, text)) return {no_value{}, ""};
    if (const auto* name = name_of(how, text)) return {*name, ""};
    if (huge && how.scale.digits == 1 && how.scale.exponent == 0 && how.offset.digits == 0) return {raw, ""};
    if (huge) return {scaled(static_cast<double>(raw), how.scale, how.offset), ""};
    return {number_value(how, {number, 0}, "0"), ""};
}

decoded float_of(const field& how, std::uint64_t raw) {
    const bool single = how.type == field_type::float32;
    const double number =
        single ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(raw))) : std::bit_cast<double>(raw);
    if (!std::isfinite(number)) return {no_value{}, ""};
    for (const std::string& one : how.null)
        if (const auto null = parse_decimal(one); null && to_double(*null) == number) return {no_value{}, ""};
    if (how.scale.digits != 1 || how.scale.exponent != 0 || how.offset.digits != 0)
        return {scaled(number, how.scale, how.offset), ""};
    return single ? decoded{static_cast<float>(number), ""} : decoded{number, ""};
}

decoded bcd_of(const field& how, std::string_view bytes) {
    std::int64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[how.little ? bytes.size() - 1 - i : i]);
        if ((byte >> 4) > 9 || (byte & 15u) > 9) return failed("the bytes aren't decimal digits");
        number = number * 100 + (byte >> 4) * 10 + (byte & 15);
    }
    if (is_listed(how.null, std::to_string(number))) return {no_value{}, ""};
    return {number_value(how, {number, 0}, "0"), ""};
}

decoded bits_of(const field& how, std::uint64_t raw) {
    const auto [first, last] = *how.bits;
    const std::uint64_t mask = last - first == 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (last - first + 1)) - 1;
    const std::uint64_t number = (raw >> first) & mask;
    if (is_listed(how.null, std::to_string(number))) return {no_value{}, ""};
    if (const auto* name = name_of(how, std::to_string(number))) return {*name, ""};
    if (first == last) return {number != 0, ""};
    if (number > INT64_MAX) return {number, ""};
    return {number_value(how, {static_cast<std::int64_t>(number), 0}, "0"), ""};
}

decoded decode_bytes(const field& how, const frame& from) {
    const type_row& row = row_of(how.type);
    const std::size_t size = row.bytes > 0 ? row.bytes : how.length;
    if (how.where + size > from.body)
        return failed("the message ends before byte " + std::to_string(how.where + size) + " of it");
    const std::string_view bytes = from.text().substr(how.where, size);
    if (how.type == field_type::bcd) return bcd_of(how, bytes);
    if (row.bytes == 0) {
        const std::string_view text = trimmed(bytes.substr(0, std::min(bytes.find('\0'), bytes.size())));
        if (text.empty() || is_listed(how.null, text)) return {no_value{}, ""};
        return text_value(how, text, false);
    }
    const std::uint64_t raw = number_from(bytes, how.little);
    if (how.bits) return bits_of(how, raw);
    return row.is_integer ? integer_of(how, raw) : float_of(how, raw);
}

/// Whether the device says that the value counts. Nothing: `why` says why that isn't known.
std::optional<bool> is_valid(const field& how, const frame& from, std::string& why) {
    const condition& only = *how.valid_if;
    std::string text;
    if (how.place == place_kind::offset) {
        if (only.where >= from.body) {
            why = "the message has no byte " + std::to_string(only.where);
            return std::nullopt;
        }
        text = std::to_string(static_cast<unsigned char>(from.bytes[only.where]));
    } else {
        const auto found =
            how.place == place_kind::key ? keyed_text(how, from, only.key, 0, why) : text_at(how, from, only.where, why);
        if (!found) return std::nullopt;
        text = trimmed(*found);
    }
    return (std::find(only.texts.begin(), only.texts.end(), text) != only.texts.end()) != only.negated;
}

}  // namespace

const type_row& row_of(field_type type) {
    const auto& row = types[static_cast<std::size_t>(type)];
    assert(row.type == type);
    return row;
}

const type_row* find_type(std::string_view name) {
    const auto found = std::find_if(types.begin(), types.end(), [&](const type_row& row) { return row.name == name; });
    return found == types.end() ? nullptr : &*found;
}

decoded decode(const field& how, const frame& from) {
    if (how.valid_if) {
        std::string why;
        const auto valid = is_valid(how, from, why);
        if (!valid) return failed(why);
        if (!*valid) return {no_value{}, ""};
    }
    return how.place == place_kind::offset ? decode_bytes(how, from) : decode_text(how, from);
}

}  // namespace serial
