// store/write_path.hpp: an SQLite VFS between SQLite and another one: gathers writes that follow one another in the WAL, and in
// the database during a checkpoint, into one, and counts what is written and synced.
// Not a cache and not a fault: reads see the other one's files, and a write that fails is told before anything counts on it. The
// -shm isn't counted: it is memory that the system writes back when it likes.
#pragma once

#include <cstdint>
#include <memory>

#include "store/error.hpp"
#include "store/queue.hpp"

namespace store {

struct write_path_vfs;

/// Gathered bytes are written before any call that could tell them from written ones: a sync, which returns their error, so that
/// the commit or the checkpoint fails; reads, sizes; and whatever shows a commit to other processes, all of which goes through
/// the -shm's locks and barriers. Two cases end without a call that could fail, and so nothing is gathered there: after its
/// sync a WAL gets only the rest of a frame that fills a sector up, and then the commit is shown; and a checkpoint that readers
/// hold back (one of its locks was busy) isn't synced at its end.
/// Requires: goes after the last connection that uses it; one connection at a time.
class write_path {
public:
    /// Where commits aren't synced each write must say itself whether it failed.
    enum class gather : std::uint8_t { nothing, runs };

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
