// config/key_reference.hpp: all keys of the config file as a page for people: docs/config-reference.md.
// Not here: what they are good for (docs/config.md, written by hand).
#pragma once

#include <span>
#include <string>

#include "config/vocabulary.hpp"

namespace config {

/// Markdown, with the keys of these adapters, in their order.
std::string key_reference(std::span<const vocabulary> vocabularies);

}  // namespace config
