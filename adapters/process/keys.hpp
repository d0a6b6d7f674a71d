// adapters/process/keys.hpp: the keys that the process adapter adds to the config file, as a table.
// Not here: checks that need more than one key (definition.hpp).
#pragma once

#include <span>

#include "adapters/adapter.h"

namespace process {

std::span<const tidegate_key> config_keys();

}  // namespace process
