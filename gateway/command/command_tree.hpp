// gateway/command/command_tree.hpp: the command line as data: commands, options, arguments, as the parser has them. What shell
// completion and man pages are made of, so that they never lag behind it. Not here: the parser (main.cpp and command_line_*.cpp),
// and how the tree is taken from it (command_line_papers.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gateway {

struct command_option {
    std::vector<std::string> names;  // "-c", "--config"; of an argument its one name, "TOPIC"
    std::string help;
    std::string type;   // of its value: "FILE", "TIME", "0|1|2"; empty: none is told
    std::string group;  // under which heading
    bool takes_value = false;
    bool required = false;
    bool repeats = false;  // may be given more than once
};

struct command_node {
    std::string name;  // "stats"
    std::string path;  // "tidegate queue stats"
    std::string help;
    std::string footer;
    std::vector<command_option> options;
    std::vector<command_option> arguments;  // in their order
    std::vector<command_node> commands;     // those for people
};

/// What can be typed for a value.
enum class value_kind : std::uint8_t { anything, file, choices, secret, bus, device };
value_kind kind_of(const command_option& option);
/// Of value_kind::choices: the words.
std::vector<std::string> choices_of(const command_option& option);

/// It, and all beneath it, in their order.
std::vector<const command_node*> all_of(const command_node& root);

}  // namespace gateway
