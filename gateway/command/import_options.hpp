// gateway/command/import_options.hpp: what `tidegate import` was asked for.
// Not here: the command line (command_line_setup.hpp).
#pragma once

#include <string>
#include <vector>

namespace gateway {

struct import_options {
    std::string list_path;    // the CSV file; -: stdin
    std::string output_path;  // empty: stdout
    bool whole_config = false;
    bool replace = false;  // the output file may be there already
    std::string base;      // 0, 1, modicon; empty: guessed
    bool divide = false;
    std::string order;
    std::string table;
    std::string description;
    std::vector<std::string> columns;  // "address=Reg. Nr."
};

int import_command(const import_options& how);

}  // namespace gateway
