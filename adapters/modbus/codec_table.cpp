// adapters/modbus/codec_table.cpp: the table of types: their names, widths, ranges and orders.
// Not here: what is done by it (codec.cpp).
#include <algorithm>
#include <array>
#include <cstddef>

#include "adapters/modbus/codec.hpp"

namespace modbus {
namespace {

using form = number_form;
constexpr std::array<type_row, 23> table_of_types{{
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
    return (type.name[0] == 'i' ? "an " : "a ") + std::string(type.name);  // an int16, a uint16
}

std::string register_type_names() {
    std::string names;
    for (const auto& row : table_of_types)
        if (row.form != form::boolean) names += (names.empty() ? "" : ", ") + std::string(row.name);
    return names;
}

raw_range raw_range_of(const type_row& type) {
    wide_integer most = 1;
    if (type.form == form::bcd) {
        for (unsigned digit = 0; digit < type.bits / 4u; ++digit) most *= 10;
        return {0, most - 1};
    }
    const wide_integer one = 1;
    if (type.form == form::integer) return {-(one << (type.bits - 1)), (one << (type.bits - 1)) - 1};
    return {0, (one << type.bits) - 1};
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

/// One register, or text, which is read in the order of its registers: only the bytes can be swapped.
bool has_bytes_only(const type_row& type) { return type.form == form::text || type.registers == 1; }

}  // namespace

std::optional<register_order> parse_order(std::string_view letters, const type_row& type) {
    if (order_names(type).empty()) return std::nullopt;
    std::string upper(letters);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const std::size_t registers = has_bytes_only(type) ? 1 : type.registers;
    for (const auto order : all_orders) {
        if (order.words_swapped && type.form == form::text) continue;
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
