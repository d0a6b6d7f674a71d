// store/queue.cpp: what a transaction does to the log: finish, evict, append, count; and reading it.
// Not here: bytes (segment.hpp, record.hpp), SQL (log.hpp), the file's settings (schema.hpp).
#include "store/queue.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <tuple>
#include <utility>

#include "store/lock.hpp"
#include "store/log.hpp"
#include "store/retention.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/tuning.hpp"

namespace store {
namespace {

constexpr std::uint64_t smallest_bound = 1 << 20;
constexpr std::size_t segment_bytes = 256 * 1024;    // of one row; a single larger message gets a row of its own
constexpr std::size_t largest_message = 256u << 20;  // of MQTT, topic included
constexpr std::size_t cached_bytes = 2 * segment_bytes;

bool is_empty(const transaction& work) {
    return work.append.empty() && !work.cursor && !work.session && work.settled == settled{};
}

}  // namespace

/// Everything that belongs to an open queue. Declared in the order in which it must outlive each other.
class queue::file {
public:
    explicit file(const options& how) : how_(how) {}
    ~file();
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    result<void> open(const tuning& with, recovery& found);
    result<commit_report> commit(const transaction& work);
    result<std::vector<stored_message>> read(sequence from, std::size_t most_messages, std::size_t most_bytes);
    store::ledger ledger() const { return now_.ledger(); }

private:
    /// A transaction on its way: what will be true once it is durable.
    struct attempt {
        contents next;
        commit_report report;
        std::uint64_t page_limit = 0;
        bool counters_changed = false;
    };

    result<void> start_up(bool created);
    result<commit_report> try_commit(const transaction& work);
    result<void> finish(const cursor& moved, attempt& in);
    result<void> append(std::span<const message> messages, attempt& in);
    result<segment_writer> write_segment(std::span<const message> messages, std::size_t most_bytes);
    result<text_reference> reference(std::string_view text);
    result<std::uint64_t> make_room(std::uint64_t pages, attempt& in);
    result<bool> evict(std::uint64_t pages, attempt& in);
    std::int64_t exempt_up_to(const cursor& at) const;
    result<bool> locate(std::int64_t from);
    result<std::optional<stored_message>> read_next(std::int64_t from);

