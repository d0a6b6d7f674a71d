// config/expectation.hpp: what a key expects and what was found instead, in the words of an error.
// Not here: whether a value is as expected (values.hpp).
#pragma once

#include <string>

#include "config/schema.hpp"
#include "config/tree.hpp"

namespace config {

std::string expectation(const definition& key);

std::string kind_name(const node& what);

/// What is wrong with a value of the wrong kind, after the key's name.
std::string mismatch(const node& value, const definition& key);

}  // namespace config
