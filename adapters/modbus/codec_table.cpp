// adapters/modbus/codec_table.cpp: the table of types: their names, widths, ranges and orders.
// Not here: what is done by it (codec.cpp).
#include <algorithm>
#include <array>
#include <cstddef>

#include "adapters/modbus/codec.hpp"

namespace modbus {
namespace {

using form = number_form;
constexpr std::array<type_row, 41> table_of_types{{
    {"bool", value_type::boolean, form::boolean, 1, 1},
    {"int8", value_type::int8, form::integer, 8, 1},
    {"uint8", value_type::uint8, form::natural, 8, 1},
    {"int8_high", value_type::int8_high, form::integer, 8, 1},
    {"uint8_high", value_type::uint8_high, form::natural, 8, 1},
    {"int16", value_type::int16, form::integer, 16, 1},
    {"uint16", value_type::uint16, form::natural, 16, 1},
    {"int24", value_type::int24, form::integer, 24, 2},
    {"uint24", value_type::uint24, form::natural, 24, 2},
    {"int32", value_type::int32, form::integer, 32, 2},
    {"uint32", value_type::uint32, form::natural, 32, 2},
    {"int48", value_type::int48, form::integer, 48, 3},
    {"uint48", value_type::uint48, form::natural, 48, 3},
    {"int64", value_type::int64, form::integer, 64, 4},
    {"uint64", value_type::uint64, form::natural, 64, 4},
    {"float16", value_type::float16, form::floating, 16, 1},
    {"float32", value_type::float32, form::floating, 32, 2},
    {"float64", value_type::float64, form::floating, 64, 4},
    {"bcd16", value_type::bcd16, form::bcd, 16, 1},
    {"bcd32", value_type::bcd32, form::bcd, 32, 2},
    {"bcd64", value_type::bcd64, form::bcd, 64, 4},
    {"string", value_type::string, form::text, 0, 0},
    {"string8", value_type::string8, form::text, 0, 0},
    {"m10k32", value_type::m10k32, form::mod10000, 32, 2},
    {"m10k48", value_type::m10k48, form::mod10000, 48, 3},
    {"m10k64", value_type::m10k64, form::mod10000, 64, 4},
    {"m10k32_signed", value_type::m10k32_signed, form::mod10000_signed, 32, 2},
    {"m10k48_signed", value_type::m10k48_signed, form::mod10000_signed, 48, 3},
    {"m10k64_signed", value_type::m10k64_signed, form::mod10000_signed, 64, 4},
    {"sm16", value_type::sm16, form::sign_magnitude, 16, 1},
    {"sm32", value_type::sm32, form::sign_magnitude, 32, 2},
    {"bytes", value_type::bytes, form::bytes, 0, 0},
    {"unix32", value_type::unix32, form::time, 32, 2},
    {"unix64", value_type::unix64, form::time, 64, 4},
    {"unix64_ms", value_type::unix64_ms, form::time, 64, 4},
    {"datetime3", value_type::datetime3, form::time, 48, 3},
    {"datetime4", value_type::datetime4, form::time, 64, 4},
    {"datetime6", value_type::datetime6, form::time, 96, 6},
    {"cp56time2a", value_type::cp56time2a, form::time, 64, 4},
    {"bcd_date", value_type::bcd_date, form::time, 32, 2},
    {"bcd_datetime", value_type::bcd_datetime, form::time, 48, 3},
}};

constexpr bool table_is_in_order() {
    for (std::size_t i = 0; i < table_of_types.size(); ++i)
        if (static_cast<std::size_t>(table_of_types[i].type) != i) return false;
    return true;
}
static_assert(table_is_in_order(), "row_of() finds a row by its type's number");

}  // namespace

// ---- The table -------------------------------------------------------------------------------------------------------------

const type_row& row_of(value_type type) { return table_of_types[static_cast<std::size_t>(type)]; }

std::span<const type_row> type_rows() { return table_of_types; }

const type_row* find_type(std::string_view name) {
    const auto found =
        std::find_if(table_of_types.begin(), table_of_types.end(), [&](const auto& row) { return row.name == name; });
    return found == table_of_types.end() ? nullptr : &*found;
}

std::string with_article(const type_row& type) {
    if (type.form == form::bytes) return std::string(type.name);
    const bool vowel = type.name[0] == 'i' || type.name.substr(0, 2) == "m1" || type.name.substr(0, 2) == "sm";
    return (vowel ? "an " : "a ") + std::string(type.name);  // an int16, an sm16, a uint16
}

std::string register_type_names() {
    std::string names;
    for (const auto& row : table_of_types)
        if (row.form != form::boolean) names += (names.empty() ? "" : ", ") + std::string(row.name);
    return names;
}

bool is_integer(number_form of) {
    switch (of) {
        case form::natural:
        case form::integer:
        case form::bcd:
        case form::mod10000:
        case form::mod10000_signed:
        case form::sign_magnitude:
            return true;
        case form::boolean:
        case form::floating:
        case form::text:
        case form::bytes:
        case form::time:
            break;
    }
    return false;
}

namespace {

raw_range range_of_bits(form of, unsigned bits) {
    const wide_integer one = 1;
    if (of == form::integer) return {-(one << (bits - 1)), (one << (bits - 1)) - 1};
    if (of == form::sign_magnitude) return {1 - (one << (bits - 1)), (one << (bits - 1)) - 1};
    return {0, (one << bits) - 1};
}

}  // namespace

raw_range raw_range_of(const type_row& type) {
    const bool ten_thousands = type.form == form::mod10000 || type.form == form::mod10000_signed;
    if (type.form != form::bcd && !ten_thousands) return range_of_bits(type.form, type.bits);
    wide_integer beyond = 1;
    for (unsigned digit = 0; digit < type.bits / 4u; ++digit) beyond *= 10;
    return {type.form == form::mod10000_signed ? 1 - beyond : 0, beyond - 1};
}

raw_range raw_range_of(const encoding& how) {
    const type_row& type = row_of(how.type);
    return how.field ? range_of_bits(type.form, how.field->width) : raw_range_of(type);
}

// ---- Orders ----------------------------------------------------------------------------------------------------------------

namespace {

/// The letters of `registers` registers in this order.
std::string letters_of(register_order order, std::size_t registers) {
    std::string letters;
    for (std::size_t i = 0; i < registers; ++i) {
        const std::size_t word = order.words_swapped ? registers - 1 - i : i;
        const char high = static_cast<char>('A' + 2 * word), low = static_cast<char>(high + 1);
        letters += order.bytes_swapped ? low : high;
        letters += order.bytes_swapped ? high : low;
    }
    return letters;
}

constexpr std::array<register_order, 4> all_orders{{{false, false}, {true, false}, {false, true}, {true, true}}};

/// Characters and bytes are read in the order of their registers.
bool is_sequence(const type_row& type) { return type.form == form::text || type.form == form::bytes; }

/// Only the bytes can be swapped.
bool has_bytes_only(const type_row& type) { return is_sequence(type) || type.registers == 1; }

}  // namespace

std::optional<register_order> parse_order(std::string_view letters, const type_row& type) {
    if (order_names(type).empty()) return std::nullopt;
    std::string upper(letters);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const std::size_t registers = has_bytes_only(type) ? 1 : type.registers;
    for (const auto order : all_orders) {
        if (order.words_swapped && is_sequence(type)) continue;
        const register_order effective{order.words_swapped && registers > 1, order.bytes_swapped};
        if (upper == letters_of(effective, registers) || upper == letters_of(order, 2)) return effective;
    }
    return std::nullopt;
}

std::string order_names(const type_row& type) {
    if (type.bits == 8 || type.form == form::boolean) return {};
    std::string names;
    for (const auto order : all_orders) {
        if (order.words_swapped && has_bytes_only(type)) continue;
        names += (names.empty() ? "" : ", ") + letters_of(order, has_bytes_only(type) ? 1 : type.registers);
    }
    return names;
}

}  // namespace modbus
