// store/queue.cpp: opening a queue, reading it, and its public face.
// Not here: what a transaction does (commit.cpp), the file's settings (schema.hpp).
#include "store/queue.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <tuple>
#include <utility>

#include "store/fault.hpp"
#include "store/quarantine.hpp"
#include "store/queue_file.hpp"
#include "store/salvage.hpp"
#include "store/schema.hpp"

namespace store {
namespace {

constexpr std::uint64_t smallest_bound = 1 << 20;
constexpr std::size_t cached_bytes = 2 * segment_bytes;

write_path::gather what_to_gather(const tuning& with) {
    const std::string_view how = with.synchronous;
    return how == "FULL" || how == "EXTRA" ? write_path::gather::runs : write_path::gather::nothing;
}

}  // namespace

// ---- Opening ----

result<void> queue::file::open(recovery& found) {
    files_ = with_.files != nullptr || with_.vfs != nullptr ? with_.files : &system_files();
    if (with_.vfs == nullptr) {
        lock_ = std::make_shared<writer_lock>();
        if (const auto locked = lock_->take(how_.path); !locked) return locked;
    }
    bool has_wal = false;
    if (files_ != nullptr) {
        const auto completed = quarantine(*files_, how_.path).resume();
        if (!completed) return completed.error();
        moved_now_ = *completed;
        const before_opening seen = look_before_opening(*files_, how_.path);
        if (seen.fault) return error(errc::damaged, how_.path + ": " + *seen.fault);
        has_wal = seen.has_wal;
        if (seen.wal_is_useless) {
            if (const auto gone = files_->remove(how_.path + "-wal"); !gone) return gone;
            if (const auto kept = files_->sync_folder(how_.path); !kept) return kept;
        }
    }
    auto done = open_file(found);
    // Whoever else changes the version, a newer Tidegate or SQLite's shell, leaves other counters or no WAL.
    if (!done && done.error().code() == errc::newer && has_wal && has_counters_of_this_version(connection_))
        return error(errc::damaged, how_.path + ": its version is garbled");
    return done;
}

result<void> queue::file::open_file(recovery& found) {
    if (const auto ready = writes_.over(with_.vfs, what_to_gather(with_)); !ready) return ready;
    reserve_ = reserve(how_.path, std::min(how_.reserve_bytes, how_.max_bytes), with_.vfs);
    const auto opened = open_for_writing(connection_, how_, with_, writes_.name());
    if (!opened) return opened.error();
    checkpoint_owed_ = opened->checkpoint_owed;
    if (const auto ready = log_.prepare(log_table::purpose::writing); !ready) return ready;
    if (const auto ready = dead_letters_.prepare(); !ready) return ready;
    if (const auto ready = audit_.prepare(); !ready) return ready;
    if (const auto ready = memory_.prepare(); !ready) return ready;
    if (const auto loaded = log_.load_texts(texts_); !loaded) return loaded;
    const auto known = log_.load();
    if (!known) return known.error();
    now_ = *known;
    written_before_ = now_.figures.bytes_written;
    if (const auto started = start_up(opened->created); !started) return started;
    // At each start, not only when the file was made: the process that made it may have ended before it came to this.
    if (with_.vfs == nullptr) {
        if (const auto synced = sync_folder_of(how_.path); !synced) return synced;
    }
    is_open_ = true;
    const std::string reserve_failed = secure_room();
    found = {opened->created, now_.cursor,       now_.session, now_.ledger(),  sequence{now_.figures.last},
             now_.held,       now_.inbox.counts, disk_full_,   reserve_failed, offset_of(now_.boots, how_.boot_id),
             now_.damage};
    if (found.damage) found.damage->is_news = moved_now_;
    return {};
}

std::unique_ptr<queue::file> queue::file::closed(std::unique_ptr<file> damaged) {
    auto made = std::make_unique<file>(damaged->how_, damaged->with_);
    made->files_ = damaged->files_;
    made->lock_ = damaged->lock_;
    made->before_damage_ = damaged->is_open_ ? damaged->now_ : damaged->before_damage_;
    damaged->is_open_ = false;
    damaged->connection_.leave_wal();
    return made;
}

/// The new file is complete and durable before the damaged one loses its name.
result<void> queue::file::rescue(const error& why, recovery& found) {
    quarantine aside(*files_, how_.path);
    if (const auto cleared = aside.clear_workplace(); !cleared) return cleared;
    const store::damage report{why.detail(), aside.next_name()};
    const auto copy = [&] { return store::salvage(*files_, how_.path, aside.workplace(), with_, before_damage_, report); };
    auto salvaged = copy();
    if (!salvaged && salvaged.error().code() == errc::full && how_.reserve_bytes > 0) {
        reserve(how_.path, how_.reserve_bytes, with_.vfs).give_up();
        if (const auto cleared = aside.clear_workplace(); !cleared) return cleared;
        salvaged = copy();
    }
    if (!salvaged) {
        std::ignore = aside.clear_workplace();  // the next attempt does it again
        const bool no_room = salvaged.error().code() == errc::full;
        return error(salvaged.error().code(),
                     how_.path + " is damaged, and what can be saved of it " +
                         (no_room ? "finds no room for a copy; free some space on the device: " : "can't be copied: ") +
                         salvaged.error().detail());
    }
    if (const auto swapped = aside.swap(); !swapped) return swapped;
    moved_now_ = true;
    return open_file(found);
}

error queue::file::closed_because() const {
    return {errc::damaged, how_.path + ": was found damaged, and nothing could be salvaged yet"};
}

/// Writes only if there is something to write: an ordinary start costs the card nothing.
result<void> queue::file::start_up(bool created) {
    const bool forget_texts = !created && now_.figures.stored == 0 && texts_.half_full();
    const bool new_bound = now_.figures.max_bytes != how_.max_bytes;
    const bool damaged_is_gone = now_.damage && files_ != nullptr && files_->beginning_with(now_.damage->moved_to).empty();
    if ((!forget_texts && !new_bound && !damaged_is_gone) || checkpoint_owed_) return {};
    now_.figures.max_bytes = how_.max_bytes;
    if (const auto begun = log_.begin(); !begun) return begun;
    if (forget_texts) {
        // No segment refers to them, and the topics of an older config would only be in the way.
        if (const auto cleared = log_.clear_texts(); !cleared) return cleared;
        texts_ = dictionary();
        if (const auto loaded = log_.load_texts(texts_); !loaded) return loaded;
    }
    if (damaged_is_gone) {
        if (const auto forgotten = log_.forget_damage(); !forgotten) return forgotten;
        now_.damage.reset();
    }
    if (const auto saved = save_counters(now_.figures); !saved) return saved;
    return log_.commit();
}

/// All is durable already; this only spares the next start some work, so it doesn't matter if it fails.
queue::file::~file() {
    if (!is_open_) return;
    rewind_wal(connection_);
    if (!log_.begin()) return;
    if (save_counters(now_.figures)) std::ignore = log_.commit();
}

// ---- Reading ----

/// Makes reading_ hold the first message at or above `from`, at or after its position; false: there is none.
result<bool> queue::file::locate(std::int64_t from) {
    if (from >= reading_.position() && from <= reading_.last()) return true;
    if (from >= reading_.first() && from <= reading_.last()) {
        reading_.rewind();
        return true;
    }
    auto segment = log_.segment_from(part::log, from);
    if (!segment) return segment.error();
    reading_ = *segment ? std::move(**segment) : segment_reader();
    reading_boot_.reset();
    return segment->has_value();
}

result<std::vector<stored_message>> queue::file::read(sequence from, std::size_t most_messages, std::size_t most_bytes) {
    if (!is_open_) return closed_because();
    std::vector<stored_message> found;
    std::size_t bytes = 0;
    std::int64_t next = std::max<std::int64_t>(1, number(from));
    while (found.size() < most_messages) {
        auto message = read_next(next);
        // What comes before damage is good; the next call, which begins with it, reports it.
        if (!message && found.empty()) return message.error();
        if (!message || !*message) break;
        bytes += size_of((*message)->message);
        if (bytes > most_bytes && !found.empty()) {
            reading_.unread();
            break;
        }
        next = number((*message)->sequence) + 1;
        found.push_back(std::move(**message));
    }
    if (!found.empty()) given_out_ = std::max(given_out_, number(found.back().sequence));
    if (reading_.size() > cached_bytes) reading_ = {};
    return found;
}

/// The first message at or above `from`; nothing: there is none.
result<std::optional<stored_message>> queue::file::read_next(std::int64_t from) {
    stored_message found;
    do {
        const auto there = locate(from);
        if (!there) return there.error();
        if (!*there) return std::optional<stored_message>();
        if (reading_.next(texts_, found)) continue;
        // It can't be decoded, or its topic is damaged.
        log_.set_aside(part::log, reading_.first());
        from = std::max(from, reading_.last() + 1);
        reading_ = {};
        found.sequence = sequence{0};
    } while (number(found.sequence) < from);
    tell_boot(found);
    return std::optional<stored_message>(std::move(found));
}

result<std::optional<stored_message>> queue::file::oldest() {
    if (!is_open_) return closed_because();
    const cursor& at = now_.cursor;
    auto segment = log_.segment_from(part::log, number(at.acked) + 1);
    if (!segment) return segment.error();
    stored_message found;
    while (*segment && (*segment)->position() <= (*segment)->last() && (*segment)->next(texts_, found)) {
        if (found.sequence <= at.acked || std::binary_search(at.acked_beyond.begin(), at.acked_beyond.end(), found.sequence))
            continue;
        found.of_this_boot = is_this_boot((*segment)->boot());
        found.boot_offset_ms = offset_of(now_.boots, (*segment)->boot());
        return std::optional<stored_message>(std::move(found));
    }
    return std::optional<stored_message>();
}

/// Looked up once a segment.
void queue::file::tell_boot(stored_message& of) {
    if (!reading_boot_) reading_boot_ = {is_this_boot(reading_.boot()), offset_of(now_.boots, reading_.boot())};
    of.of_this_boot = reading_boot_->is_this;
    of.boot_offset_ms = reading_boot_->offset_ms;
}

result<std::vector<waiting_message>> queue::file::read_inbox(inbox_number from, std::size_t most_messages,
                                                             std::size_t most_bytes) {
    if (!is_open_) return closed_because();
    return inbox_.read(now_.inbox, from, most_messages, most_bytes);
}

result<std::vector<dead_letter>> queue::file::read_dead_letters(dead_letter_number from, std::size_t most) {
    if (!is_open_) return closed_because();
    return dead_letters_.read(from, most);
}

result<std::vector<audit_entry>> queue::file::read_audit(audit_number before, std::size_t most) {
    if (!is_open_) return closed_because();
    return audit_.read(before, most);
}

result<std::vector<memory>> queue::file::recall() {
    if (!is_open_) return closed_because();
    return memory_.read();
}

// ---- The public face ----

queue::queue(std::unique_ptr<file> opened) : file_(std::move(opened)) {}
queue::queue(queue&&) noexcept = default;
queue& queue::operator=(queue&&) noexcept = default;
queue::~queue() = default;

result<queue> queue::open(const options& how, recovery& found) { return open_tuned(how, tuning{}, found); }

result<queue> open_tuned(const options& how, const tuning& with, recovery& found) {
    assert(!how.path.empty() && how.max_bytes >= smallest_bound);
    auto opened = std::make_unique<queue::file>(how, with);
    auto done = opened->open(found);
    if (!done && done.error().code() == errc::full && with.vfs == nullptr && has_room_at(how.path))
        done = error(errc::damaged, done.error().detail());  // as in only_seems_full()
    if (!done && done.error().code() == errc::full && how.reserve_bytes > 0) {
        // Not even what SQLite keeps beside the file has room. The reserve does; it is for this.
        opened = std::make_unique<queue::file>(how, with);
        reserve(how.path, how.reserve_bytes, with.vfs).give_up();
        done = opened->open(found);
    }
    if (done) return queue(std::move(opened));
    if (done.error().code() != errc::damaged || !opened->can_be_rescued()) return done.error();
    queue damaged(std::move(opened));
    if (const auto rescued = damaged.salvage(done.error(), found); !rescued) return rescued.error();
    return damaged;
}

result<void> queue::salvage(const error& why, recovery& found) {
    if (!file_->can_be_rescued()) return why;
    file_ = file::closed(std::move(file_));
    return file_->rescue(why, found);
}

result<commit_report> queue::commit(const transaction& work) { return file_->commit(work); }

result<std::vector<stored_message>> queue::read(sequence from, std::size_t most_messages, std::size_t most_bytes) {
    return file_->read(from, most_messages, most_bytes);
}

result<std::vector<waiting_message>> queue::read_inbox(inbox_number from, std::size_t most_messages, std::size_t most_bytes) {
    return file_->read_inbox(from, most_messages, most_bytes);
}

result<std::vector<dead_letter>> queue::read_dead_letters(dead_letter_number from, std::size_t most) {
    return file_->read_dead_letters(from, most);
}

result<std::vector<audit_entry>> queue::read_audit(audit_number before, std::size_t most) {
    return file_->read_audit(before, most);
}

result<std::vector<memory>> queue::recall() { return file_->recall(); }

bool queue::try_to_heal() { return file_->try_to_heal(); }

result<std::optional<stored_message>> queue::oldest() { return file_->oldest(); }

ledger queue::ledger() const { return file_->ledger(); }

dead_letter_counts queue::dead_letters() const { return file_->dead_letters(); }

write_counts queue::written() const { return file_->written(); }

}  // namespace store
