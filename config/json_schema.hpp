// config/json_schema.hpp: the JSON Schema (draft-07, which editors' YAML servers complete from) of a config file and of a
// template's file. Not here: what only `check` can find, such as two points of one topic.
#pragma once

#include <span>
#include <string>

#include "config/vocabulary.hpp"

namespace config {

enum class schema_of : std::uint8_t { config_file, template_file };

/// With the keys of these adapters. Ends in a newline.
std::string json_schema(schema_of what, std::span<const vocabulary> vocabularies);

}  // namespace config
