// adapters/modbus/keys.hpp: the keys that a modbus bus, its devices and its points may have in the config file.
// Not here: what they mean together (points.hpp).
#pragma once

#include <span>

#include "adapters/adapter.h"

namespace modbus {

std::span<const tidegate_key> config_keys();

}  // namespace modbus
