// store/fault.hpp: damage that must be seen before SQLite opens a queue, because SQLite would pass over it or make it worse.
// Not here: what SQLite finds itself, and what to do about it (quarantine.hpp).
#pragma once

#include <string>

#include "store/files.hpp"

namespace store {

struct before_opening {
    std::optional<std::string> fault;  // in words; nothing: SQLite may try
    // A power cut has torn the WAL's header, and all of the WAL is in the file; or its first transaction. SQLite passes over it,
    // too, but then begins it anew with the same salts, and nobody could tell what is left in it from new frames that are
    // damaged. So it has to go.
    bool wal_is_useless = false;
    bool has_wal = false;
};
before_opening look_before_opening(files& in, const std::string& path);

}  // namespace store
