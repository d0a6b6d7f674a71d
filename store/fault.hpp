// store/fault.hpp: damage that must be seen before SQLite opens a queue, because SQLite would pass over it or make it worse.
// Not here: what SQLite finds itself, and what to do about it (quarantine.hpp).
#pragma once

#include <string>

#include "store/files.hpp"

namespace store {

struct first_look {
    std::string fault;         // in words; empty: SQLite may try
    bool wal_is_void = false;  // a power cut has torn its header when it started over; all that it holds is in the file
};

first_look look_before_opening(files& in, const std::string& path);

}  // namespace store
