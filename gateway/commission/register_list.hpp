// gateway/commission/register_list.hpp: a maker's register list → points, with a reason for each line that gives none. Pure.
// Not here: the text that they become (register_output.hpp).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/commission/csv.hpp"
#include "gateway/commission/register_words.hpp"

namespace gateway {

struct register_point {
    std::size_t line = 0;
    std::string name;  // good in topics, no two alike
    std::string comment;
    register_table table = register_table::holding;
    std::uint32_t number = 0;  // as it was written, in the list's notation
    std::string type;          // empty: of a coil, or a bit
    std::string order;         // empty: the usual one
    std::string scale;         // empty: 1
    std::string offset;
    std::string unit;
    std::uint32_t registers = 1;
    std::optional<int> bit;
    bool writable = false;  // the list says that it can be
};

struct refused_line {
    std::size_t line = 0;
    std::string why;
};

/// How the list's numbers are to be read.
enum class notation : std::uint8_t { from_0, from_1, modicon };

struct register_list {
    std::vector<register_point> points;
    std::vector<refused_line> refused;
    std::size_t headings = 0;  // lines between that hold a title alone
    gateway::notation notation = notation::from_0;
    std::string why_notation;         // how we know, for a person
    bool sure = true;                 // of it
    std::vector<std::string> notes;   // what was assumed
    std::vector<std::string> unused;  // heads of columns that mean nothing here
    std::string problem;              // why it is no list at all
};

struct list_wishes {
    std::optional<gateway::notation> notation;
    bool divide = false;  // by what the scale column has
    std::string order;    // of those that say none
    std::optional<register_table> table;
    std::vector<std::pair<std::string, std::string>> columns;
};

register_list read_registers(const csv_table& from, const list_wishes& wishes);

/// "Spannung L1-N (V)" → "spannung_l1_n". Letters of other scripts stay.
std::string point_name(std::string_view text);

}  // namespace gateway
