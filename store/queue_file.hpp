// store/queue_file.hpp: everything that belongs to an open queue: the file, what is known of it, and what is done to it.
// Not for users of a queue: queue.hpp. Opening and reading are in queue.cpp, committing in commit.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/dead_letters.hpp"
#include "store/inbox.hpp"
#include "store/lock.hpp"
#include "store/log.hpp"
#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "store/tuning.hpp"
#include "store/write_meter.hpp"

namespace store {

/// Declared in the order in which its members must outlive each other.
class queue::file {
public:
    explicit file(const options& how) : how_(how) {}
    ~file();
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    result<void> open(const tuning& with, recovery& found);
    result<commit_report> commit(const transaction& work);
    result<std::vector<stored_message>> read(sequence from, std::size_t most_messages, std::size_t most_bytes);
    result<std::vector<waiting_message>> read_inbox(inbox_number from, std::size_t most_messages, std::size_t most_bytes);
    result<std::vector<dead_letter>> read_dead_letters(dead_letter_number from, std::size_t most);
    store::ledger ledger() const { return now_.ledger(); }
    dead_letter_counts dead_letters() const { return now_.dead_letters.counts; }
    write_counts written() const { return meter_.counts(); }

private:
    /// A transaction on its way: what will be true once it is durable.
    struct attempt {
        contents next;
        commit_report report;
        std::uint64_t page_limit = 0;
        bool handed_out = false;  // what is appended is the caller's at once
        bool counters_changed = false;
    };

    result<void> start_up(bool created);
    result<commit_report> try_commit(const transaction& work);
    result<void> move_messages(const transaction& work, attempt& in);
    result<void> park(std::span<const parking> messages, const cursor& finished_by, attempt& in);
    result<void> bury(const transaction& work, attempt& in);
    result<void> fill_inbox(const transaction& work, attempt& in);
    result<void> save_records(attempt& in);
    result<void> save_counters(counters& figures);
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
    write_meter meter_;
    connection connection_;
    log_table log_{connection_};
    inbox inbox_{log_};
    dead_letter_table dead_letters_{connection_};
    dictionary texts_;
    contents now_;
    std::uint64_t written_before_ = 0;  // in the file's life, before open()
    std::int64_t given_out_ = 0;        // the highest number that the caller holds: by read(), or handed_out
    segment_reader reading_;            // the segment that was read last, up to where
    bool is_open_ = false;
};

}  // namespace store
