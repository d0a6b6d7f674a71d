// config/template_merge.hpp: a device's keys over those of the template that it uses.
// Not here: whether the keys are right; the joined map is read as any device's (buses.hpp).
//
//  - A key of `over` replaces the base's; the keys of `publish` one by one.
//  - Points join by name: a point's keys replace the base's one by one; a new name is a further point. A name with * means all of
//    the base's points that it fits.
//  - `only` and `except` choose from the base's points; a point that `over` names is wanted too.
//  - What `over` says of the whole device goes before what the base says of a single point: `every`, and each key of `publish`.
#pragma once

#include "config/findings.hpp"
#include "config/tree.hpp"

namespace config {

/// Requires: both are maps; `base` was made by this function, or is empty. What the result has of `only` and `except` is of
/// `over`, and done.
node merge_device(const node& base, const node& over, findings& out);

/// Whether `name` fits `pattern`, in which * stands for any letters, or none.
bool fits(std::string_view name, std::string_view pattern);

}  // namespace config
