// mqtt/gate.hpp: the write-ahead gate: packets on their way out, each held until the log position that it needs is durable.
// Not here: what the packets mean, and which position they need (session, lane).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mqtt/ring.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

/// Three queues wait: PUBLISHes in their order, PUBRELs in the order of their PUBRECs, and what we answer to messages towards
/// us, in the order of those. A packet that needs nothing passes all. Once warm it allocates nothing.
class gate {
public:
    /// Needs nothing: CONNECT, PINGREQ, DISCONNECT.
    void push_control(std::string_view bytes);
    /// `at` is 0 for a message that no log holds.
    void push_publish(log_position after, sequence at, qos level, std::string_view bytes);
    /// True if a PUBLISH that needs `after` would be shown at once.
    bool shows_publish_at_once(log_position after) const { return publishes_.empty() && is_durable(after); }
    void push_pubrel(log_position after, std::string_view bytes);
    /// PUBACK, PUBREC, PUBCOMP; SUBSCRIBE and UNSUBSCRIBE. `final`: the broker may send one message more for it.
    enum class is_final : std::uint8_t { no, yes };
    void push_answer(log_position after, is_final final, std::string_view bytes);

    void on_durable(log_position up_to);

    /// All durable: asserted.
    std::string_view unsent() const;
    void sent(std::size_t bytes);

    /// The next logged message of QoS 0 whose last byte has been written; each is told once.
    std::optional<sequence> pop_written();
    /// The highest sequence number whose bytes have been shown by unsent() since the last clear(); 0: none.
    sequence shown() const { return shown_; }
    /// On this connection.
    bool has_shown_final_answer() const { return final_answer_shown_; }
    /// Messages of QoS 0 that no log holds and that aren't written yet.
    std::size_t unlogged() const { return unlogged_; }
    /// Bytes waiting, here and in unsent().
    std::size_t size() const { return publishes_.size() + pubrels_.size() + answers_.size() + out_.size() - start_; }

    /// Forgets what still waits for durability, since nothing may follow a DISCONNECT.
    void drop_waiting();
    /// The connection is gone, and all that was meant for it.
    void clear();

private:
    struct waiting {
        log_position after{0};
        sequence at{0};
        qos level = qos::at_least_once;
        is_final final = is_final::no;
        std::size_t size = 0;
    };
    /// Packets one behind the other, their bytes in one string.
    class packet_queue {
    public:
        bool empty() const { return packets_.empty(); }
        std::size_t size() const { return bytes_.size() - start_; }
        void push(waiting what, std::string_view bytes);
        const waiting& front() const { return packets_.front(); }
        std::string_view front_bytes() const { return std::string_view(bytes_).substr(start_, packets_.front().size); }
        void pop();
        void clear();

    private:
        ring<waiting> packets_;
        std::string bytes_;
        std::size_t start_ = 0;
    };
    struct mark {
        std::uint64_t end = 0;  // counted from the connection's first byte
        sequence at{0};         // 0: unlogged
    };
    bool is_durable(log_position after) const { return after <= durable_; }
    bool has_durable_front(const packet_queue& queue) const { return !queue.empty() && is_durable(queue.front().after); }
    void show(log_position after, std::string_view bytes);
    void show_publish(const waiting& what, std::string_view bytes);
    void show_answer(const waiting& what, std::string_view bytes);

    log_position durable_{0};
    log_position highest_shown_{0};
    packet_queue publishes_;
    packet_queue pubrels_;
    packet_queue answers_;
    std::string out_;
    std::size_t start_ = 0;      // of what is unsent in out_
    std::uint64_t written_ = 0;  // on this connection
    ring<mark> marks_;           // of QoS 0 messages in out_
    ring<sequence> done_;        // for pop_written()
    sequence shown_{0};
    bool final_answer_shown_ = false;
    std::size_t unlogged_ = 0;
};

}  // namespace mqtt
