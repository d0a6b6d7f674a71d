// config/computed.hpp: points that are worked out from others: their formulas, and which points those name.
// Not here: the language of formulas (formula.hpp), their values (gateway/bus/computed.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/tree.hpp"
#include "config/values.hpp"

namespace config {

/// A formula whose names are yet to be found, as they may belong to devices further down.
struct written_formula {
    std::string text;
    node source;
    std::size_t device = 0;  // whose it is, on its bus
    std::size_t point = 0;   // and on its device
};

/// Nothing: the point has none. `keys` are a point's; those that a computed point can't have are complained about.
std::optional<written_formula> read_formula(const values& keys, findings& out);

/// Fills in what the computed points of `to`, which is complete, are worked out from, and how often. `written` in the order of
/// the config.
void resolve_formulas(const std::vector<written_formula>& written, bus& to, findings& out);

}  // namespace config
