// gateway/delivery/store_thread.hpp: the one thread that waits for the disk: commits what the loop hands over, and says on the
// loop's thread what has become durable. Not here: what goes into which commit, and when (group_commit.hpp).
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

#include "gateway/delivery/group_commit.hpp"
#include "gateway/service/health.hpp"
#include "store/queue.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

struct store_events {
    std::function<void(committed)> on_committed;
    std::function<void(store::sequence from, store::result<std::vector<store::stored_message>>)> on_read;
    /// A commit failed. All of it waits and is tried again.
    std::function<void(const store::error& why, backlog behind)> on_failed;
    std::function<void(store::inbox_number from, store::result<std::vector<store::waiting_message>>)> on_read_inbox = {};
    /// The file was damaged; what could be saved is in a new one. What waits is kept for it, but the session must begin anew
    /// from `found`: then go_on(). Until then nothing is committed or read, and reads asked for before aren't answered.
    std::function<void(store::recovery found)> on_salvaged = {};
    /// The answer to reopen(). What is `held` waits for go_on(), as after on_salvaged.
    std::function<void(store::recovery found, bool held)> on_reopened = {};
    /// Nothing: no message waits in the file, or it can't be read now.
    std::function<void(std::optional<store::stored_message>)> on_oldest = {};
};

/// What becomes of the session when the file is closed and opened again: it goes on, or begins anew from what is found.
enum class session_fate : std::uint8_t { goes_on, begins_anew };

/// Every public function from the loop's thread; every event on it.
class store_thread {
public:
    store_thread(store::queue opened, group_commit how, boost::asio::io_context& loop, store_events events,
                 std::shared_ptr<pulse> beat = std::make_shared<pulse>());
    ~store_thread();  // commits what waits, then joins
    store_thread(const store_thread&) = delete;
    store_thread& operator=(const store_thread&) = delete;

    /// As group_commit::append(): that something went says that the disk has taken nothing for long.
    std::uint64_t append(std::vector<store::message> messages, bool keep);
    void save(save_request request);
    /// Both, in one transaction if so much doesn't wait before that it needs several.
    std::uint64_t append(std::vector<store::message> messages, bool keep, save_request with);
    void look_at_age(const store::stamp& now);  // as group_commit's
    void purge();                               // as group_commit's
    void set_boot_offset(std::int64_t offset_ms);
    void read(store::sequence from, std::size_t most_messages, std::size_t most_bytes);
    /// Requires: there is an on_read_inbox.
    void read_inbox(store::inbox_number from, std::size_t most_messages, std::size_t most_bytes);
    /// Requires: there is an on_oldest. What waits in memory alone isn't looked at.
    void read_oldest();
    /// Commits whatever waits at once; an on_committed or on_failed follows if there was anything.
    void flush();
    bool idle() const;  // nothing waits, nothing is being written, and what was done has been told
    backlog behind() const;
    /// Commits what waits, closes the file and has `open` open it; `commits` makes what gathers for it from then on.
    /// Meanwhile what is handed over waits. A file that can't be opened is tried again and again, each failure an on_failed.
    /// Asked once more before that is done, the newest way to open it counts, and the session begins anew if any of them said so.
    using open_queue = std::function<store::result<store::queue>(store::recovery& found)>;
    using commits_for = std::function<group_commit(const store::recovery&)>;
    void reopen(open_queue open, commits_for commits, session_fate session);
    /// After on_salvaged: what the old session has saved since is void.
    void go_on(const store::recovery& found);

    /// Commits what waits and joins. Nothing may be handed over afterwards; no event comes afterwards.
    void stop();

private:
    using clock = std::chrono::steady_clock;
    struct read_request {
        std::variant<store::sequence, store::inbox_number, std::monostate> from;  // the last: the oldest message
        std::size_t messages = 0, bytes = 0;
    };
    void run() noexcept;
    void commit(std::unique_lock<std::mutex>& lock);
    void heal(std::unique_lock<std::mutex>& lock);
    void read_one(std::unique_lock<std::mutex>& lock);
    void open_again(std::unique_lock<std::mutex>& lock);
    bool salvage(std::unique_lock<std::mutex>& lock, const store::error& why);
    template <typename Call>
    auto unlocked(std::unique_lock<std::mutex>& lock, const char* what, std::chrono::nanoseconds at_most, Call call);
    void tell_told();
    template <typename Event>
    void tell(Event event);

    struct reopening {
        open_queue open;
        commits_for commits;
        session_fate session = session_fate::goes_on;
        clock::time_point not_before{};
    };

    std::optional<store::queue> queue_;  // nothing: between closing and opening
    boost::asio::io_context& loop_;
    store_events events_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    group_commit waiting_;
    std::vector<read_request> reads_;
    std::optional<reopening> reopen_;
    std::optional<clock::time_point> heal_at_;  // the device is full, or was when the queue was opened
    bool busy_ = false;
    std::size_t untold_ = 0;  // events that the loop has yet to come to
    bool on_hold_ = false;    // until go_on()
    bool stopping_ = false;
    std::shared_ptr<pulse> pulse_;
    std::shared_ptr<bool> alive_;
    std::thread thread_;
};

}  // namespace gateway
