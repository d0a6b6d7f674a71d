// gateway/command/output_file.hpp: where a command writes a file that a person will go on with: stdout, or a file that isn't
// there yet. Not here: files that the gateway itself keeps.
#pragma once

#include <string>

namespace gateway {

/// `path` empty or "-": stdout. An existing file is only replaced if `replace`, and then at once. False, with `why`.
bool write_output(const std::string& path, bool replace, const std::string& text, std::string& why);

}  // namespace gateway
