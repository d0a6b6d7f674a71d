// gateway/group_commit.hpp: what waits for the disk, when it is due, and what becomes one transaction. Pure: the time is an
// argument, and whoever runs it (store_thread.hpp) does the commit.
// Not here: threads, and the queue file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/queue.hpp"

namespace gateway {

/// What the session wants kept; all of one save in one transaction.
struct save_request {
    std::uint64_t position = 0;  // comes back in committed::saved_up_to
    std::optional<store::cursor> cursor;
    std::optional<store::session_record> session;
    store::settled settled;
    std::vector<store::parking> park;
    std::vector<store::received_message> receive;    // bounded by what the broker may send before it is acknowledged
    std::optional<std::vector<std::uint16_t>> held;  // as of after `receive`
    std::vector<store::inbox_number> handled;
    /// The committed::refusals that the caller has taken into account. When the inbox has had no room since, `receive` and
    /// `held` are passed over, for the latter may speak of what was refused. So at a new count nothing may be acknowledged that
    /// was saved with an older one, and what is held is again what was durable before.
    std::uint64_t refusals_known = 0;
    bool barrier = false;  // something waits for it: commit as soon as the disk is free
};

/// A transaction is durable.
struct committed {
    store::commit_report report;
    std::vector<store::message> messages;           // the first report.appended of them are in the log, from report.first on
    bool keep = false;                              // as append() was told
    std::uint64_t saved_up_to = 0;                  // 0: no save was in it
    std::vector<store::received_message> received;  // in the inbox, from report.first_received on
    std::uint64_t refusals = 0;                     // so many times the inbox has had no room, this commit included
};

/// A lone message is due at once; a stream, every commit_every; a barrier, as soon as the disk is free; everything that
/// gathers during one commit goes into the next.
class group_commit {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit group_commit(std::chrono::milliseconds commit_every) : commit_every_(commit_every) {}

    /// Refuses (false) when more waits than limits::waiting_bytes. `keep`: the caller means to send these as soon as they are
    /// durable, so the store must not drop them as the oldest.
    [[nodiscard]] bool append(std::vector<store::message> messages, bool keep);
    void save(save_request request, time_point now);
    /// As store::transaction::boot_offset_ms; due like an append, and tried again until it is durable.
    void set_boot_offset(std::int64_t offset_ms) { boot_offset_ms_ = offset_ms; }
    /// What waits now is due now.
    void flush() { flush_ = !empty(); }
    bool empty() const { return appends_.empty() && !save_ && !boot_offset_ms_; }

    /// When the next commit is due; nothing waits: never.
    std::optional<time_point> due() const;
    /// Nothing is due before this: the last commit failed, and the disk gets a rest.
    time_point not_before() const { return not_before_; }

    /// Takes all that waits. Next: the commit, then on_durable() or on_failed(). Meanwhile others may hand over more.
    const store::transaction& begin(time_point now);
    committed on_durable(const store::commit_report& report);
    /// Saves are kept and tried again; the messages are not accepted. Returns how many that are.
    std::uint64_t on_failed(time_point now);

private:
    const std::chrono::milliseconds commit_every_;
    std::vector<store::message> appends_;
    std::size_t append_bytes_ = 0;
    bool keep_ = false;                 // of any of appends_
    std::optional<save_request> save_;  // several merged: the last cursor, session and held; all of the rest, in order
    time_point save_since_{};
    std::optional<std::int64_t> boot_offset_ms_;
    std::uint64_t refusals_ = 0;
    time_point next_commit_{};  // of a stream: commit_every after the one before
    time_point not_before_{};   // after a failed commit
    bool flush_ = false;

    // Under way.
    store::transaction work_;
    std::optional<save_request> saving_;
};

}  // namespace gateway
