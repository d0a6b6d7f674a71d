// store/tuning.hpp: what tests may change about how a queue file is written: the disk under it, and what makes it safe.
// Not for the product, which opens queues by queue::open alone.
#pragma once

#include "store/queue.hpp"

namespace store {

class files;

struct tuning {
    store::files* files = nullptr;  // beside the VFS; null with a VFS: a damaged queue isn't salvaged
    const char* vfs = nullptr;      // an SQLite VFS; null: the system's, and then with lock file and synced folder
    const char* synchronous = "FULL";
    int checkpoint_pages = 1000;
    bool checkpoint_at_open = true;
};

result<queue> open_tuned(const options& how, const tuning& with, recovery& found);

}  // namespace store
