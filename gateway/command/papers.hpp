// gateway/command/papers.hpp: manual pages to stdout and into a folder, and the names in a config for completion.
// Not here: what is in a page (man_pages.hpp).
#pragma once

#include <string>

#include "gateway/command/command_tree.hpp"

namespace gateway {

/// Each returns the exit code. `texts`: the folder of docs/man; empty: without its texts.
int print_page(const command_node& root, const std::string& page, const std::string& texts);
int write_pages(const command_node& root, const std::string& folder, const std::string& texts);

/// Of a config file's buses, or devices as BUS/DEVICE; a line each. Reads the keys alone: no adapter is loaded.
std::string names_in(const std::string& config_path, bool devices);

}  // namespace gateway
