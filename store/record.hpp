// store/record.hpp: the queue's state beside its messages, as short byte strings: counters, cursor, session, held identifiers,
// what there is to know of inbox and dead letters, and of the clock in earlier boots.
// Pure: log.hpp knows where they are kept. Each begins with its format, 1; of counters that is the version of the file
// (schema.hpp) that has all of them, and what a lower one lacks is 0. Numbers are LEB128; the row's CRC guards them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/queue.hpp"

namespace store {

/// `last` and `stored` are as of the moment when this was written. A commit that only appends doesn't write it, to save a
/// page: what the newest segment has beyond `last` was stored since, and nothing was removed, for that writes it.
struct counters {
    std::int64_t last = 0;     // the highest sequence number ever given
    std::uint64_t stored = 0;  // messages in the segments that are there, finished ones included
    std::uint64_t acknowledged = 0;
    std::uint64_t dropped_oldest = 0;
    std::uint64_t dropped_newest = 0;
    std::uint64_t dropped_refused = 0;
    std::uint64_t dropped_session = 0;
    std::uint64_t max_bytes = 0;  // the writer's bound, for those who look on
    std::uint64_t dropped_expired = 0;
    std::uint64_t dropped_aged = 0;
    std::uint64_t dropped_thinned = 0;
    std::uint64_t dropped_damaged = 0;
    std::uint64_t dropped_unwritten = 0;
    std::uint64_t dropped_purged = 0;
    std::uint64_t skipped = 0;        // sequence numbers that no message was ever given
    std::uint64_t bytes_written = 0;  // to the queue's files, in all their life
    std::int64_t thinned_up_to = 0;   // thin: how far the present pass has got …
    std::int64_t thin_until = 0;      // … and where it ends
    bool operator==(const counters&) const = default;
};

/// Unlike the counters this is written by every commit that changes it, so it is never behind.
struct inbox_state {
    std::int64_t last = 0;  // the highest number ever given
    inbox_counts counts;
    std::vector<std::int64_t> handled;  // ascending; only those whose segment is still there, since others in it are waiting
    bool operator==(const inbox_state&) const = default;
};

struct dead_letter_state {
    std::int64_t last = 0;  // the highest number ever given
    dead_letter_counts counts;
    bool operator==(const dead_letter_state&) const = default;
};

/// A set of identifiers in the order in which they came.
using held_identifiers = std::vector<std::uint16_t>;

/// The last boots in which the clock was right, the newest at the end.
using boot_clocks = std::vector<boot_clock>;
constexpr std::size_t most_boot_clocks = 16;

std::optional<std::int64_t> offset_of(const boot_clocks& all, std::string_view boot_id);
/// Requires: boot_id isn't empty.
void remember(boot_clocks& all, const boot_clock& what);

std::string encode(const counters& what);
std::string encode(const cursor& what);
std::string encode(const session_record& what);
std::string encode(const held_identifiers& what);
std::string encode(const inbox_state& what);
std::string encode(const dead_letter_state& what);
std::string encode(const damage& what);
std::string encode(const boot_clocks& what);

/// Nothing: it isn't one.
std::optional<counters> decode_counters(std::string_view bytes);
std::optional<cursor> decode_cursor(std::string_view bytes);
std::optional<session_record> decode_session(std::string_view bytes);
std::optional<held_identifiers> decode_held(std::string_view bytes);
std::optional<inbox_state> decode_inbox(std::string_view bytes);
std::optional<dead_letter_state> decode_dead_letters(std::string_view bytes);
std::optional<damage> decode_damage(std::string_view bytes);
std::optional<boot_clocks> decode_boot_clocks(std::string_view bytes);

}  // namespace store
