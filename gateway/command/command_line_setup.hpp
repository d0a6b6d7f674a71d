// gateway/command/command_line_setup.hpp: the part of the command line for who sets a plant up: scan, watch, import, schema.
// Not here: what they do (scan_options.hpp and its like name the functions).
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gateway {

/// `choose` is called with the command that was typed, as a function that runs it and returns its exit code.
void add_setup_commands(CLI::App& app, const std::function<void(std::function<int()>)>& choose);

}  // namespace gateway
