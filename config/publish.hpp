// config/publish.hpp: the publish keys of one level of the file (top, device, point) onto the rules of the level above.
// Not here: what points do to each other (check.hpp).
#pragma once

#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/values.hpp"

namespace config {

void apply_publish(const values& from, publish_rules& to, findings& out);

/// Warns of what `level` says for on_change, if no point below it publishes on change.
void warn_of_unused(const values& level, bool any_on_change, findings& out);

}  // namespace config
