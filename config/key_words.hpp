// config/key_words.hpp: what can be said of a key beyond its table: its default as a value, its range, an example.
// Not here: where it is said (json_schema.hpp, key_reference.hpp).
#pragma once

#include <string>
#include <string_view>

#include "config/schema.hpp"

namespace config {

/// As it would be written; empty: there is none. An adapter tells it in its help, between "(default" and ")".
std::string default_of(const definition& key);
/// The help without that.
std::string meaning_of(const definition& key);
/// "duration, 1ms to 60s", "whole number, 0 to 255", "`a`, `b`": how the value is written.
std::string value_words(const definition& key);
/// As it would be written; empty: none is known.
std::string example_of(const definition& key);

/// Whether it could stand as the key's value, as far as its form says.
bool could_be(const definition& key, std::string_view text);
/// Whether YAML takes the word for a number if it isn't quoted.
bool is_plain_number(std::string_view text);

/// The section that the keys of this map or of these names are: of `gateway`, `buses`, `publish` … False: it is none of its own.
bool section_below(section where, std::string_view path, section& to);

}  // namespace config
