// gateway/commission/csv.hpp: text in columns, as spreadsheets write it in every country → rows of cells, with the lines that
// they began on. Not here: what the columns mean (register_columns.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

struct csv_row {
    std::size_t line = 0;            // where it begins, from 1
    bool hash = false;               // begins with #: a comment, or a head such as "#;Name;Address"
    std::vector<std::string> cells;  // UTF-8, without blanks around
};

struct csv_table {
    char delimiter = ',';
    bool latin1 = false;        // it wasn't UTF-8, and was taken for Windows-1252
    std::vector<csv_row> rows;  // without empty lines
    std::string problem;        // why there are none
};

/// Comma, semicolon, tab or bar: whichever splits the lines most evenly. Bounded: what is more than the limits below is a
/// problem.
csv_table read_csv(std::string_view text);

constexpr std::size_t largest_csv = 4u << 20;
constexpr std::size_t most_csv_rows = 20'000;
constexpr std::size_t most_csv_cells = 200;

}  // namespace gateway
