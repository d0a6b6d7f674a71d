// gateway/command/command_line_papers.hpp: the commands that print shell completion and manual pages, made from the command line
// itself. Hidden, since packages use them and not people. Not here: how they look (shell_completion.hpp, man_pages.hpp).
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gateway {

/// After all others were added. `choose` is called with the command that was typed, as a function that runs it.
void add_paper_commands(CLI::App& app, const std::function<void(std::function<int()>)>& choose);

}  // namespace gateway