    const options how_;
    writer_lock lock_;
    connection connection_;
    log_table log_{connection_};
    dictionary texts_;
    contents now_;
    std::int64_t given_out_ = 0;  // the highest number that the caller holds: by read(), or handed_out
    segment_reader reading_;      // the segment that was read last, up to where
    bool is_open_ = false;
};

// ---- Opening ----

result<void> queue::file::open(const tuning& with, recovery& found) {
    const bool on_system_disk = with.vfs == nullptr;
    if (on_system_disk) {
        if (const auto locked = lock_.take(how_.path); !locked) return locked;
    }
    const auto created = open_for_writing(connection_, how_, with);
    if (!created) return created.error();
    if (const auto ready = log_.prepare(log_table::purpose::writing); !ready) return ready;
    if (const auto loaded = log_.load_texts(texts_); !loaded) return loaded;
    const auto known = log_.load();
    if (!known) return known.error();
    now_ = *known;
    if (const auto started = start_up(*created); !started) return started;
    // At each start, not only when the file was made: the process that made it may have ended before it came to this.
    if (on_system_disk) {
        if (const auto synced = sync_folder_of(how_.path); !synced) return synced;
    }
    is_open_ = true;
    found = {*created, now_.cursor, now_.session, now_.ledger(), sequence{now_.figures.last}};
    return {};
}

/// Writes only if there is something to write: an ordinary start costs the card nothing.
result<void> queue::file::start_up(bool created) {
    const bool forget_texts = !created && now_.figures.stored == 0 && texts_.half_full();
    const bool new_bound = now_.figures.max_bytes != how_.max_bytes;
    if (!forget_texts && !new_bound) return {};
    now_.figures.max_bytes = how_.max_bytes;
    if (const auto begun = log_.begin(); !begun) return begun;
    if (forget_texts) {
        // No segment refers to them, and the topics of an older config would only be in the way.
        if (const auto cleared = log_.clear_texts(); !cleared) return cleared;
        texts_ = dictionary();
    }
    if (const auto saved = log_.save(now_.figures); !saved) return saved;
    return log_.commit();
}

/// All is durable already; this only spares the next start some work, so it doesn't matter if it fails.
queue::file::~file() {
    if (!is_open_) return;
    rewind_wal(connection_);
    if (!log_.begin()) return;
    if (log_.save(now_.figures)) std::ignore = log_.commit();
}

// ---- Committing ----

result<commit_report> queue::file::commit(const transaction& work) {
    const std::uint64_t texts_before = texts_.last_id();
    auto done = try_commit(work);
    if (!done) {
        connection_.roll_back();
        texts_.forget_after(texts_before);
    }
    return done;
}

result<commit_report> queue::file::try_commit(const transaction& work) {
    attempt in{now_, {}, 0, false};
    if (!is_empty(work)) {
        if (const auto begun = log_.begin(); !begun) return begun.error();
    }
    const auto used_before = log_.pages_used();
    if (!used_before) return used_before.error();
    in.report.bytes_used = *used_before * page_size;
    if (is_empty(work)) return in.report;
    in.page_limit = page_limit(how_.max_bytes / page_size, *used_before);

    counters& figures = in.next.figures;
    figures.acknowledged += work.settled.acknowledged;
    figures.dropped_refused += work.settled.refused;
    figures.dropped_session += work.settled.session;
    in.counters_changed = work.settled != settled{};
    if (work.session && work.session != now_.session) {
        in.next.session = work.session;
        if (const auto saved = log_.save(*work.session); !saved) return saved.error();
    }
    if (work.cursor && *work.cursor != now_.cursor) {
        if (const auto moved = finish(*work.cursor, in); !moved) return moved.error();
    }
    if (const auto appended = append(work.append, in); !appended) return appended.error();
    if (in.counters_changed) {
        if (const auto saved = log_.save(figures); !saved) return saved.error();
    }
    const auto used = log_.pages_used();
    if (!used) return used.error();
    in.report.bytes_used = *used * page_size;
    if (const auto durable = log_.commit(); !durable) return durable.error();

    now_ = std::move(in.next);
    if (work.handed_out) given_out_ = std::max(given_out_, now_.figures.last);
    const bool evicted = reading_.first() >= number(in.report.evicted_from) && reading_.last() <= number(in.report.evicted_to);
    if (evicted || reading_.last() <= number(now_.cursor.acked)) reading_ = {};
    return in.report;
}

/// Moves the cursor and removes the segments that are wholly finished.
result<void> queue::file::finish(const cursor& moved, attempt& in) {
    const std::int64_t acked = number(moved.acked);
    assert(moved.acked >= now_.cursor.acked && acked <= now_.figures.last);
    in.next.cursor = moved;
    if (const auto saved = log_.save(moved); !saved) return saved;
    const auto newest = log_.at_or_before(acked);
    if (!newest) return newest.error();
    if (*newest) {
        const std::int64_t last_to_go = (*newest)->last() <= acked ? (*newest)->first : (*newest)->first - 1;
        const auto removed = log_.messages_between(1, last_to_go);
        if (!removed) return removed.error();
        if (*removed > 0) {
            if (const auto erased = log_.erase(1, last_to_go); !erased) return erased;
            in.next.figures.stored -= std::min(*removed, in.next.figures.stored);
            in.counters_changed = true;
        }
    }
    const auto finished = log_.finished(moved);
    if (!finished) return finished.error();
    in.next.finished = *finished;
    return {};
}

result<void> queue::file::append(std::span<const message> messages, attempt& in) {
    counters& figures = in.next.figures;
    in.report.first = sequence{figures.last + 1};
    while (!messages.empty()) {
        auto segment = write_segment(messages, segment_bytes);
        if (!segment) return segment.error();
        const std::uint64_t wanted = pages_for(segment->data().size());
        const auto room = make_room(wanted, in);
        if (!room) return room.error();
        if (*room < wanted) {
            segment = write_segment(messages, static_cast<std::size_t>(std::min<std::uint64_t>(bytes_in(*room), segment_bytes)));
            if (!segment) return segment.error();
            if (segment->count() == 0 || pages_for(segment->data().size()) > *room) break;
        }
        if (const auto written = log_.append(figures.last + 1, *segment); !written) return written;
        figures.last += segment->count();
        figures.stored += static_cast<std::uint64_t>(segment->count());
        in.report.appended += static_cast<std::size_t>(segment->count());
        messages = messages.subspan(static_cast<std::size_t>(segment->count()));
    }
    in.report.refused = messages.size();
    figures.dropped_newest += messages.size();
    in.counters_changed |= !messages.empty();
    return {};
}

/// As many of the messages as fit; a single one may be larger.
result<segment_writer> queue::file::write_segment(std::span<const message> messages, std::size_t most_bytes) {
    const auto boot = reference(how_.boot_id);
    if (!boot) return boot.error();
    segment_writer segment(*boot);
    for (const message& next : messages) {
        assert(next.topic.size() + next.payload.size() <= largest_message);
        const auto topic = reference(next.topic);
        if (!topic) return topic.error();
        const std::size_t bound = segment.count() == 0 ? 2 * largest_message : most_bytes;
        if (!segment.add(next, *topic, bound)) break;
    }
    return segment;
}

result<text_reference> queue::file::reference(std::string_view text) {
    if (const auto known = texts_.find(text)) return text_reference{*known, {}};
    const auto added = texts_.add(text);
    if (!added) return text_reference{0, text};
    if (const auto written = log_.add_text(*added, text); !written) return written.error();
    return text_reference{*added, {}};
}

/// The pages that there are for new segments: at least `pages` of them, if dropping old ones can bring that about. Nothing is
/// dropped if it can't, for then old and new would both be lost.
result<std::uint64_t> queue::file::make_room(std::uint64_t pages, attempt& in) {
    for (;;) {
        const auto used = log_.pages_used();
        if (!used) return used.error();
        const std::uint64_t room = in.page_limit - std::min(in.page_limit, *used);
        if (room >= pages || how_.when_full == full_policy::drop_newest) return room;
        const auto went = evict(pages + *used - in.page_limit, in);
        if (!went) return went.error();
        if (!*went) return room;
    }
}

/// Drops the oldest segments that may be dropped and together are so large; false: there aren't so many.
result<bool> queue::file::evict(std::uint64_t pages, attempt& in) {
    eviction plan(pages);
    {
        auto segments = log_.segments_after(exempt_up_to(in.next.cursor));
        if (!segments) return segments.error();
        while (!plan.enough()) {
            const auto row = segments->next();
            if (!row) return row.error();
            if (!*row) return false;
            const auto segment = log_.as_segment(*segments);
            if (!segment) return segment.error();
            plan.add(*segment);
        }
    }
    if (const auto erased = log_.erase(plan.first(), plan.last()); !erased) return erased.error();
    if (in.report.evicted == 0) in.report.evicted_from = sequence{plan.first()};
    in.report.evicted_to = sequence{plan.last()};
    in.report.evicted += plan.messages();
    in.next.figures.stored -= std::min(plan.messages(), in.next.figures.stored);
    in.next.figures.dropped_oldest += plan.messages();
    in.counters_changed = true;
    return true;
}

/// What a broker may have seen must stay, and so must what the caller holds already and may be sending: it has counted on
/// getting an acknowledgement for it. So no message of a segment that is evicted is finished.
std::int64_t queue::file::exempt_up_to(const cursor& at) const {
    std::int64_t highest = std::max({number(at.acked), number(at.released), number(at.maybe_sent), given_out_});
    for (const sequence s : at.acked_beyond) highest = std::max(highest, number(s));
    for (const sequence s : at.released_beyond) highest = std::max(highest, number(s));
    return highest;
}

// ---- Reading ----

/// Makes reading_ hold the first message at or above `from`, at or after its position; false: there is none.
result<bool> queue::file::locate(std::int64_t from) {
    if (from >= reading_.position() && from <= reading_.last()) return true;
    if (from >= reading_.first() && from <= reading_.last()) {
        reading_.rewind();
        return true;
    }
    const auto holding = log_.at_or_before(from);
    if (!holding) return holding.error();
    const bool inside = *holding && (*holding)->last() >= from;
    auto segment = log_.segment_from(inside ? (*holding)->first : from);
    if (!segment) return segment.error();
    reading_ = *segment ? std::move(**segment) : segment_reader();
    return segment->has_value();
}

result<std::vector<stored_message>> queue::file::read(sequence from, std::size_t most_messages, std::size_t most_bytes) {
    std::vector<stored_message> found;
    std::size_t bytes = 0;
    std::int64_t next = std::max<std::int64_t>(1, number(from));
    while (found.size() < most_messages) {
        auto message = read_next(next);
        // What comes before damage is good; the next call, which begins with it, reports it.
        if (!message && found.empty()) return message.error();
        if (!message || !*message) break;
        bytes += (*message)->message.topic.size() + (*message)->message.payload.size();
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
    const auto there = locate(from);
    if (!there) return there.error();
    if (!*there) return std::optional<stored_message>();
    stored_message found;
    do {
        if (!reading_.next(texts_, found)) {
            const std::string which = std::to_string(reading_.position());
            reading_ = {};
            return log_.damaged("message " + which + " can't be decoded, or its topic is damaged");
        }
    } while (number(found.sequence) < from);
    return std::optional<stored_message>(std::move(found));
}

// ---- The public face ----

queue::queue(std::unique_ptr<file> opened) : file_(std::move(opened)) {}
queue::queue(queue&&) noexcept = default;
queue& queue::operator=(queue&&) noexcept = default;
queue::~queue() = default;

result<queue> queue::open(const options& how, recovery& found) { return open_tuned(how, tuning{}, found); }

result<queue> open_tuned(const options& how, const tuning& with, recovery& found) {
    assert(!how.path.empty() && how.max_bytes >= smallest_bound);
    auto opened = std::make_unique<queue::file>(how);
    if (const auto done = opened->open(with, found); !done) return done.error();
    return queue(std::move(opened));
}

result<commit_report> queue::commit(const transaction& work) { return file_->commit(work); }

result<std::vector<stored_message>> queue::read(sequence from, std::size_t most_messages, std::size_t most_bytes) {
    return file_->read(from, most_messages, most_bytes);
}

ledger queue::ledger() const { return file_->ledger(); }

}  // namespace store
