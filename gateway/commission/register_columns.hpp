// gateway/commission/register_columns.hpp: which column of a register list holds what, by the words of its head. Pure.
// Not here: what stands in the cells (register_words.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/commission/csv.hpp"

namespace gateway {

enum class column : std::uint8_t {
    name,
    description,
    address,
    hex_address,
    modicon_address,
    table,
    type,
    length,
    scale,
    divisor,
    gain,
    decimals,
    offset,
    unit,
    access,
    order,
    bit,
    note
};
constexpr std::size_t column_count = 18;
const char* name_of(column which);

struct register_columns {
    std::array<std::optional<std::size_t>, column_count> at;  // by column
    std::size_t head = 0;                                     // the row that names them
    bool length_in_bytes = false;
    bool length_in_bits = false;
    std::optional<int> base;          // what the head says addresses count from
    std::vector<std::string> unused;  // heads of columns that mean nothing here

    bool has(column which) const { return at[static_cast<std::size_t>(which)].has_value(); }
    /// Empty too, if there is no such column.
    const std::string& cell(const csv_row& row, column which) const;
};

/// `told`: columns that the user names, by what they hold and their head ("address", "Reg. Nr."). Nothing, with `why`: no row is
/// the head of a register list.
std::optional<register_columns> find_columns(const csv_table& table, const std::vector<std::pair<std::string, std::string>>& told,
                                             std::string& why);

}  // namespace gateway
