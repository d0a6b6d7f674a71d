// config/json_schema_value.hpp: the schema of one value, and JSON as text.
// Not here: which keys there are (json_schema.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/schema.hpp"

namespace config {

/// Whatever `check` takes, and as little else as a schema can say. Numbers may be quoted: to `check` a scalar is text.
std::string json_value(const definition& key);

/// The schema of a map with other words about it, or of a device without what it must have: a template may leave that to others.
std::string with_description(const std::string& object, std::string_view help);
std::string without_need(const std::string& object);

std::string json_text(std::string_view text);
std::string json_pair(std::string_view name, const std::string& value);
std::string json_object(const std::vector<std::string>& pairs);
std::string json_array(const std::vector<std::string>& items);
/// Two blanks a level, a newline at the end. Requires: `compact` is JSON without blanks between its signs.
std::string indented(std::string_view compact);

}  // namespace config
