// store/record.cpp: encoding and decoding of the records.
#include "store/record.hpp"

#include <cassert>

#include "store/bytes.hpp"

namespace store {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::uint8_t counters_format =
    5;  // 1 ends before dropped_expired, 2 before dropped_aged, 3 and 4 before dropped_purged

std::string begin(std::uint8_t with = format) { return std::string(1, static_cast<char>(with)); }

bool begins(byte_reader& from) {
    if (from.byte() != format) from.fail();
    return !from.failed();
}

bool ended(const byte_reader& from) { return !from.failed() && from.at_end(); }

void put_sequence(std::string& to, sequence what) { put_varint(to, static_cast<std::uint64_t>(number(what))); }

sequence take_sequence(byte_reader& from) {
    const std::uint64_t value = from.varint();
    if (value > INT64_MAX) from.fail();
    return sequence{from.failed() ? 0 : static_cast<std::int64_t>(value)};
}

// Neighbours in a list are near each other: differences are short.
template <typename Number>
void put_list(std::string& to, const std::vector<Number>& list) {
    put_varint(to, list.size());
    std::int64_t previous = 0;
    for (const Number next : list) {
        put_signed(to, static_cast<std::int64_t>(next) - previous);
        previous = static_cast<std::int64_t>(next);
    }
}

template <typename Number>
std::vector<Number> take_list(byte_reader& from, std::uint64_t largest = INT64_MAX) {
    const std::uint64_t size = from.varint();
    if (size > from.left()) from.fail();  // each takes a byte or more
    std::vector<Number> list;
    if (from.failed()) return list;
    list.reserve(static_cast<std::size_t>(size));
    std::uint64_t value = 0;
    for (std::uint64_t i = 0; i < size; ++i) {
        value += static_cast<std::uint64_t>(from.signed_varint());
        if (value > largest) from.fail();
        if (from.failed()) return {};
        list.push_back(static_cast<Number>(value));
    }
    return list;
}

}  // namespace

std::string encode(const counters& what) {
    std::string to = begin(counters_format);
    put_varint(to, static_cast<std::uint64_t>(what.last));
    for (const std::uint64_t value :
         {what.stored, what.acknowledged, what.dropped_oldest, what.dropped_newest, what.dropped_refused, what.dropped_session,
          what.max_bytes, what.dropped_expired, what.dropped_aged, what.dropped_thinned, what.dropped_damaged,
          what.dropped_unwritten, what.skipped, what.bytes_written})
        put_varint(to, value);
    put_varint(to, static_cast<std::uint64_t>(what.thinned_up_to));
    put_varint(to, static_cast<std::uint64_t>(what.thin_until));
    put_varint(to, what.dropped_purged);
    return to;
}

std::string encode(const cursor& what) {
    std::string to = begin();
    put_sequence(to, what.acked);
    put_sequence(to, what.released);
    put_sequence(to, what.maybe_sent);
    put_list(to, what.acked_beyond);
    put_list(to, what.released_beyond);
    return to;
}

std::string encode(const session_record& what) {
    std::string to = begin();
    put_text(to, what.client_id);
    put_text(to, what.broker);
    put_varint(to, what.epoch);
    return to;
}

std::string encode(const held_identifiers& what) {
    std::string to = begin();
    put_list(to, what);
    return to;
}

std::string encode(const inbox_state& what) {
    std::string to = begin();
    put_varint(to, static_cast<std::uint64_t>(what.last));
    put_varint(to, what.counts.messages);
    put_varint(to, what.counts.bytes);
    put_list(to, what.handled);
    return to;
}

std::string encode(const dead_letter_state& what) {
    std::string to = begin();
    put_varint(to, static_cast<std::uint64_t>(what.last));
    for (const std::uint64_t value : {what.counts.messages, what.counts.bytes, what.counts.crowded_out, what.counts.not_found})
        put_varint(to, value);
    return to;
}

