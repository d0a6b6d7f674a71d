// gateway/commission/register_output.hpp: points of a register list → the text of a template, or of a config to begin with. Pure.
// Not here: whether `check` takes it (command_import.cpp sees to that).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/commission/register_list.hpp"

namespace gateway {

struct import_words {
    std::string source;       // the list's file, for people
    std::string description;  // of the device
    std::string device = "device";
    std::string bus_keys;  // of a config: "tcp: { host: 10.0.0.5 }"
    int unit = 1;
};

struct written_points {
    std::string text;
    std::size_t first_line = 0;  // the line of the first point; one point a line
};

written_points template_of(const register_list& list, const import_words& words);
written_points config_of(const register_list& list, const import_words& words);

}  // namespace gateway
