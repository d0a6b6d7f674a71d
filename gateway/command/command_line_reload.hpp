// gateway/command/command_line_reload.hpp: `tidegate reload` on the command line.
// Not here: what it does (reload_command.hpp).
#pragma once

#include <CLI/App.hpp>

#include "gateway/command/reload_command.hpp"

namespace gateway {

CLI::App* add_reload_command(CLI::App& to, reload_options& options);

}  // namespace gateway
