// store/lock.hpp: one writer for a queue file, and its folder on the device.
// Not SQLite's own locks, which are held only during a transaction.
#pragma once

#include <string>

#include "store/queue.hpp"

namespace store {

/// Held by one process at a time, by an advisory lock on `<path>.lock`; the kernel lets go of it when the process ends, however
/// it ends. The lock file stays: removing it would let two processes lock two files of the same name.
class writer_lock {
public:
    writer_lock() = default;
    writer_lock(const writer_lock&) = delete;
    writer_lock& operator=(const writer_lock&) = delete;
    ~writer_lock();

    /// Also finds out, in words, why `path` couldn't be written.
    result<void> take(const std::string& path);

private:
    int descriptor_ = -1;
};

/// Makes the names of the files in the folder of `path` durable.
result<void> sync_folder_of(const std::string& path);

}  // namespace store
