// gateway/command/command_line_status.hpp: how `tidegate status` is typed. Not here: what it does (command_status.cpp).
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gateway {

/// Adds the command; if it is typed, `choose` gets what calls it.
void add_status(CLI::App& app, const std::function<void(std::function<int()>)>& choose);

}  // namespace gateway
