// gateway/command/shell_completion.hpp: what makes bash, zsh and fish complete commands, options, files, words and names of
// buses. Pure. Not here: the names themselves, which the scripts ask `tidegate completion buses FILE` for.
#pragma once

#include <string>

#include "gateway/command/command_tree.hpp"

namespace gateway {

std::string bash_completion(const command_node& root);
std::string zsh_completion(const command_node& root);
std::string fish_completion(const command_node& root);

}  // namespace gateway
