// config/write.hpp: the `write` keys of a writable point, and what they mean together.
// Not here: whether a command keeps to them (the gateway).
#pragma once

#include <optional>

#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/values.hpp"

namespace config {

/// Of a point's keys. Nothing: the point isn't writable.
std::optional<write_rules> read_write_rules(const values& point, findings& out);

/// `mode == 1`, with ==, !=, <, <=, > or >=. Nothing: it isn't one.
std::optional<interlock> parse_interlock(std::string_view text);

/// What points have to do with each other and with the gateway: interlocks, writes that are switched off.
void check_writes(const file& file, findings& out);

}  // namespace config
