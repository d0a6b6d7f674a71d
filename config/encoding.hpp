// config/encoding.hpp: complains about what isn't text, and replaces it, so that the rest can still be read.
// Not here: YAML.
#pragma once

#include <optional>
#include <string>

#include "config/findings.hpp"
#include "config/source.hpp"

namespace config {

/// The text with one U+FFFD for each character that YAML couldn't read, so that places stay the same; nothing if it isn't
/// text at all. Each has its error, one a line, up to a bound.
std::optional<std::string> clean(const source& text, findings& out);

}  // namespace config
