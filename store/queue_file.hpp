// store/queue_file.hpp: everything that belongs to an open queue: the file, what is known of it, and what is done to it.
// Not for users of a queue: queue.hpp. Opening and reading are in queue.cpp, committing in commit.cpp, a full device in
// full_disk.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/audit_table.hpp"
#include "store/dead_letters.hpp"
#include "store/files.hpp"
#include "store/inbox.hpp"
#include "store/lock.hpp"
#include "store/log.hpp"
#include "store/memory_table.hpp"
#include "store/queue.hpp"
#include "store/reserve.hpp"
#include "store/retention.hpp"
#include "store/sqlite.hpp"
#include "store/tuning.hpp"
#include "store/write_path.hpp"

namespace store {

/// Declared in the order in which its members must outlive each other.
class queue::file {
public:
    file(const options& how, const tuning& with) : how_(how), with_(with) {}
    ~file();
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    result<void> open(recovery& found);
    /// The same queue with its file closed and untouched; next: rescue(). It keeps what it knows, and the lock.
    static std::unique_ptr<file> closed(std::unique_ptr<file> damaged);
    result<void> rescue(const error& why, recovery& found);
    bool can_be_rescued() const { return files_ != nullptr; }
    result<commit_report> commit(const transaction& work);
    result<std::vector<stored_message>> read(sequence from, std::size_t most_messages, std::size_t most_bytes);
    result<std::vector<waiting_message>> read_inbox(inbox_number from, std::size_t most_messages, std::size_t most_bytes);
    result<std::vector<dead_letter>> read_dead_letters(dead_letter_number from, std::size_t most);
    result<std::vector<audit_entry>> read_audit(audit_number before, std::size_t most);
    result<std::vector<memory>> recall();
    bool try_to_heal();
    result<std::optional<stored_message>> oldest();
    store::ledger ledger() const { return now_.ledger(); }
    dead_letter_counts dead_letters() const { return now_.dead_letters.counts; }
    write_counts written() const { return writes_.counts(); }

private:
    /// A transaction on its way: what will be true once it is durable.
    struct attempt {
        contents next;
        commit_report report;
        std::uint64_t page_limit = 0;
        bool handed_out = false;  // what is appended is the caller's at once
        bool counters_changed = false;
        std::uint64_t looked_at = 0;  // bytes of segments, to thin them
        bool new_pass = false;        // thinning came to its end and began again
        std::optional<audit_table::state> audit = {};
    };
    /// A segment that may be dropped, and when its newest message was taken, if that can be read.
    struct dated_segment {
        segment_row row;
        std::optional<stamp> newest;
        std::string boot;
    };

    /// What is known of the boot in which a segment was taken.
    struct boot_facts {
        bool is_this = false;
        std::optional<std::int64_t> offset_ms;
    };

    result<void> open_file(recovery& found);
    result<void> start_up(bool created);
    error closed_because() const;
    std::string secure_room();
    bool only_seems_full();
    bool tighten();
    bool catch_up();
    result<void> reach_smallest_size();
    result<commit_report> commit_or_undo(const transaction& work);
    result<commit_report> try_commit(const transaction& work);
    result<void> move_messages(const transaction& work, attempt& in);
    result<void> park(std::span<const parking> messages, const cursor& finished_by, attempt& in);
    result<void> bury(const transaction& work, attempt& in);
    result<void> note(const transaction& work, attempt& in);
    result<void> fill_inbox(const transaction& work, attempt& in);
    result<void> drop_damaged(attempt& in);
    result<void> save_records(attempt& in);
    result<void> save_counters(counters& figures);
    result<void> finish(const cursor& moved, attempt& in);
    result<void> append(std::span<const message> messages, attempt& in);
    result<void> check_numbered(std::size_t numbered, attempt& in);
    result<segment_writer> write_segment(std::span<const message> messages, std::size_t most_bytes);
    result<text_reference> reference(std::string_view text);
    result<std::uint64_t> make_room(std::uint64_t pages, attempt& in);
    result<bool> evict(std::uint64_t pages, attempt& in);
    // aging.cpp
    result<void> age_out(const stamp& now, attempt& in);
    std::optional<std::chrono::milliseconds> age_of(const dated_segment& segment, const stamp& judge, const attempt& in) const;
    result<bool> drop_aged(std::int64_t after, std::int64_t last_to_go, attempt& in);
    result<void> purge(attempt& in);
    result<eviction> erase_oldest(std::int64_t after, std::int64_t last_to_go, attempt& in);
    result<std::optional<dated_segment>> next_dated(std::int64_t after);
    // thinning.cpp
    result<bool> thin(attempt& in);
    result<void> thin(std::span<const segment_row> stretch, attempt& in);
    result<std::vector<segment_row>> next_stretch(attempt& in);
    result<std::vector<segment_row>> stretch_after(std::int64_t after, std::int64_t until);
    bool is_readable(segment_reader& which) const;
    text_reference known_reference(std::string_view text) const;

    std::int64_t exempt_up_to(const cursor& at) const;
    result<bool> locate(std::int64_t from);
    result<std::optional<stored_message>> read_next(std::int64_t from);
    void tell_boot(stored_message& of);
    bool is_this_boot(const std::string& id) const { return !id.empty() && id == how_.boot_id; }

    const options how_;
    const tuning with_;
    files* files_ = nullptr;
    std::shared_ptr<writer_lock> lock_;      // goes on to the one that comes after damage
    std::optional<contents> before_damage_;  // what was known when damage was found
    write_path writes_;
    connection connection_;
    log_table log_{connection_};
    inbox inbox_{log_};
    dead_letter_table dead_letters_{connection_};
    audit_table audit_{connection_};
    memory_table memory_{connection_};
    dictionary texts_;
    contents now_;
    std::optional<audit_table::state> audited_;  // nothing: not counted yet
    std::string segment_memory_;  // of the last segment: to get as much from the system each time costs more than to fill it
    std::uint64_t written_before_ = 0;  // in the file's life, before open()
    std::int64_t given_out_ = 0;        // the highest number that the caller holds: by read(), or handed_out
    segment_reader reading_;            // the segment that was read last, up to where
    std::optional<boot_facts> reading_boot_;
    bool is_open_ = false;
    bool moved_now_ = false;  // a damaged file has been moved aside by this one
    reserve reserve_;
    bool disk_full_ = false;
    bool checkpoint_owed_ = false;              // the one at opening, or when the device became full
    std::optional<std::uint64_t> tight_pages_;  // for segments, on a full device

    clock_trust trust_;
    std::int64_t unknown_age_up_to_ = 0;  // the age of the segments up to there can't be known
    bool was_trusted_ = false;
    std::optional<dated_segment> dated_;  // the last one that was looked at; it is looked at again and again
    alternation halving_;
};

}  // namespace store
