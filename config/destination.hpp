// config/destination.hpp: the keys below `mqtt` onto a destination.
// Not here: one URL or reference by itself (address.hpp).
#pragma once

#include "config/findings.hpp"
#include "config/grammar.hpp"
#include "config/model.hpp"
#include "config/values.hpp"

namespace config {

/// `from` is the value of `mqtt`.
destination read_destination(const value& from, const grammar& rules, findings& out);

}  // namespace config
