// tests/sim/world_damage.cpp: what a world's queue file would give back if some of its bytes were overwritten: tried on a copy,
// so that the run goes on as if nothing had happened. Not here: power cuts, which damage only what wasn't synced
// (tests/store/disk.hpp).
#include <iterator>

#include "store/tuning.hpp"
#include "tests/sim/content.hpp"
#include "tests/sim/world.hpp"

namespace sim {

using store::number;

/// It may say that it is damaged, and it may have lost messages, but it gives back none that wasn't put in.
void world::damage_a_copy() {
    test::disk copy(dice_.next());
    copy.begin_as(disk_);
    const auto& queued = file_.state().queued;
    if (!queued.empty() && dice_.one_in(2)) {
        // Within a segment, so that nothing but its checksum tells; the WAL, whose pages have been moved, would undo it.
        if (const std::string wal = what_.file.path + "-wal"; copy.exists(wal)) copy.content(wal).clear();
        const auto one = std::next(queued.begin(), static_cast<std::ptrdiff_t>(dice_.below(queued.size())));
        copy.damage_text(what_.file.path, std::to_string(one->second) + ' ');
    } else {
        copy.damage(what_.file.path, 1 + dice_.below(300));
    }
    store::tuning with = what_.tuning;
    with.vfs = copy.name();
    store::recovery found;
    auto opened = store::open_tuned(what_.file, with, found);
    record_.event('z', opened ? 1 : 0);
    ++seen_.copies_damaged;
    if (!opened) return;
    const std::int64_t last = std::min(number(found.last), file_.state().last);
    for (std::int64_t at = 1; at <= last; ++at) {
        const auto read = opened->read(store::sequence{at}, 1, SIZE_MAX);
        if (!read || read->empty()) continue;
        const store::stored_message& one = read->front();
        const std::string& payload = one.message.payload;
        if (is_whole(payload) && number_in(payload) == file_.content_of(number(one.sequence))) continue;
        return complain("a damaged file gives back as message " + std::to_string(number(one.sequence)) + ": " +
                        payload.substr(0, 60));
    }
}

}  // namespace sim
