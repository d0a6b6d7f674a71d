// adapters/serial/keys.hpp: the keys that this adapter adds to the config file.
// Not here: what they are made into (definition.hpp).
#pragma once

#include <span>

#include "adapters/adapter.h"

namespace serial {

std::span<const tidegate_key> config_keys();

}  // namespace serial
