// store/log.cpp: SQL in, values out.
#include "store/log.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace store {
namespace {

// What a sound file can hold; anything above is damage, and sums below can't overflow.
constexpr std::int64_t most_in_segment = std::int64_t{1} << 31;

/// Also of a number beyond what there can be.
std::int64_t key_of(part which, std::int64_t number) {
    return offset_of(which) + std::clamp<std::int64_t>(number, 0, highest_number);
}

bool is_sane(const segment_row& row) {
    return row.first >= 1 && row.first <= highest_number && row.count >= 1 && row.count <= most_in_segment;
}

std::uint32_t text_checksum(std::uint64_t id, std::string_view text) {
    return row_checksum(static_cast<std::int64_t>(id), 0, text);
}

}  // namespace

ledger contents::ledger() const {
    store::ledger found;
    // Whatever was accepted has got a number or was dropped without one: the numbers are the count.
    const std::uint64_t numbered = static_cast<std::uint64_t>(figures.last) - figures.skipped;
    found.accepted = numbered + figures.dropped_newest + figures.dropped_unwritten;
    found.acknowledged = figures.acknowledged;
    found.queued = figures.stored - std::min(figures.stored, finished);
    found.dropped_oldest = figures.dropped_oldest;
    found.dropped_newest = figures.dropped_newest;
    found.dropped_refused = figures.dropped_refused;
    found.dropped_session = figures.dropped_session;
    found.dropped_expired = figures.dropped_expired;
    found.dropped_aged = figures.dropped_aged;
    found.dropped_thinned = figures.dropped_thinned;
    found.dropped_damaged = figures.dropped_damaged;
    found.dropped_purged = figures.dropped_purged;
    found.dropped_unwritten = figures.dropped_unwritten;
    return found;
}

void contents::balance() {
    const store::ledger now = ledger();
    const std::uint64_t known = now.acknowledged + now.queued + now.dropped();
    if (known <= now.accepted) {
        figures.dropped_damaged += now.accepted - known;
        return;
    }
    // More is there than should be: counters that are behind, or messages that had been dropped.
    std::uint64_t excess = known - now.accepted;
    for (std::uint64_t* count : {&figures.dropped_damaged, &figures.dropped_oldest, &figures.acknowledged,
                                 &figures.dropped_refused, &figures.dropped_session, &figures.dropped_expired,
                                 &figures.dropped_aged, &figures.dropped_thinned, &figures.dropped_purged, &figures.skipped}) {
        const std::uint64_t less = std::min(excess, *count);
        *count -= less;
        excess -= less;
    }
}

result<void> log_table::prepare(purpose what_for) {
    using entry = std::pair<statement*, const char*>;
    const std::array reading{
        entry{&floor_, "SELECT first, count, length(data) FROM log WHERE first BETWEEN ?1 AND ?2 ORDER BY first DESC LIMIT 1"},
        entry{&after_, "SELECT first, count, length(data) FROM log WHERE first > ?1 ORDER BY first"},
        entry{&from_, "SELECT first, count, crc, data FROM log WHERE first BETWEEN ?1 AND ?2 ORDER BY first LIMIT 1"},
        entry{&record_, "SELECT count, crc, data FROM log WHERE first = ?1"},
        entry{&texts_, "SELECT id, crc, text FROM text ORDER BY id"},
        entry{&page_count_, "PRAGMA page_count"},
        entry{&free_count_, "PRAGMA freelist_count"},
    };
    const std::array writing{
        entry{&begin_, "BEGIN IMMEDIATE"},
        entry{&commit_, "COMMIT"},
        entry{&sum_, "SELECT sum(count) FROM log WHERE first BETWEEN ?1 AND ?2"},
        entry{&totals_, "SELECT count(*), sum(count), sum(length(data)) FROM log WHERE first BETWEEN ?1 AND ?2"},
        entry{&put_, "INSERT OR REPLACE INTO log(first, count, crc, data) VALUES(?1, ?2, ?3, ?4)"},
        entry{&erase_, "DELETE FROM log WHERE first BETWEEN ?1 AND ?2"},
        entry{&add_text_, "INSERT INTO text(id, crc, text) VALUES(?1, ?2, CAST(?3 AS TEXT))"},
        entry{&clear_texts_, "DELETE FROM text WHERE id < (SELECT max(id) FROM text)"},
    };
    for (const auto& [to, sql] : reading)
        if (const auto ready = to->prepare(file_, sql); !ready) return ready;
    if (what_for == purpose::reading) return {};
    for (const auto& [to, sql] : writing)
        if (const auto ready = to->prepare(file_, sql); !ready) return ready;
    return {};
}

error log_table::damaged(const std::string& what) const { return {errc::damaged, file_.path() + ": " + what}; }

/// SQLite doesn't look: a search in such a tree may find the same row for ever, or none of those that are there.
error log_table::out_of_order() const { return damaged("its rows are out of order"); }

std::optional<segment_row> log_table::as_segment(const rows& at, part of) {
    const segment_row found{at.integer(0) - offset_of(of), at.integer(1),
                            static_cast<std::uint64_t>(std::max<std::int64_t>(0, at.integer(2)))};
    if (set_aside_.contains(at.integer(0))) return std::nullopt;
    if (is_sane(found)) return found;
    set_aside_.insert(at.integer(0));
    return std::nullopt;
}

