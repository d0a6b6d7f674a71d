// gateway/delivery/group_commit.hpp: what waits for the disk, when it is due, and what becomes one transaction. Pure: the time is
// an argument, and whoever runs it (store_thread.hpp) does the commit. Not here: threads, and the queue file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/delivery/memory_log.hpp"
#include "store/queue.hpp"

namespace gateway {

/// What the session, or another part, wants kept; all of one save in one transaction.
struct save_request {
    std::uint64_t position = 0;  // comes back in committed::saved_up_to; 0: not the session's
    std::optional<store::cursor> cursor;
    std::optional<store::session_record> session;
    store::settled settled;
    std::vector<store::parking> park;
    std::vector<store::received_message> receive;    // bounded by what the broker may send before it is acknowledged
    std::optional<std::vector<std::uint16_t>> held;  // as of after `receive`
    std::vector<store::inbox_number> handled;
    std::vector<std::string> audit;
    std::vector<store::memory> remember;
    std::vector<std::string> forget;  // what is remembered meanwhile is forgotten, too
    /// The committed::refusals that the caller has taken into account. When the inbox has had no room since, `receive` and
    /// `held` are passed over, for the latter may speak of what was refused. So at a new count nothing may be acknowledged that
    /// was saved with an older one, and what is held is again what was durable before.
    std::uint64_t refusals_known = 0;
    bool barrier = false;  // something waits for it: commit as soon as the disk is free
};

/// A transaction is durable; or `in_memory`: messages have their numbers and may be sent, a save may be relied upon, and neither
/// is written (on_outage).
struct committed {
    bool in_memory = false;
    store::commit_report report;
    std::vector<store::message> messages;                // the first report.appended of them are in the log, from report.first on
    bool keep = false;                                   // as append() was told
    std::uint64_t saved_up_to = 0;                       // 0: no save was in it
    std::vector<store::received_message> received;       // in the inbox, from report.first_received on
    std::uint64_t unwritten = 0;                         // messages that went before; the ledger has them now
    bool purge = false;                                  // it was asked to
    std::uint64_t refusals = 0;                          // so many times the inbox has had no room, this commit included
    std::optional<store::ledger> ledger = std::nullopt;  // after this commit; nothing: it is in memory alone
    store::dead_letter_counts dead_letters = {};
};

/// What isn't durable yet.
struct backlog {
    std::uint64_t waiting = 0;    // messages, those under way included
    std::uint64_t unwritten = 0;  // dropped for want of memory, and not in the ledger yet
    bool operator==(const backlog&) const = default;
};

/// A lone message is due at once; a stream, every commit_every; a barrier, as soon as the disk is free; everything that
/// gathers during one commit goes into the next, up to limits::most_commit_bytes. What a commit fails to write waits, in its
/// order, for the next attempt.
///
/// With on_outage, messages that are sent at once get their numbers at once, and those not acknowledged within commit_every are
/// written then, together; from there on all is as it is without it. What was acknowledged in time is never written: a
/// transaction that comes anyway, or after limits::idle_commit, counts it. What is told in memory (take_told) may be lost when
/// the process ends without warning: it is younger than commit_every, or acknowledged. So it is for QoS 0 and 1 alone: a
/// broker that holds a QoS 2 message of ours must never see its identifier again with another one.
class group_commit {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Where the log stood at the start.
    struct on_outage {
        store::sequence newest{0};
        store::sequence acked{0};
    };

    /// Without on_outage: everything is written.
    explicit group_commit(std::chrono::milliseconds commit_every, store::full_policy when_full = store::full_policy::drop_oldest,
                          std::optional<on_outage> memory_first = std::nullopt);

