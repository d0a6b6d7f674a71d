// store/full_disk.cpp: a queue on a full device: what is given up, what it may do then, and how it heals.
// Not here: the reserve itself (reserve.hpp), and what is dropped for want of room (commit.cpp).
#include <algorithm>
#include <tuple>

#include "store/queue_file.hpp"
#include "store/schema.hpp"

namespace store {
namespace {

constexpr std::int64_t smallest_file = 256;  // pages; so that one that was nearly empty still takes some messages
constexpr std::uint64_t tight_spare = 64;    // of these, for cursors, texts and the tree, so that the file needn't grow for them

// Two transactions: pages that are freed in the one that made them are never written, and would have no blocks.
constexpr char grow[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE spare(data BLOB);"
    "INSERT INTO spare VALUES(zeroblob(1048576));"
    "COMMIT";

}  // namespace

/// Once in its life a file gets the size that it needs when the device is full, as free pages.
result<void> queue::file::reach_smallest_size() {
    if (const auto clean = connection_.run("DROP TABLE IF EXISTS spare"); !clean) return clean;  // the power went in between
    const auto pages = connection_.integer("PRAGMA page_count");
    if (!pages) return pages.error();
    if (*pages >= smallest_file) return {};
    if (const auto grown = connection_.run(grow); !grown) {
        connection_.roll_back();
        return grown;
    }
    if (const auto there = checkpoint(connection_); !there) return there;
    return connection_.run("DROP TABLE spare");
}

/// The device has no room: gives the reserve up and has the file keep the size it has, in which old messages make room for new
/// ones. From then on each commit that finds no room for the WAL to grow starts it over; that takes no room. False: also that
/// failed, and nothing can be written.
bool queue::file::tighten() {
    if (how_.reserve_bytes == 0) return false;
    disk_full_ = true;
    reserve_.give_up();
    // Until this is done nothing may be committed: it would use up what the reserve has left.
    checkpoint_owed_ = true;
    if (!checkpoint(connection_)) return false;
    if (!tight_pages_) {
        const auto pages = connection_.integer("PRAGMA page_count");
        if (!pages) return false;
        const auto there = static_cast<std::uint64_t>(*pages);
        if (!limit_pages(connection_, there + tight_spare)) return false;
        tight_pages_ = there - std::min(there, tight_spare);
    }
    checkpoint_owed_ = false;
    return true;
}

bool queue::file::try_to_heal() {
    if (!disk_full_) return true;
    if (!reserve_.make()) return false;
    if (checkpoint_owed_ && !checkpoint(connection_)) return false;
    if (!bound_pages(connection_, how_)) return false;
    if (!reach_smallest_size()) return false;
    checkpoint_owed_ = false;
    tight_pages_.reset();
    disk_full_ = false;
    return true;
}

/// As it is opened: the reserve is made, or else the file begins in the tight way. Returns why there is none, if that is not
/// for want of room.
std::string queue::file::secure_room() {
    if (how_.reserve_bytes == 0) return {};
    if (!checkpoint_owed_) {
        auto made = reserve_.make();
        if (made) made = reach_smallest_size();
        if (made) return {};
        if (made.error().code() != errc::full) return made.error().detail();
    }
    // A new file may find room for its smallest size, though not for the reserve.
    if (checkpoint(connection_)) std::ignore = reach_smallest_size();
    tighten();
    return {};
}

}  // namespace store
