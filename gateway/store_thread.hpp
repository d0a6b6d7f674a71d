// gateway/store_thread.hpp: the one thread that waits for the disk. Collects what the loop hands over into group commits, and
// says on the loop's thread what has become durable. Not here: what is stored, and in which order things are sent.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "store/queue.hpp"

namespace boost::asio {
class io_context;
}

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

struct store_events {
    std::function<void(committed)> on_committed;
    std::function<void(store::sequence from, store::result<std::vector<store::stored_message>>)> on_read;
    /// A commit failed; `lost` messages in it were not accepted. Saves are kept and tried again.
    std::function<void(const store::error& why, std::uint64_t lost)> on_failed;
    std::function<void(store::inbox_number from, store::result<std::vector<store::waiting_message>>)> on_read_inbox = {};
};

/// Every public function from the loop's thread; every event on it.
class store_thread {
public:
    store_thread(store::queue opened, std::chrono::milliseconds commit_every, boost::asio::io_context& loop, store_events events);
    ~store_thread();  // commits what waits, then joins
    store_thread(const store_thread&) = delete;
    store_thread& operator=(const store_thread&) = delete;

    /// Refuses (false) when more waits than limits::waiting_bytes: the disk has not answered for long. `keep`: the caller
    /// means to send these as soon as they are durable, so the store must not drop them as the oldest.
    [[nodiscard]] bool append(std::vector<store::message> messages, bool keep);
    void save(save_request request);
    void read(store::sequence from, std::size_t most_messages, std::size_t most_bytes);
    /// Requires: there is an on_read_inbox.
    void read_inbox(store::inbox_number from, std::size_t most_messages, std::size_t most_bytes);
    /// Commits whatever waits at once; an on_committed or on_failed follows if there was anything.
    void flush();
    bool idle() const;  // nothing waits and nothing is being written

    /// Commits what waits and joins. Nothing may be handed over afterwards; no event comes afterwards.
    void stop();

private:
    using clock = std::chrono::steady_clock;
    struct read_request {
        std::variant<store::sequence, store::inbox_number> from;
        std::size_t messages = 0, bytes = 0;
    };
    void run() noexcept;
    void commit(std::unique_lock<std::mutex>& lock);
    void read_one(std::unique_lock<std::mutex>& lock);
    template <typename Call>
    auto unlocked(std::unique_lock<std::mutex>& lock, Call call);
    std::optional<clock::time_point> commit_time() const;
    bool anything_to_commit() const { return !appends_.empty() || save_; }
    template <typename Event>
    void tell(Event event);

    store::queue queue_;
    const std::chrono::milliseconds commit_every_;
    boost::asio::io_context& loop_;
    store_events events_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<store::message> appends_;
    std::size_t append_bytes_ = 0;
    bool keep_ = false;                 // of any of appends_
    std::optional<save_request> save_;  // several merged: the last cursor, session and held; all of the rest, in order
    std::uint64_t refusals_ = 0;
    clock::time_point save_since_{};
    std::vector<read_request> reads_;
    clock::time_point next_commit_{};  // of a stream: commit_every after the one before
    clock::time_point not_before_{};   // after a failed commit
    bool flush_ = false;
    bool busy_ = false;
    bool stopping_ = false;
    std::shared_ptr<bool> alive_;
    std::thread thread_;
};

}  // namespace gateway