std::string encode(const damage& what) {
    std::string to = begin();
    put_text(to, what.reason);
    put_text(to, what.moved_to);
    for (const std::uint64_t value : {what.salvaged, what.repeated, what.lost, what.received_lost, what.dead_letters_lost})
        put_varint(to, value);
    put_varint(to, (what.exact ? 1u : 0u) | (what.ledger_lost ? 2u : 0u));
    return to;
}

std::string encode(const boot_clocks& what) {
    std::string to = begin();
    put_varint(to, what.size());
    for (const boot_clock& one : what) {
        put_text(to, one.boot_id);
        put_signed(to, one.offset_ms);
    }
    return to;
}

std::optional<counters> decode_counters(std::string_view bytes) {
    byte_reader from(bytes);
    const std::uint8_t written_as = from.byte();
    if (written_as < 1 || written_as > counters_format) return std::nullopt;
    counters found;
    found.last = number(take_sequence(from));
    for (std::uint64_t* value : {&found.stored, &found.acknowledged, &found.dropped_oldest, &found.dropped_newest,
                                 &found.dropped_refused, &found.dropped_session, &found.max_bytes})
        *value = from.varint();
    if (written_as >= 2) found.dropped_expired = from.varint();
    if (written_as >= 3) {
        for (std::uint64_t* value : {&found.dropped_aged, &found.dropped_thinned, &found.dropped_damaged,
                                     &found.dropped_unwritten, &found.skipped, &found.bytes_written})
            *value = from.varint();
        found.thinned_up_to = number(take_sequence(from));
        found.thin_until = number(take_sequence(from));
    }
    if (written_as >= 5) found.dropped_purged = from.varint();
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<cursor> decode_cursor(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    cursor found;
    found.acked = take_sequence(from);
    found.released = take_sequence(from);
    found.maybe_sent = take_sequence(from);
    found.acked_beyond = take_list<sequence>(from);
    found.released_beyond = take_list<sequence>(from);
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<session_record> decode_session(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    session_record found;
    found.client_id = from.text();
    found.broker = from.text();
    found.epoch = from.varint();
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<held_identifiers> decode_held(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    auto found = take_list<std::uint16_t>(from, UINT16_MAX);
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<inbox_state> decode_inbox(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    inbox_state found;
    found.last = number(take_sequence(from));
    found.counts.messages = from.varint();
    found.counts.bytes = from.varint();
    found.handled = take_list<std::int64_t>(from);
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<dead_letter_state> decode_dead_letters(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    dead_letter_state found;
    found.last = number(take_sequence(from));
    for (std::uint64_t* value : {&found.counts.messages, &found.counts.bytes, &found.counts.crowded_out, &found.counts.not_found})
        *value = from.varint();
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<damage> decode_damage(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    damage found;
    found.reason = from.text();
    found.moved_to = from.text();
    for (std::uint64_t* value : {&found.salvaged, &found.repeated, &found.lost, &found.received_lost, &found.dead_letters_lost})
        *value = from.varint();
    const std::uint64_t flags = from.varint();
    found.exact = (flags & 1) != 0;
    found.ledger_lost = (flags & 2) != 0;
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<boot_clocks> decode_boot_clocks(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    const std::uint64_t size = from.varint();
    if (size > most_boot_clocks) return std::nullopt;
    boot_clocks found;
    for (std::uint64_t i = 0; i < size; ++i) {
        boot_clock& next = found.emplace_back();
        next.boot_id = from.text();
        next.offset_ms = from.signed_varint();
    }
    if (!ended(from)) return std::nullopt;
    return found;
}

// ---- Boots ----

std::optional<std::int64_t> offset_of(const boot_clocks& all, std::string_view boot_id) {
    for (const boot_clock& one : all)
        if (one.boot_id == boot_id) return one.offset_ms;
    return std::nullopt;
}

void remember(boot_clocks& all, const boot_clock& what) {
    assert(!what.boot_id.empty());
    std::erase_if(all, [&](const boot_clock& one) { return one.boot_id == what.boot_id; });
    if (all.size() >= most_boot_clocks) all.erase(all.begin());
    all.push_back(what);
}

}  // namespace store
