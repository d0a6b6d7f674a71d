// gateway/text_file.hpp: the content of a small file, whole.
// Not here: what it means; which file it is.
#pragma once

#include <cstddef>
#include <string>

namespace gateway {

/// Of a file proper, not of a pipe or a device, which might never end or never begin: safe for who mustn't wait. At most `limit`
/// bytes. False, with `why`, which doesn't name the file.
bool read_regular(const std::string& path, std::size_t limit, std::string& to, std::string& why);

/// Waits for a pipe's end, as a person may give one. Stops a block beyond `limit`, so that who reads the text sees that it is too
/// long. False, with `why`, if it can't be read.
bool read_text(const std::string& path, std::size_t limit, std::string& to, std::string& why);

}  // namespace gateway
