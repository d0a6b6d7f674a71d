// mqtt/gate.hpp: the write-ahead gate: packets on their way out, each held until the log position that it needs is durable.
// Not here: what the packets mean, and which position they need (session, lane).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/types.hpp"

namespace mqtt {

/// Two queues wait: PUBLISHes in their order, PUBRELs in the order of their PUBRECs. A packet that needs nothing passes both.
class gate {
public:
    /// Needs nothing: CONNECT, PINGREQ, DISCONNECT.
    void push_control(std::string_view bytes);
    /// `at` is 0 for a message that no log holds.
    void push_publish(log_position after, sequence at, qos level, std::string_view bytes);
    void push_pubrel(log_position after, std::string_view bytes);

    void on_durable(log_position up_to);

    /// All durable: asserted.
    std::string_view unsent() const;
    void sent(std::size_t bytes);

    /// The next logged message of QoS 0 whose last byte has been written; each is told once.
    std::optional<sequence> pop_written();
    /// The highest sequence number whose bytes have been shown by unsent() since the last clear(); 0: none.
    sequence shown() const { return shown_; }
    /// Messages of QoS 0 that no log holds and that aren't written yet.
    std::size_t unlogged() const { return unlogged_; }
    /// Bytes waiting, here and in unsent().
    std::size_t size() const { return waiting_bytes_ + out_.size() - start_; }

    /// Forgets what still waits for durability, since nothing may follow a DISCONNECT.
    void drop_waiting();
    /// The connection is gone, and all that was meant for it.
    void clear();

private:
    struct waiting {
        log_position after{0};
        sequence at{0};
        qos level = qos::at_least_once;
        std::string bytes;
    };
    struct mark {
        std::uint64_t end = 0;  // counted from the connection's first byte
        sequence at{0};         // 0: unlogged
    };
    bool is_durable(log_position after) const { return after <= durable_; }
    void show(log_position after, std::string_view bytes);
    void show_publish(log_position after, sequence at, qos level, std::string_view bytes);
    void show_front(std::deque<waiting>& queue);

    log_position durable_{0};
    log_position highest_shown_{0};
    std::deque<waiting> publishes_;
    std::deque<waiting> pubrels_;
    std::size_t waiting_bytes_ = 0;
    std::string out_;
    std::size_t start_ = 0;      // of what is unsent in out_
    std::uint64_t written_ = 0;  // on this connection
    std::deque<mark> marks_;     // of QoS 0 messages in out_
    std::deque<sequence> done_;  // for pop_written()
    sequence shown_{0};
    std::size_t unlogged_ = 0;
};

}  // namespace mqtt