result<std::optional<segment_row>> log_table::at_or_before(part of, std::int64_t at) {
    for (std::int64_t to = key_of(of, at);;) {
        auto found = floor_.select(key_of(of, 1), to);
        if (!found) return found.error();
        const auto row = found->next();
        if (!row) return row.error();
        if (!*row) return std::optional<segment_row>();
        if (found->integer(0) > to) return out_of_order();
        if (const auto segment = as_segment(*found, of)) return segment;
        to = found->integer(0) - 1;
    }
}

result<std::optional<segment_reader>> log_table::segment_from(part of, std::int64_t at) {
    const auto holding = at_or_before(of, at);
    if (!holding) return holding.error();
    const bool inside = *holding && (*holding)->last() >= at;
    for (std::int64_t from = key_of(of, inside ? (*holding)->first : std::max<std::int64_t>(1, at));;) {
        auto found = from_.select(from, key_of(of, highest_number));
        if (!found) return found.error();
        const auto row = found->next();
        if (!row) return row.error();
        if (!*row) return std::optional<segment_reader>();
        const std::int64_t key = found->integer(0);
        if (key < from) return out_of_order();
        const segment_row numbers{key - offset_of(of), found->integer(1), 0};
        const std::string_view data = found->bytes(3);
        const bool sound = is_sane(numbers) && found->integer(2) == row_checksum(key, numbers.count, data);
        if (sound && !set_aside_.contains(key))
            return std::optional<segment_reader>(segment_reader(numbers.first, numbers.count, std::string(data)));
        set_aside_.insert(key);
        from = key + 1;
    }
}

bool log_table::has_set_aside(part of, std::int64_t up_to) const {
    const auto first = set_aside_.lower_bound(key_of(of, 0));
    return first != set_aside_.end() && *first <= key_of(of, up_to);
}

result<void> log_table::drop_set_aside() {
    for (const std::int64_t key : set_aside_)
        if (const auto erased = erase_.execute(key, key); !erased) return erased;
    return {};
}

result<log_table::sums> log_table::totals(part of) {
    auto found = totals_.select(key_of(of, 1), key_of(of, highest_number));
    if (!found) return found.error();
    const auto row = found->next();
    if (!row) return row.error();
    const auto sum = [&](int column) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, found->integer(column))); };
    return sums{sum(0), sum(1), sum(2)};
}

result<std::uint64_t> log_table::messages_between(std::int64_t first, std::int64_t last) {
    auto found = sum_.select(first, last);
    if (!found) return found.error();
    const auto row = found->next();
    if (!row) return row.error();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, found->integer(0)));
}

result<void> log_table::append(part to, std::int64_t first, const segment_writer& segment) {
    return put_row(key_of(to, first), segment.count(), segment.data());
}

result<void> log_table::erase(part of, std::int64_t first, std::int64_t last) {
    return erase_.execute(key_of(of, first), key_of(of, last));
}

result<void> log_table::put_row(std::int64_t key, std::int64_t count, std::string_view data) {
    return put_.execute(key, count, static_cast<std::int64_t>(row_checksum(key, count, data)), data);
}

result<std::uint64_t> log_table::finished(const cursor& at) {
    std::uint64_t count = 0;
    // Segments wholly at or below the watermark are gone, so at most one is finished in part.
    const auto first = at_or_before(part::log, number(at.acked));
    if (!first) return first.error();
    if (*first) count = static_cast<std::uint64_t>(std::min(number(at.acked), (*first)->last()) - (*first)->first + 1);
    std::int64_t previous = number(at.acked);
    segment_row segment;
    for (const sequence beyond : at.acked_beyond) {
        if (number(beyond) <= previous) continue;
        previous = number(beyond);
        if (previous > segment.last()) {
            const auto next = at_or_before(part::log, previous);
            if (!next) return next.error();
            segment = next->value_or(segment_row{});
        }
        if (previous <= segment.last()) ++count;
    }
    return count;
}

result<std::optional<std::string>> log_table::record(std::int64_t key) {
    auto found = record_.select(key);
    if (!found) return found.error();
    const auto row = found->next();
    if (!row) return row.error();
    if (!*row) return std::optional<std::string>();
    const std::string_view data = found->bytes(2);
    if (found->integer(1) != row_checksum(key, found->integer(0), data)) return damaged("the queue's state fails its checksum");
    return std::optional<std::string>(data);
}

/// Leaves `to` as it is if there is no such record yet.
template <typename Record, typename Decode>
result<void> log_table::load_record(std::int64_t key, Record& to, Decode decode) {
    const auto there = record(key);
    if (!there) return there.error();
    if (!*there) return {};
    const auto decoded = decode(**there);
    if (!decoded) return damaged("the queue's state can't be decoded");
    to = *decoded;
    return {};
}