    /// `keep`: the caller means to send these as soon as they are durable, so the store must not drop them as the oldest.
    /// Returns how many messages went, these or older ones, since no more than limits::waiting_bytes may wait; the next
    /// transaction counts them. `now`: for on_outage.
    std::uint64_t append(std::vector<store::message> messages, bool keep, time_point now = {});
    void save(save_request request, time_point now);
    /// The time, by which messages are too old. It goes with the next commit, or at once if nothing waits for one.
    void look_at_age(const store::stamp& now) { now_ = now; }
    /// As store::transaction::purge; due at once. A commit that fails forgets it.
    void purge() { purge_ = true; }
    /// As store::transaction::boot_offset_ms; due like an append, and tried again until it is durable.
    void set_boot_offset(std::int64_t offset_ms) { boot_offset_ms_ = offset_ms; }
    /// What waits now is due now.
    void flush() { flush_ = !empty(); }
    bool empty() const {
        return appends_.empty() && !save_ && unwritten_ == 0 && !now_ && !purge_ && !boot_offset_ms_ &&
               (!memory_ || memory_->empty());
    }
    backlog behind() const;
    /// What append() or save() have made known without a commit; each is returned once.
    std::optional<committed> take_told() { return std::exchange(told_, std::nullopt); }
    /// The log's messages from `from` on that aren't written. Complete when the file has none from there on.
    std::vector<store::stored_message> unwritten_from(store::sequence from, std::size_t most_messages,
                                                      std::size_t most_bytes) const;

    /// When the next commit is due; nothing waits: never.
    std::optional<time_point> due() const;
    /// Nothing is due before this: the last commit failed, and the disk gets a rest.
    time_point not_before() const { return not_before_; }

    /// Takes what waits. Next: the commit, then on_durable() or on_failed(). Meanwhile others may hand over more.
    const store::transaction& begin(time_point now);
    committed on_durable(const store::commit_report& report);
    /// All of it waits again. The messages are no longer to be kept: who hasn't got them by then reads them from the log.
    void on_failed(time_point now);

    /// Nothing more for a while: the disk can't take it.
    void rest(time_point now);

    // -- the queue was salvaged, and the session that saves came from is gone --
    /// What it had settled, as a transaction; nothing: nothing of that waits. The session itself is not to be kept.
    std::optional<store::transaction> take_settled();
    /// Saves that wait are void, but for what was handled, audited and remembered. The disk is good again.
    void forget_session();
    /// Goes on as `settings`, which have nothing that waits, were made: of a file that has all that was handed over before it was
    /// closed. What waits now stays.
    void resettle(const group_commit& settings);
    /// The session that begins anew takes it from here. What is in memory alone gets new numbers when it is written.
    void begin_anew(store::sequence newest, store::sequence acked);

private:
    std::uint64_t drop_beyond_bound();
    void take_messages();
    bool goes_to_memory(bool keep) const;
    bool is_light(const save_request& request) const;
    void bring_along_parked(save_request& request) const;
    void tell_numbered(store::sequence first, std::vector<store::message> messages);
    time_point memory_due() const;
    time_point save_due() const;

    std::chrono::milliseconds commit_every_;
    store::full_policy when_full_;
    std::deque<store::message> appends_;
    std::size_t append_bytes_ = 0;      // of payload
    bool memory_first_ = false;         // on_outage
    bool keep_ = false;                 // of any of appends_
    std::uint64_t unwritten_ = 0;       // also while they are under way
    std::optional<save_request> save_;  // several merged: the last cursor, session and held; all of the rest, in order
    time_point save_since_{};
    std::optional<store::stamp> now_;  // since the last commit
    bool purge_ = false;
    std::optional<std::int64_t> boot_offset_ms_;
    std::uint64_t refusals_ = 0;
    time_point next_commit_{};  // of a stream: commit_every after the one before
    time_point not_before_{};   // after a failed commit
    bool flush_ = false;

    // With on_outage.
    std::optional<memory_log> memory_;     // nothing: always
    store::sequence written_{0};           // the newest that is in the file, or on its way there
    store::sequence finished_{0};          // all up to here, by the last save
    store::sequence durably_finished_{0};  // … by the last that is durable
    bool save_is_light_ = false;           // save_ has been told as if it were durable
    std::optional<committed> told_;

    // Under way.
    store::transaction work_;
    std::deque<memory_log::entry> memory_taken_;  // of work_.append, the first work_.numbered
    bool keep_taken_ = false;                     // of the others
    std::optional<save_request> saving_;
    bool saving_is_light_ = false;
};

}  // namespace gateway
