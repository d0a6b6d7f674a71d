// tests/sim/world_damage.cpp: bytes of a world's queue file change: of a copy, so that the run goes on as if nothing had
// happened; and of the file itself, which is salvaged then. Not here: power cuts, which damage only what wasn't synced
// (tests/store/disk.hpp), and what must hold afterwards (file_model_damaged.cpp).
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
    damage_bytes(copy);
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

void world::damage_bytes(test::disk& on) {
    if (!on.exists(what_.file.path)) return;
    const auto& queued = file_.state().queued;
    if (queued.empty() || dice_.one_in(2)) {
        // Another version, or another program's file, would be left alone, and with it the run.
        std::string& content = on.content(what_.file.path);
        const std::string identity = content.substr(0, 72);
        on.damage(what_.file.path, 1 + dice_.below(300));
        if (content.size() >= 72) content.replace(60, 12, identity, 60, 12);
        return;
    }
    // Within a segment, so that nothing but its checksum tells; the WAL, whose pages have been moved, would undo it.
    if (const std::string wal = what_.file.path + "-wal"; &on != &disk_ && on.exists(wal)) on.content(wal).clear();
    const auto one = std::next(queued.begin(), static_cast<std::ptrdiff_t>(dice_.below(queued.size())));
    on.damage_text(what_.file.path, std::to_string(one->second) + ' ');
}

// ---- In the life of a world ----

/// Under the process, or while there is none.
void world::damage() {
    ++seen_.damaged;
    disk_erred_ = true;
    file_.on_damage();
    barriers_.expect_damage();
    record_.event('G');
    record_.line([] { return "disk  IS DAMAGED"; });
    if (dice_.one_in(2)) return damage_bytes(disk_);
    damage_next_ = true;
    end_process(end::kill);
}

/// All that it has; what is found damaged only then is salvaged. Nothing: the disk didn't let it.
std::optional<std::vector<store::stored_message>> world::read_damaged(store::queue& opened, store::recovery& found) {
    disk_.call_off_reads();
    auto log = opened.read(store::sequence{1}, 1'000'000, SIZE_MAX);
    for (int tries = 0; !log && log.error().code() == store::errc::damaged && tries < 3; ++tries) {
        const store::error why = log.error();
        if (const auto salvaged = opened.salvage(why, found); !salvaged) return std::nullopt;
        log = opened.read(store::sequence{1}, 1'000'000, SIZE_MAX);
    }
    if (!log) return std::nullopt;
    record_.event('A', log->size());
    return std::move(*log);
}

std::string world::take_as_found(const store::recovery& found, const std::vector<store::stored_message>& log) {
    // What the broker may have had may come again, in a new session.
    const std::int64_t mark = number(file_.state().cursor.maybe_sent);
    for (const auto& [content, at] : file_.accepted())
        if (at <= mark) may_double_.insert(content);
    if (found.damage && found.damage->is_news) {
        ++seen_.salvaged;
        counts_exact_ = counts_exact_ && found.damage->exact && !found.damage->ledger_lost;
    }
    record_.event('V', number(found.last), number(found.cursor.acked), log.size());
    record_.line([&] {
        return "disk  " + std::string(found.damage ? "SALVAGED: " : "opened: ") + std::to_string(log.size()) +
               " messages, last " + std::to_string(number(found.last)) + ", acked " + std::to_string(number(found.cursor.acked)) +
               (found.damage ? ", lost " + std::to_string(found.damage->lost) + (found.damage->exact ? "" : " or more") : "");
    });
    return file_.on_salvaged(found, log);
}

void world::open_damaged(store::queue opened, store::recovery found) {
    const auto log = read_damaged(opened, found);
    if (!log) {
        disk_.stop_process();
        return;
    }
    if (const std::string wrong = take_as_found(found, *log); !wrong.empty()) throw run_over{wrong};
    inbox_.crash();
    file_.begin_process();
    make_process(std::move(opened), found);
}

void world::on_salvaged(const store::recovery& found, store::queue& in) {
    lose_what_flies();
    closing_ = false;
    store::recovery again = found;
    const auto log = read_damaged(in, again);
    if (!log || again.last != found.last) throw run_over{"what was salvaged is damaged"};
    if (const std::string wrong = take_as_found(found, *log); !wrong.empty()) throw run_over{wrong};
    inbox_.crash();
    file_.begin_process();
    know_state();
    barriers_.begin_process(std::min(number(found.cursor.maybe_sent), number(found.last)));
}

}  // namespace sim
