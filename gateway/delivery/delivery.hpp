// gateway/delivery/delivery.hpp: joins the log and the session: feeds the session what it wants next, fresh from a commit or read
// back from the log, and keeps the retained status topics true. Pure: what it needs from the disk is a value that it returns.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/session.hpp"
#include "store/age.hpp"
#include "store/queue.hpp"

namespace gateway {

/// What delivery wants from the log; answered by on_read.
struct log_read {
    store::sequence from{0};
    std::size_t messages = 0;
    std::size_t bytes = 0;
    bool operator==(const log_read&) const = default;
};

/// What is left of a message's life; nothing: it has no end. A message whose age can't be known is as good as new
/// (store/age.hpp).
std::optional<std::chrono::seconds> life_left(const store::stored_message& of, const store::moment& now);

class delivery {
public:
    /// `last`: the newest message in the log when the process starts.
    delivery(mqtt::session& session, store::sequence last);

    /// Whether messages that become durable soon would be sent without reading them back. During an outage, or while a
    /// backlog is being delivered, they stay in the log alone: memory stays flat, and the log may drop the oldest.
    bool takes_fresh() const;
    /// These became durable. `keep`: takes_fresh() said so when they were handed to the store.
    void on_committed(const store::commit_report& report, std::vector<store::message> messages, bool keep);
    /// The answer to wanted().
    void on_read(store::sequence from, std::vector<store::stored_message> messages);
    /// The log could not be read; asked again by the next pump() after `retry`.
    void on_read_failed(mqtt::time_point retry);

    /// What this boot's clock had above boot time when it was first known to be right: readings taken before that are sent with
    /// the time that they were taken in truth. So are those of earlier boots of which it is known.
    void set_boot_offset(std::int64_t offset_ms) { boot_offset_ms_ = offset_ms; }

    /// Publishes what the session's window takes. Call after any of the above and whenever the session may have room. `clock`
    /// is the same moment by the board's clocks, by which the age of messages is judged.
    void pump(mqtt::time_point now, const store::stamp& clock);
    /// A read to make, if pump() found that one is needed; each is returned once.
    std::optional<log_read> wanted();
    /// When pump() must be called though nothing has happened.
    std::optional<mqtt::time_point> next_deadline() const { return read_not_before_; }

    /// Sends a QoS 0 message now, or not at all. False: not sent.
    [[nodiscard]] bool publish_now(store::message message, mqtt::time_point now);

    /// Sets what a retained status topic says. It is sent now or as soon as there is a connection, and after each new one;
    /// only the latest text counts.
    void set_status(const std::string& topic, std::string text, mqtt::time_point now);
    /// The topic has nothing more to say: the broker forgets it, now or as soon as there is a connection.
    void clear_status(const std::string& topic, mqtt::time_point now) { set_status(topic, {}, now); }
    /// In the place of one whose session is gone: the status topics go on.
    void take_status_of(const delivery& other);
    /// The connection is gone: on the next one every status topic is sent again.
    void on_offline();

    /// Begins no more messages of the log; those that the broker may have are finished. For ever: the session is about to end.
    void hold();
    /// Requires: hold(). The broker has nothing of ours under way.
    bool settled() const { return mqtt::number(session_.finished()) >= *held_to_; }

    /// Nothing of the log is left to deliver.
    bool drained() const;
    std::size_t buffered_bytes() const { return buffered_bytes_; }

private:
    struct status {
        std::string text;
        bool told = false;
    };
    bool caught_up() const;
    store::stored_message take_front();
    void push_back(store::stored_message message);
    void pump_status(mqtt::time_point now);

    mqtt::session& session_;
    store::sequence last_;  // the newest message in the log
    // The buffer holds every message that the log has from covered_from_ to covered_to_, ends included.
    std::deque<store::stored_message> buffer_;
    std::size_t buffered_bytes_ = 0;
    std::int64_t covered_from_;
    std::int64_t covered_to_;
    std::int64_t given_ = 0;               // the newest message that the session was given
    std::optional<std::int64_t> held_to_;  // no newer one is begun
    bool read_needed_ = false;
    bool reading_ = false;
    std::optional<mqtt::time_point> read_not_before_;
    std::optional<std::int64_t> boot_offset_ms_;
    std::map<std::string, status> status_;
};

}  // namespace gateway
