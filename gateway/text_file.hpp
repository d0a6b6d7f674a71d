// gateway/text_file.hpp: the text of a file that a person wrote, whole.
// Not here: what it means; which file it is.
#pragma once

#include <cstddef>
#include <string>

namespace gateway {

/// Stops a block beyond `limit`, so that who reads the text sees that it is too long. False, with `why`, if it can't be read.
bool read_text(const std::string& path, std::size_t limit, std::string& to, std::string& why);

}  // namespace gateway
