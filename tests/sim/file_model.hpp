// tests/sim/file_model.hpp: what the queue file must hold: moved on by what was asked of it and what it reported, compared with
// its own books after each commit, and with all that it holds after a crash.
// Not here: SQLite, and how a commit comes about (process.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/queue.hpp"

namespace sim {

/// What a transaction is to do; messages as the numbers of their content.
struct intent {
    std::vector<std::int64_t> append;
    std::vector<std::int64_t> receive;
    std::optional<store::cursor> cursor;
    std::optional<store::session_record> session;
    std::optional<std::vector<std::uint16_t>> held;
    std::vector<store::inbox_number> handled;
    store::settled settled;
    std::uint64_t unwritten = 0;
    std::uint64_t saved_up_to = 0;
    bool is_stale = false;  // of an earlier process
};
intent intent_of(const store::transaction& what, std::uint64_t saved_up_to);

struct file_state {
    std::int64_t last = 0;
    store::cursor cursor;
    std::optional<store::session_record> session;
    std::vector<std::uint16_t> held;
    store::ledger ledger;
    std::map<std::int64_t, std::int64_t> queued;  // sequence → content
    std::map<std::int64_t, std::int64_t> inbox;   // number → content
    bool operator==(const file_state&) const = default;
    store::recovery as_found() const;
};

class file_model {
public:
    const file_state& state() const { return state_; }
    void begin(intent what) { under_way_.push_back(std::move(what)); }
    /// What was begun last is durable. Returns what is wrong; empty: nothing.
    std::string on_committed(const store::commit_report& how, const store::ledger& there);
    // If it fails the disk may hold it nevertheless, wholly written and not synced. The next process may not see it, since a
    // later attempt has overwritten a part; and then, as long as nothing else is synced, a power cut may bring it back.

    /// A process has opened the file. Says what is wrong; takes over which of the commits under way it holds.
    /// `log`: all that it holds, or null. Requires: there is one if is_ambiguous().
    std::string on_opened(const store::recovery& found, const std::vector<store::waiting_message>& inbox,
                          const std::vector<store::stored_message>* log = nullptr);
    /// More than one commit is in doubt (the disk failed, and then there was a crash): they may differ in content alone.
    bool is_ambiguous() const { return under_way_.size() > 1; }
    /// Whether on_opened() can't know which messages went, until everything is read.
    bool wants_audit() const { return evicted_unseen_ > 0; }
    /// All that the file holds.
    std::string on_audit(const std::vector<store::stored_message>& log);

    // -- a file that was damaged --
    /// From now on it is taken as it is found: messages may be missing, if they are counted.
    void on_damage() { is_damaged_ = true; }
    bool is_damaged() const { return is_damaged_; }
    /// `log`: all that it holds.
    std::string on_salvaged(const store::recovery& found, const std::vector<store::stored_message>& log);
    /// Content that is neither finished nor there any more.
    const std::set<std::int64_t>& lost() const { return lost_; }

    /// Sequence and content of what the last commit finished, if it counted any as expired.
    const std::vector<std::pair<std::int64_t, std::int64_t>>& finished_with_expired() const { return finished_; }

    /// The saves of all transactions of this process that the file holds.
    std::uint64_t kept_up_to() const { return kept_up_to_; }
    /// What earlier processes received, and has come back now; told once.
    std::vector<std::int64_t> take_returned() { return std::exchange(returned_, {}); }
    void begin_process() { kept_up_to_ = 0; }

    // -- for ever --
    /// Content → sequence, of all that ever was in the log.
    const std::map<std::int64_t, std::int64_t>& accepted() const { return accepted_; }
    std::int64_t content_of(std::int64_t sequence) const;
    /// Content that was evicted.
    const std::set<std::int64_t>& evicted() const { return evicted_; }
    /// How often each message towards us went into the inbox, and how often it was handled.
    const std::map<std::int64_t, int>& received() const { return received_; }
    const std::map<std::int64_t, int>& handled() const { return handled_; }
    bool is_finished(std::int64_t sequence) const;

private:
    file_state after(const intent& what, std::size_t appended, bool received) const;
    std::string judge_settled(const intent& what) const;
    std::string judge_damage(const store::recovery& found, std::uint64_t missing) const;
    std::string take_in(const store::stored_message& one);
    std::string on_committed_damaged(const intent& what, const store::commit_report& how, const store::ledger& there);
    void take_over(const intent& what, file_state then);

    file_state state_;
    std::vector<intent> under_way_;
    std::vector<std::pair<std::int64_t, std::int64_t>> finished_;
    std::uint64_t evicted_unseen_ = 0;
    std::uint64_t kept_up_to_ = 0;
    std::vector<std::int64_t> returned_;
    std::int64_t last_received_ = 0;
    std::map<std::int64_t, std::int64_t> accepted_;
    std::map<std::int64_t, std::int64_t> contents_;  // the reverse
    std::set<std::int64_t> evicted_;
    bool is_damaged_ = false;
    std::set<std::int64_t> lost_;
    std::map<std::int64_t, int> received_;
    std::map<std::int64_t, int> handled_;
};

}  // namespace sim
