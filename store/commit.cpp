// store/commit.cpp: what a transaction does to the file: park, finish, receive, evict, append, count.
// Not here: what goes for its age or is thinned out (aging.cpp, thinning.cpp), inbox and dead letters (inbox.hpp,
// dead_letters.hpp), bytes (segment.hpp, record.hpp), SQL (log.hpp).
#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "store/queue_file.hpp"
#include "store/retention.hpp"

namespace store {
namespace {

bool is_empty(const transaction& work) {
    return work.append.empty() && work.first == sequence{0} && !work.cursor && !work.session && work.settled == settled{} &&
           work.park.empty() && !work.now && work.receive.empty() && !work.held && work.handled.empty() &&
           work.remove_dead_letters.empty() && !work.remove_all_dead_letters && work.audit.empty() && work.remember.empty() &&
           work.forget.empty() && !work.purge && work.unwritten == 0 && !work.boot_offset_ms;
}

bool is_finished(sequence at, const cursor& by) {
    return at <= by.acked || std::binary_search(by.acked_beyond.begin(), by.acked_beyond.end(), at);
}

}  // namespace

result<commit_report> queue::file::commit(const transaction& work) {
    if (!is_open_) return closed_because();
    if (checkpoint_owed_ && !catch_up()) return error(errc::full, how_.path + ": the device is full; free some space on it");
    auto done = commit_or_undo(work);
    if (!done && done.error().code() == errc::full && only_seems_full()) return log_.damaged("a page has an impossible number");
    if (!done && done.error().code() == errc::full && tighten()) done = commit_or_undo(work);
    if (done) done->disk_full = disk_full_;
    return done;
}

/// SQLite says so of any page number beyond the file's bound, also of one that damage has put there.
bool queue::file::only_seems_full() {
    if (with_.vfs != nullptr || !has_room_at(how_.path)) return false;
    const auto checked = connection_.text("PRAGMA quick_check(1)");
    return !checked || *checked != "ok";
}

result<commit_report> queue::file::commit_or_undo(const transaction& work) {
    const std::uint64_t texts_before = texts_.last_id();
    auto done = try_commit(work);
    if (!done) {
        connection_.roll_back();
        texts_.forget_after(texts_before);
        halving_.start_over();  // it has counted what is there again
    }
    return done;
}

result<commit_report> queue::file::try_commit(const transaction& work) {
    attempt in{now_, {}, 0, work.handed_out, false, 0, false, audited_};
    if (!is_empty(work)) {
        if (const auto begun = log_.begin(); !begun) return begun.error();
    }
    const auto used_before = log_.pages_used();
    if (!used_before) return used_before.error();
    in.report.bytes_used = *used_before * page_size;
    in.report.inbox = now_.inbox.counts;
    in.report.written = writes_.counts();
    if (is_empty(work)) return in.report;
    in.page_limit = page_limit(how_.max_bytes / page_size, *used_before);
    if (tight_pages_) in.page_limit = std::min(in.page_limit, *tight_pages_);
    if (const auto moved = move_messages(work, in); !moved) return moved.error();
    if (const auto dropped = drop_damaged(in); !dropped) return dropped.error();
    if (const auto saved = save_records(in); !saved) return saved.error();
    const auto used = log_.pages_used();
    if (!used) return used.error();
    in.report.bytes_used = *used * page_size;
    if (const auto durable = log_.commit(); !durable) return durable.error();

    log_.forget_set_aside();
    in.report.written = writes_.counts();
    now_ = std::move(in.next);
    audited_ = in.audit;
    if (work.handed_out) given_out_ = std::max(given_out_, now_.figures.last);
    const bool evicted = reading_.first() >= number(in.report.evicted_from) && reading_.last() <= number(in.report.evicted_to);
    const bool others_went = in.report.aged > 0 || in.report.thinned > 0 || in.report.purged > 0;
    if (evicted || others_went || reading_.last() <= number(now_.cursor.acked)) reading_ = {};
    return in.report;
}

/// All that a transaction does but for the small records. What leaves comes first, so that there is room for what comes.
result<void> queue::file::move_messages(const transaction& work, attempt& in) {
    counters& figures = in.next.figures;
    figures.acknowledged += work.settled.acknowledged;
    figures.dropped_refused += work.settled.refused;
    figures.dropped_session += work.settled.session;
    figures.dropped_expired += work.settled.expired;
    figures.dropped_unwritten += work.unwritten;
    in.counters_changed = work.settled != settled{} || work.unwritten > 0;
    if (work.session) in.next.session = work.session;
    if (work.boot_offset_ms && !how_.boot_id.empty()) remember(in.next.boots, {how_.boot_id, *work.boot_offset_ms});
    if (const auto parked = bury(work, in); !parked) return parked;
    if (number(work.first) > figures.last + 1) {
        figures.last = number(work.first) - 1;
        in.counters_changed = true;  // the rows alone no longer say how many there were
    }
    if (work.cursor && *work.cursor != now_.cursor) {
        if (const auto moved = finish(*work.cursor, in); !moved) return moved;
    }
    if (work.now) {
        if (const auto aged = age_out(*work.now, in); !aged) return aged;
    }
    if (work.purge) {
        if (const auto purged = purge(in); !purged) return purged;
    }
    if (const auto noted = note(work, in); !noted) return noted;
    if (const auto received = fill_inbox(work, in); !received) return received;
    assert(work.first == sequence{0} || number(work.first) == figures.last + 1);
    if (const auto appended = append(work.append, in); !appended) return appended;
    return check_numbered(work.numbered, in);
}

/// There is room for all that have their number already; some of these may be finished, though those before them aren't.
result<void> queue::file::check_numbered(std::size_t numbered, attempt& in) {
    if (in.report.appended < numbered)
        return error(errc::full, connection_.path() +
                                     ": has no room, and nothing in it may be dropped; raise buffer.max_bytes, or see why the "
                                     "broker is away");
    if (numbered == 0) return {};
    const auto finished = log_.finished(in.next.cursor);
    if (!finished) return finished.error();
    in.next.finished = *finished;
    return {};
}

/// What doesn't pass its checks leaves the log, and the ledger says so.
result<void> queue::file::drop_damaged(attempt& in) {
    counters& figures = in.next.figures;
    // Of what was counted as lost something arrives after all: it was on its way when its segment was found damaged.
    if (figures.dropped_damaged > 0 && !in.next.ledger().balanced()) {
        in.next.balance();
        in.counters_changed = true;
    }
    const bool of_log = log_.has_set_aside(part::log);
    const bool of_inbox = log_.has_set_aside(part::inbox);
    if (!of_log && !of_inbox) return {};
    // A broker may hold its messages under their identifiers, and would take those that get them next for repetitions. Only a new
    // session is safe, and with it a file that says so.
    const bool has_session = now_.session && !now_.session->client_id.empty();
    if (has_session && log_.has_set_aside(part::log, number(in.next.cursor.maybe_sent)))
        return log_.damaged("messages that the broker may hold fail their checksum");
    if (const auto dropped = log_.drop_set_aside(); !dropped) return dropped;
    if (of_inbox) {
        const std::uint64_t before = in.next.inbox.counts.messages;
        if (const auto counted = inbox_.recount(in.next.inbox); !counted) return counted;
        in.report.received_damaged = before - std::min(before, in.next.inbox.counts.messages);
        in.report.inbox = in.next.inbox.counts;
    }
    if (!of_log) return {};
    // Its numbers may be wrong as well; those of the others say what is left.
    const auto stored = log_.messages_between(1, highest_number);
    if (!stored) return stored.error();
    const auto finished = log_.finished(in.next.cursor);
    if (!finished) return finished.error();
    const std::uint64_t lost_before = figures.dropped_damaged;
    if (*stored > figures.stored || *finished > *stored) return log_.damaged("there are more messages than were ever kept");
    figures.stored = *stored;
    in.next.finished = *finished;
    in.next.balance();
    in.report.damaged += figures.dropped_damaged - std::min(lost_before, figures.dropped_damaged);
    in.counters_changed = true;
    return {};
}

result<void> queue::file::save_records(attempt& in) {
    contents& next = in.next;
    if (next.session && next.session != now_.session) {
        if (const auto saved = log_.save(*next.session); !saved) return saved;
    }
    if (next.held != now_.held) {
        if (const auto saved = log_.save(next.held); !saved) return saved;
    }
    if (next.inbox != now_.inbox) {
        if (const auto saved = log_.save(next.inbox); !saved) return saved;
    }
    if (next.dead_letters != now_.dead_letters) {
        if (const auto saved = log_.save(next.dead_letters); !saved) return saved;
    }
    if (next.boots != now_.boots) {
        if (const auto saved = log_.save(next.boots); !saved) return saved;
        reading_boot_.reset();
    }
    if (in.counters_changed) return save_counters(next.figures);
    return {};
}

/// What this transaction itself writes comes into the count with the next.
result<void> queue::file::save_counters(counters& figures) {
    figures.bytes_written = written_before_ + writes_.counts().bytes;
    return log_.save(figures);
}

result<void> queue::file::bury(const transaction& work, attempt& in) {
    dead_letter_state& state = in.next.dead_letters;
    if (work.remove_all_dead_letters) {
        if (const auto removed = dead_letters_.remove_all(state); !removed) return removed;
    }
    if (const auto removed = dead_letters_.remove(work.remove_dead_letters, state); !removed) return removed;
    return park(work.park, work.cursor.value_or(now_.cursor), in);
}

/// Copies them to the dead letters. Those without a message are in the log still, since the cursor moves after this.
result<void> queue::file::park(std::span<const parking> messages, const cursor& finished_by, attempt& in) {
    dead_letter_state& state = in.next.dead_letters;
    const dead_letter_table::bounds bounds{how_.dead_letters_max, dead_letters_bound(how_)};
    for (const parking& one : messages) {
        assert(is_finished(one.sequence, finished_by));
        static_cast<void>(finished_by);
        if (one.message) {
            const dead_letter made{{}, one.sequence, *one.message, one.reason_code, one.reason};
            if (const auto added = dead_letters_.add(made, how_.boot_id, bounds, state); !added) return added;
            continue;
        }
        auto found = read_next(number(one.sequence));
        if (!found) return found.error();
        const bool there = *found && (*found)->sequence == one.sequence && !is_finished(one.sequence, now_.cursor);
        if (!there) {
            ++state.counts.not_found;
            continue;
        }
        const dead_letter made{{}, one.sequence, std::move((*found)->message), one.reason_code, one.reason};
        if (const auto added = dead_letters_.add(made, reading_.boot(), bounds, state); !added) return added;
    }
    return {};
}

/// Audit entries and memories.
result<void> queue::file::note(const transaction& work, attempt& in) {
    if (!work.audit.empty() && !in.audit) {
        const auto counted = audit_.count();
        if (!counted) return counted.error();
        in.audit = *counted;
    }
    for (const std::string& entry : work.audit)
        if (const auto added = audit_.add(entry, {how_.audit_max, audit_bound(how_)}, *in.audit); !added) return added;
    for (const std::string& name : work.forget)
        if (const auto forgotten = memory_.forget(name); !forgotten) return forgotten;
    for (const memory& each : work.remember) {
        const auto kept = memory_.remember(each, {how_.memories_max, memories_bound(how_)});
        if (!kept) return kept.error();
        if (!*kept) in.report.not_remembered.push_back(each.name);
    }
    return {};
}

result<void> queue::file::fill_inbox(const transaction& work, attempt& in) {
    inbox_state& state = in.next.inbox;
    if (const auto removed = inbox_.handle(work.handled, state); !removed) return removed;
    in.report.first_received = inbox_number{state.last + 1};
    const auto received = inbox_.receive(work.receive, how_.boot_id, inbox_bound(how_), state);
    if (!received) return received.error();
    if (*received) {
        in.report.received = work.receive.size();
        if (work.held) in.next.held = *work.held;
    }
    in.report.inbox = state.counts;
    return {};
}

/// Moves the cursor and removes the segments that are wholly finished.
result<void> queue::file::finish(const cursor& moved, attempt& in) {
    const std::int64_t acked = number(moved.acked);
    assert(moved.acked >= now_.cursor.acked && acked <= in.next.figures.last);
    in.next.cursor = moved;
    if (const auto saved = log_.save(moved); !saved) return saved;
    const auto newest = log_.at_or_before(part::log, acked);
    if (!newest) return newest.error();
    if (*newest) {
        const std::int64_t last_to_go = (*newest)->last() <= acked ? (*newest)->first : (*newest)->first - 1;
        const auto removed = log_.messages_between(1, last_to_go);
        if (!removed) return removed.error();
        if (*removed > 0) {
            if (const auto erased = log_.erase(part::log, 1, last_to_go); !erased) return erased;
            in.next.figures.stored -= std::min(*removed, in.next.figures.stored);
            in.counters_changed = true;
        }
    }
    const auto finished = log_.finished(moved);
    if (!finished) return finished.error();
    in.next.finished = *finished;
    if (acked == in.next.figures.last && in.next.figures.stored > 0) {
        // All are finished, and some were never seen: a damaged tree has hidden them.
        in.next.figures.stored = in.next.finished = 0;
        in.next.balance();
        in.report.damaged = in.next.figures.dropped_damaged - now_.figures.dropped_damaged;
        in.counters_changed = true;
    }
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
        if (const auto written = log_.append(part::log, figures.last + 1, *segment); !written) return written;
        figures.last += segment->count();
        figures.stored += static_cast<std::uint64_t>(segment->count());
        in.report.appended += static_cast<std::size_t>(segment->count());
        messages = messages.subspan(static_cast<std::size_t>(segment->count()));
        if (segment->data().capacity() <= 2 * segment_bytes) segment_memory_ = std::move(*segment).take_memory();
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
    segment_writer segment(*boot, std::move(segment_memory_));
    for (const message& next : messages) {
        assert(size_of(next) <= largest_message);
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
        if (how_.when_full == full_policy::thin) {
            const auto thinned = thin(in);
            if (!thinned) return thinned.error();
            if (*thinned) continue;
        }
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
            if (!segment) continue;
            if (in.handed_out && segment->first > now_.figures.last) return false;
            plan.add(*segment);
        }
    }
    if (const auto erased = log_.erase(part::log, plan.first(), plan.last()); !erased) return erased.error();
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

}  // namespace store
