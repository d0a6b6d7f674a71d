// store/full_disk.cpp: a queue on a full device: what is given up, what it may do then, and how it heals.
// Not here: the reserve itself (reserve.hpp), and what is dropped for want of room (commit.cpp).
#include <algorithm>

#include "store/queue_file.hpp"
#include "store/schema.hpp"

namespace store {
namespace {

constexpr std::uint64_t smallest_tight = 256;  // pages; a file that was nearly empty still takes some messages
constexpr std::uint64_t tight_spare = 64;  // of these, for cursors, texts and the tree, so that the file needn't grow for them

}  // namespace

/// The device has no room: gives the reserve up and has the file keep the size it has, in which old messages make room for new
/// ones. From then on each commit that finds no room for the WAL to grow starts it over; that takes no room. False: also that
/// failed, and nothing can be written.
bool queue::file::tighten() {
    if (how_.reserve_bytes == 0) return false;
    disk_full_ = true;
    reserve_.give_up();
    if (!checkpoint(connection_)) return false;
    checkpoint_owed_ = false;
    if (tight_pages_) return true;
    const auto pages = connection_.integer("PRAGMA page_count");
    if (!pages) return false;
    const std::uint64_t tight = std::max(static_cast<std::uint64_t>(*pages), smallest_tight);
    if (!limit_pages(connection_, tight + tight_spare)) return false;
    tight_pages_ = tight - tight_spare;
    return true;
}

bool queue::file::try_to_heal() {
    if (!disk_full_) return true;
    if (!reserve_.make()) return false;
    if (checkpoint_owed_ && !checkpoint(connection_)) return false;
    if (!bound_pages(connection_, how_)) return false;
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
        const auto made = reserve_.make();
        if (made) return {};
        if (made.error().code() != errc::full) return made.error().detail();
    }
    tighten();
    return {};
}

}  // namespace store