/// Of the newest segment, as far as one can know. It is read, since its count decides which number is given next; those that
/// aren't right are set aside.
result<std::int64_t> log_table::last_number() {
    std::int64_t last = 0;
    for (;;) {
        const auto newest = at_or_before(part::log, highest_number);
        if (!newest) return newest.error();
        if (!*newest) return last;
        const auto segment = segment_from(part::log, (*newest)->first);
        if (!segment) return segment.error();
        const bool can_be = static_cast<std::uint64_t>((*newest)->count) <= (*newest)->bytes;  // each takes more than a byte
        if (can_be) last = std::max(last, (*newest)->last());
        if (*segment) return last;
        if (!set_aside_.contains(key_of(part::log, (*newest)->first))) return out_of_order();
    }
}

result<contents> log_table::load() {
    contents found;
    std::optional<counters> figures;
    if (const auto done = load_record(counters_key, figures, decode_counters); !done) return done.error();
    if (!figures) return damaged("the queue's counters are missing");
    found.figures = *figures;
    if (const auto done = load_record(cursor_key, found.cursor, decode_cursor); !done) return done.error();
    if (const auto done = load_record(session_key, found.session, decode_session); !done) return done.error();
    if (const auto done = load_record(held_key, found.held, decode_held); !done) return done.error();
    if (const auto done = load_record(inbox_key, found.inbox, decode_inbox); !done) return done.error();
    if (const auto done = load_record(dead_letters_key, found.dead_letters, decode_dead_letters); !done) return done.error();
    if (const auto done = load_record(boot_clocks_key, found.boots, decode_boot_clocks); !done) return done.error();
    if (const auto done = load_record(damage_key, found.damage, decode_damage); !done) return done.error();
    const auto last = last_number();
    if (!last) return last.error();
    if (*last > found.figures.last) {
        found.figures.stored += static_cast<std::uint64_t>(*last - found.figures.last);
        found.figures.last = *last;
    }
    // Then the newest segments are gone, and their numbers would be given again.
    if (number(found.cursor.acked) > found.figures.last) return damaged("the newest messages are missing");
    // What finishes a message moves the cursor in the same transaction; a salvage may have found only the one or the other.
    const counters& known = found.figures;
    const bool some_finished = known.acknowledged + known.dropped_refused + known.dropped_session + known.dropped_expired > 0;
    if (some_finished && !found.damage && number(found.cursor.acked) == 0 && found.cursor.acked_beyond.empty())
        return damaged("how far delivery has got is missing");
    const auto finished_there = finished(found.cursor);
    if (!finished_there) return finished_there.error();
    found.finished = *finished_there;
    if (has_set_aside(part::log)) {
        found.figures.last += numbers_to_skip;
        found.figures.skipped += static_cast<std::uint64_t>(numbers_to_skip);
    }
    const auto newest_received = at_or_before(part::inbox, highest_number);
    if (!newest_received) return newest_received.error();
    if (*newest_received && (*newest_received)->last() > found.inbox.last) return damaged("the state of the inbox is missing");
    return found;
}

result<void> log_table::save(const counters& what) { return put_row(counters_key, 0, encode(what)); }
result<void> log_table::save(const cursor& what) { return put_row(cursor_key, 0, encode(what)); }
result<void> log_table::save(const session_record& what) { return put_row(session_key, 0, encode(what)); }
result<void> log_table::save(const held_identifiers& what) { return put_row(held_key, 0, encode(what)); }
result<void> log_table::save(const inbox_state& what) { return put_row(inbox_key, 0, encode(what)); }
result<void> log_table::save(const dead_letter_state& what) { return put_row(dead_letters_key, 0, encode(what)); }
result<void> log_table::save(const boot_clocks& what) { return put_row(boot_clocks_key, 0, encode(what)); }

result<void> log_table::save(const damage& what) { return put_row(damage_key, 0, encode(what)); }

result<void> log_table::load_texts(dictionary& to) {
    auto found = texts_.select();
    if (!found) return found.error();
    for (;;) {
        const auto row = found->next();
        if (!row) return row.error();
        if (!*row) return {};
        const std::int64_t id = found->integer(0);
        if (id < 1 || id > static_cast<std::int64_t>(dictionary::highest_id)) return damaged("a text has an impossible number");
        const auto known = static_cast<std::uint64_t>(id);
        const std::string_view text = found->bytes(2);
        // A garbled text makes the segments that refer to it unreadable, but not the others.
        if (found->integer(1) == text_checksum(known, text)) {
            to.restore(known, std::string(text));
        } else {
            to.reserve(known);
        }
    }
}

result<void> log_table::add_text(std::uint64_t id, std::string_view text) {
    return add_text_.execute(static_cast<std::int64_t>(id), static_cast<std::int64_t>(text_checksum(id, text)), text);
}

result<std::int64_t> log_table::number_of(statement& pragma) {
    auto found = pragma.select();
    if (!found) return found.error();
    const auto row = found->next();
    if (!row) return row.error();
    return *row ? found->integer(0) : 0;
}

result<std::uint64_t> log_table::pages_used() {
    const auto all = number_of(page_count_);
    if (!all) return all.error();
    const auto free = number_of(free_count_);
    if (!free) return free.error();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, *all - *free));
}

}  // namespace store
