// store/queue_file.hpp: everything that belongs to an open queue: the file, what is known of it, and what is done to it.
// Not for users of a queue: queue.hpp. Opening and reading are in queue.cpp, committing in commit.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/dead_letters.hpp"
#include "store/files.hpp"
#include "store/inbox.hpp"
#include "store/lock.hpp"
#include "store/log.hpp"
#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "store/tuning.hpp"

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
    store::ledger ledger() const { return now_.ledger(); }
    dead_letter_counts dead_letters() const { return now_.dead_letters.counts; }

private:
    /// A transaction on its way: what will be true once it is durable.
    struct attempt {
        contents next;
        commit_report report;
        std::uint64_t page_limit = 0;
        bool handed_out = false;  // what is appended is the caller's at once
        bool counters_changed = false;
    };

    result<void> open_file(recovery& found);
    result<void> start_up(bool created);
    error closed_because() const;
    result<commit_report> try_commit(const transaction& work);
    result<void> move_messages(const transaction& work, attempt& in);
    result<void> park(std::span<const parking> messages, const cursor& finished_by, attempt& in);
    result<void> bury(const transaction& work, attempt& in);
    result<void> fill_inbox(const transaction& work, attempt& in);
    result<void> drop_damaged(attempt& in);
    result<void> save_records(attempt& in);
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
    const tuning with_;
    files* files_ = nullptr;
    std::shared_ptr<writer_lock> lock_;      // goes on to the one that comes after damage
    std::optional<contents> before_damage_;  // what was known when damage was found
    connection connection_;
    log_table log_{connection_};
    inbox inbox_{log_};
    dead_letter_table dead_letters_{connection_};
    dictionary texts_;
    contents now_;
    std::int64_t given_out_ = 0;  // the highest number that the caller holds: by read(), or handed_out
    segment_reader reading_;      // the segment that was read last, up to where
    bool is_open_ = false;
    bool moved_now_ = false;  // a damaged file has been moved aside by this one
};

}  // namespace store
