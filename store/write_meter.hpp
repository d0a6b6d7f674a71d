// store/write_meter.hpp: an SQLite VFS that hands everything on to another one, and counts what is written and synced.
// Not a cache and not a fault: what SQLite sees is the other one. The -shm isn't counted: it is memory that the system writes
// back when it likes.
#pragma once

#include <memory>

#include "store/error.hpp"
#include "store/queue.hpp"

namespace store {

struct metered_vfs;

/// Requires: goes after the last connection that uses it.
class write_meter {
public:
    write_meter();
    ~write_meter();
    write_meter(const write_meter&) = delete;
    write_meter& operator=(const write_meter&) = delete;

    /// Stands in front of the VFS of this name; null: the system's. Requires: it doesn't yet stand in front of one.
    result<void> over(const char* real);
    /// To open connections with.
    const char* name() const;

    /// Since the beginning, of all files opened through it.
    write_counts counts() const;

private:
    std::unique_ptr<metered_vfs> vfs_;
};

}  // namespace store
