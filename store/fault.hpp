// store/fault.hpp: damage that must be seen before SQLite opens a queue, because SQLite would pass over it or make it worse.
// Not here: what SQLite finds itself, and what to do about it (quarantine.hpp).
#pragma once

#include <optional>
#include <string>

#include "store/files.hpp"

namespace store {

/// In words; nothing: SQLite may try.
std::optional<std::string> fault_before_opening(files& in, const std::string& path);

}  // namespace store
