// store/log.hpp: the statements on the tables of messages and texts, prepared once: segments, records, texts, transactions.
// Decides nothing: what to append, remove and evict is the business of queue.cpp and inbox.cpp. Dead letters: dead_letters.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/dictionary.hpp"
#include "store/record.hpp"
#include "store/segment.hpp"
#include "store/sqlite.hpp"

namespace store {

/// What a queue file says of itself, brought up to its newest segment.
struct contents {
    counters figures;
    store::cursor cursor;
    std::optional<session_record> session;
    std::uint64_t finished = 0;  // of figures.stored, messages at or below the cursor's watermark or beyond it in its list
    held_identifiers held;
    inbox_state inbox;
    dead_letter_state dead_letters;
    boot_clocks boots;

    store::ledger ledger() const;
};

/// The two sequences of segments in the table; each counts its messages from 1.
enum class part : std::uint8_t { log, inbox };

class log_table {
public:
    explicit log_table(connection& file) : file_(file) {}

    /// For reading: counters, cursor and so on. With `writing`, also what changes them.
    enum class purpose : std::uint8_t { reading, writing };
    result<void> prepare(purpose what_for);

    result<void> begin() { return begin_.execute(); }
    result<void> commit() { return commit_.execute(); }

    /// The newest segment that begins at or before `at`; nothing if all begin later. An error if its numbers are absurd.
    result<std::optional<segment_row>> at_or_before(part of, std::int64_t at);
    /// Segments of the log after `after`, ascending; to be read by as_segment().
    result<rows> segments_after(std::int64_t after) { return after_.select(after); }
    result<segment_row> as_segment(const rows& at, part of = part::log) const;
    /// The segment that holds `at`, or else the next one after it; its checksum is right. Nothing: there is none.
    result<std::optional<segment_reader>> segment_from(part of, std::int64_t at);
    result<std::uint64_t> messages_between(std::int64_t first, std::int64_t last);

    result<void> append(part to, std::int64_t first, const segment_writer& segment);
    /// Removes the segments that begin in this range.
    result<void> erase(part of, std::int64_t first, std::int64_t last);

    /// How many messages of the stored segments this cursor says are finished.
    result<std::uint64_t> finished(const cursor& at);

    result<contents> load();
    result<void> save(const counters& what);
    result<void> save(const cursor& what);
    result<void> save(const session_record& what);
    result<void> save(const held_identifiers& what);
    result<void> save(const inbox_state& what);
    result<void> save(const dead_letter_state& what);
    result<void> save(const boot_clocks& what);

    result<void> load_texts(dictionary& to);
    result<void> add_text(std::uint64_t id, std::string_view text);
    result<void> clear_texts() { return clear_texts_.execute(); }

    /// Of the file, without those on the free list.
    result<std::uint64_t> pages_used();

    error damaged(const std::string& what) const;

private:
    result<std::optional<std::string>> record(std::int64_t key);
    template <typename Record, typename Decode>
    result<void> load_record(std::int64_t key, Record& to, Decode decode);
    result<void> put_row(std::int64_t key, std::int64_t count, std::string_view data);
    result<std::int64_t> number_of(statement& pragma);

    connection& file_;
    statement begin_, commit_;
    statement floor_, after_, from_, sum_, put_, erase_, record_;
    statement texts_, add_text_, clear_texts_;
    statement page_count_, free_count_;
};

}  // namespace store
