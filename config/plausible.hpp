// config/plausible.hpp: the keys of a point that say which of its readings are believed, and how they are rounded.
// Not here: what becomes of a reading (gateway/bus/plausibility.hpp).
#pragma once

#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/values.hpp"

namespace config {

/// `keys` are a point's.
plausibility read_plausibility(const values& keys, findings& out);

}  // namespace config
