// gateway/write/write_rules.hpp: a value against the rules of its point: type, limits, step, change; and when two values are the
// same. Pure. Not here: rate, age and everything else that is about a command's time (write_engine.hpp).
#pragma once

#include <optional>

#include "config/model.hpp"
#include "gateway/bus/reading.hpp"
#include "gateway/write/write_request.hpp"

namespace gateway {

/// Truths count as 0 and 1.
std::optional<double> number_of(const value& what);

/// A value as the config file has it: a truth, a number, or a text.
value value_of_text(const std::string& text);

/// Numbers within `tolerance`, or as near as float32 can tell; texts letter by letter.
bool same_value(const value& a, const value& b, double tolerance);

/// `current`: what the point reads, if that is known.
std::optional<refusal> check_value(const config::write_rules& rules, const value& what, const value* current);

/// Whether the other point's value permits the write.
bool holds(const config::interlock& condition, const value& current);
std::string text_of(const config::interlock& condition);

}  // namespace gateway
