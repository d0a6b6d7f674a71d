// tests/sim/process.hpp: the gateway's process in a simulation: the real session, delivery, group commit and queue, wired as
// gateway/app.cpp and gateway/delivery/store_thread.cpp wire them, but for threads: the world says who does something next.
// Not here: the world (world.hpp), and any check.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "gateway/delivery/delivery.hpp"
#include "gateway/delivery/group_commit.hpp"
#include "mqtt/session.hpp"
#include "store/queue.hpp"

namespace sim {

/// Now, by all clocks that there are.
struct moment {
    mqtt::time_point now;
    store::stamp clock;
};

/// Who looks on, and judges.
struct witness {
    virtual ~witness() = default;
    virtual void on_effect(const mqtt::effect& what) = 0;
    virtual void on_commit_begun(const store::transaction& what, std::uint64_t saved_up_to) = 0;
    virtual void on_commit_done(const store::result<store::commit_report>& how) = 0;
    virtual void on_told(std::uint64_t saved_up_to) = 0;
    virtual void on_read(store::sequence from, const store::result<std::vector<store::stored_message>>& found) = 0;
    /// The queue was found damaged and salvaged; a new session begins next.
    virtual void on_salvaged(const store::recovery& found, store::queue& in) = 0;
    /// Bytes may be there to write.
    virtual void on_settled() = 0;
};

struct process_options {
    mqtt::options session;
    std::chrono::milliseconds commit_every{100};
    store::full_policy when_full = store::full_policy::drop_oldest;
    std::uint64_t seed = 0;
    bool salvages = false;            // a damaged queue
    bool told_before_commit = false;  // deliberate mistakes
    bool saves_dropped = false;
};

class process {
public:
    process(store::queue opened, const store::recovery& found, const process_options& how, witness& by);

    mqtt::session& session() { return *session_; }
    store::queue& queue() { return queue_; }
    const gateway::delivery& delivery() const { return *delivery_; }
    std::size_t inbox_waiting() const { return inbox_.size(); }

    // -- the loop's thread --
    void start(const moment& at);
    /// loop_deadline() has come.
    void on_time(const moment& at);
    /// Call after anything that the session was told.
    void settle(const moment& at);
    /// Returns how many messages went, since too many wait for the disk.
    std::uint64_t append(std::vector<store::message> messages);
    bool publish_now(const store::message& message, mqtt::time_point now) { return delivery_->publish_now(message, now); }
    /// Once a minute.
    void look_at_age(const store::stamp& now) { commits_.look_at_age(now); }
    /// The application has done with the oldest messages of the inbox.
    void handle(std::size_t most, const moment& at);
    /// One event from the store's thread; false: there is none.
    bool tell(const moment& at);
    void flush() { commits_.flush(); }

    // -- the store's thread --
    /// Begins a commit, or does it, or reads; false: there is nothing to do now.
    bool work(mqtt::time_point now);
    /// Nothing waits for the disk.
    bool is_idle() const { return !working_ && !on_hold_ && commits_.empty() && reads_.empty() && posted_.empty(); }
    /// Of the readings that were taken: those that aren't durable yet.
    gateway::backlog behind() const { return commits_.behind(); }
    /// The next time at which the loop's thread has something to do though nothing happens.
    std::optional<mqtt::time_point> loop_deadline() const;
    /// The next time at which anything is due, if there is any.
    std::optional<mqtt::time_point> deadline() const;

private:
    struct failed {};
    struct read_answer {
        store::sequence from{0};
        store::result<std::vector<store::stored_message>> found;
    };
    using event = std::variant<gateway::committed, failed, read_answer, store::recovery>;

    void take_effects(const moment& at);
    void carry_out(const mqtt::effect& what, const moment& at);
    void commit(mqtt::time_point now);
    void read(const gateway::log_read& what, mqtt::time_point now);
    bool salvage(const store::error& why, mqtt::time_point now);
    void begin_session(const store::recovery& found);
    void begin_anew(const store::recovery& found, const moment& at);
    void on(gateway::committed done, mqtt::time_point now);

    const process_options how_;
    witness& by_;
    store::queue queue_;
    std::unique_ptr<mqtt::session> session_;
    std::unique_ptr<gateway::delivery> delivery_;
    gateway::group_commit commits_;
    mqtt::effects effects_;
    std::vector<store::parking> parked_;             // they go with the next save
    std::vector<store::received_message> received_;  // likewise
    std::uint64_t saved_ = 0;                        // the position of the last save
    std::deque<store::inbox_number> inbox_;          // to be handled
    std::deque<gateway::log_read> reads_;
    std::deque<event> posted_;
    const store::transaction* working_ = nullptr;
    bool on_hold_ = false;                     // salvaged, and the loop hasn't heard of it
    std::optional<mqtt::time_point> heal_at_;  // when the disk is asked for room
};

}  // namespace sim
