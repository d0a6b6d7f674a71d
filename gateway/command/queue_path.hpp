// gateway/command/queue_path.hpp: which queue file a `tidegate queue …` command is about.
// Not here: opening it.
#pragma once

#include <optional>
#include <string>

#include "gateway/command/commands.hpp"

namespace gateway {

/// What --path names, else buffer.path of the config file. Nothing: it has been said on stderr why.
std::optional<std::string> queue_path(const command_options& how);

}  // namespace gateway
