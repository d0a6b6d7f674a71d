// gateway/command/command_line_diagnostics.hpp: the part of the command line for who looks for a fault: doctor, support-bundle,
// trace. Not here: what they do (diagnostics_options.hpp names the functions).
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gateway {

/// `choose` is called with the command that was typed, as a function that runs it and returns its exit code.
void add_diagnostics_commands(CLI::App& app, const std::function<void(std::function<int()>)>& choose);

}  // namespace gateway
