// store/log.hpp: the statements on the tables of messages and texts, prepared once: segments, records, texts, transactions.
// Decides nothing: what to append, remove and evict is the business of queue.cpp and inbox.cpp. Dead letters: dead_letters.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
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
    std::optional<store::damage> damage;  // that the file was made after
    boot_clocks boots;

    store::ledger ledger() const;
    /// After damage: what the ledger can't account for is lost; what was thought lost and has arrived after all isn't.
    void balance();
};

// Keys of the records, whose data are in record.hpp.
constexpr std::int64_t counters_key = 0;
constexpr std::int64_t cursor_key = -1;
constexpr std::int64_t session_key = -65537;
constexpr std::int64_t held_key = -65793;
constexpr std::int64_t inbox_key = -131073;
constexpr std::int64_t dead_letters_key = -131074;
constexpr std::int64_t boot_clocks_key = -131075;
constexpr std::int64_t damage_key = -131090;

constexpr std::int64_t highest_number = std::int64_t{1} << 61;

/// After damage new numbers begin so far above the highest that is known: what was given beyond it is never given again.
constexpr std::int64_t numbers_to_skip = std::int64_t{1} << 32;

/// The two sequences of segments in the table; each counts its messages from 1.
enum class part : std::uint8_t { log, inbox };

/// A segment's key is its first number and this.
constexpr std::int64_t offset_of(part which) { return which == part::log ? 0 : -(std::int64_t{1} << 62); }

class log_table {
public:
    explicit log_table(connection& file) : file_(file) {}

    /// For reading: counters, cursor and so on. With `writing`, also what changes them.
    enum class purpose : std::uint8_t { reading, writing };
    result<void> prepare(purpose what_for);

    result<void> begin() { return begin_.execute(); }
    result<void> commit() { return commit_.execute(); }

    // A row that can't be right is set aside: as if it weren't there, until drop_set_aside() removes it.

    /// The newest segment that begins at or before `at`; nothing if all begin later.
    result<std::optional<segment_row>> at_or_before(part of, std::int64_t at);
    /// Segments of the log after `after`, ascending; to be read by as_segment(), which gives nothing for one set aside.
    result<rows> segments_after(std::int64_t after) { return after_.select(after); }
    std::optional<segment_row> as_segment(const rows& at, part of = part::log);
    /// The segment that holds `at`, or else the next one after it; its checksum is right. Nothing: there is none.
    result<std::optional<segment_reader>> segment_from(part of, std::int64_t at);
    result<std::uint64_t> messages_between(std::int64_t first, std::int64_t last);

    /// The segment that begins with `first` can't be decoded.
    void set_aside(part of, std::int64_t first) { set_aside_.insert(offset_of(of) + first); }
    /// One that begins at or before `up_to`.
    bool has_set_aside(part of, std::int64_t up_to = highest_number) const;
    /// In a transaction; once that is durable, forget_set_aside().
    result<void> drop_set_aside();
    void forget_set_aside() { set_aside_.clear(); }
    struct sums {
        std::uint64_t segments = 0, messages = 0, bytes = 0;
    };
    result<sums> totals(part of);

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
    result<void> save(const damage& what);
    result<void> forget_damage() { return erase_.execute(damage_key, damage_key); }
    result<void> save(const boot_clocks& what);

    result<void> load_texts(dictionary& to);
    result<void> add_text(std::uint64_t id, std::string_view text);
    /// But for the newest: no number is ever given to another text, so that a text found anywhere in a damaged file is right.
    result<void> clear_texts() { return clear_texts_.execute(); }

    /// Of the file, without those on the free list.
    result<std::uint64_t> pages_used();

    error damaged(const std::string& what) const;

private:
    error out_of_order() const;
    result<std::int64_t> last_number();
    result<std::optional<std::string>> record(std::int64_t key);
    template <typename Record, typename Decode>
    result<void> load_record(std::int64_t key, Record& to, Decode decode);
    result<void> put_row(std::int64_t key, std::int64_t count, std::string_view data);
    result<std::int64_t> number_of(statement& pragma);

    connection& file_;
    std::set<std::int64_t> set_aside_;  // keys
    statement begin_, commit_;
    statement floor_, after_, from_, sum_, totals_, put_, erase_, record_;
    statement texts_, add_text_, clear_texts_;
    statement page_count_, free_count_;
};

}  // namespace store
