// store/write_path.hpp: an SQLite VFS between SQLite and another one: gathers what a commit writes to the WAL into one write,
// and counts what is written and synced.
// Not a cache and not a fault: reads see the other one's files, and a write that fails is told before anything counts on it. The
// -shm isn't counted: it is memory that the system writes back when it likes.
#pragma once

#include <cstdint>
#include <memory>

#include "store/error.hpp"
#include "store/queue.hpp"

namespace store {

struct write_path_vfs;

/// Gathered bytes are written before any call that could tell them from written ones: the WAL's sync, which returns their
/// error, and so the commit fails; its reads and its size; and whatever shows a commit to other processes, all of which goes
/// through the -shm's locks and barriers. After a sync nothing is gathered until then: SQLite writes the rest of a frame that
/// fills a sector up, shows the commit, and asks no more. The database itself, which checkpoints write, isn't gathered: an
/// incomplete checkpoint ends without a call that could fail.
/// Requires: goes after the last connection that uses it; one connection at a time.
class write_path {
public:
    /// With commits that aren't synced each write must say itself whether it failed.
    enum class gather : std::uint8_t { nothing, wal };

    write_path();
    ~write_path();
    write_path(const write_path&) = delete;
    write_path& operator=(const write_path&) = delete;

    /// Stands in front of the VFS of this name; null: the system's. Requires: it doesn't yet stand in front of one.
    result<void> over(const char* real, gather what);
    /// To open connections with.
    const char* name() const;

    /// Since the beginning, of all files opened through it.
    write_counts counts() const;

private:
    std::unique_ptr<write_path_vfs> vfs_;
};

}  // namespace store
