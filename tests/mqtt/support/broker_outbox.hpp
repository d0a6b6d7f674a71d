// tests/mqtt/support/broker_outbox.hpp: the model broker's messages towards the client: what it queues, sends, sends again and
// waits for; and whether the client answers by the rules.
// Not here: subscriptions, and everything of the other direction (model_broker.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/packet.hpp"
#include "tests/mqtt/support/dice.hpp"

namespace mqtt_test {

/// A message that somebody published for the client; its payload is the number.
struct offer {
    std::int64_t number = 0;
    std::string topic;
    mqtt::qos qos = mqtt::qos::exactly_once;
    std::optional<std::uint32_t> expiry = {};  // seconds; MQTT 5
};

/// Follows the specification as eagerly as it allows: the whole Receive Maximum is used, the lowest identifier is taken again as
/// soon as it is free, and all that is unfinished is sent again at once on a resumed session, with DUP.
class broker_outbox {
public:
    broker_outbox(mqtt::version how, std::uint64_t seed) : version_(how), dice_(seed) {}

    void reseed(std::uint64_t seed) { dice_ = dice(seed); }

    // -- the session --
    void push(offer what, mqtt::time_point now) { waiting_.push_back({std::move(what), now}); }
    void lose_session();

    // -- a connection --
    void begin_connection(std::size_t receive_maximum, std::uint16_t aliases);
    /// The next PUBLISH or PUBREL; nothing: none, or the client's window is full.
    std::optional<mqtt::packet> next(mqtt::time_point now);
    bool has_next() const;

    // -- the client's answers; not empty: a complaint --
    std::string on(const mqtt::puback& what);
    std::string on(const mqtt::pubrec& what);
    std::string on(const mqtt::pubcomp& what);

    /// The message that bears an identifier now; 0: none.
    std::int64_t bearer(mqtt::packet_id id) const;
    /// Everything of the session that isn't finished, in order.
    std::vector<std::int64_t> unfinished() const;
    bool empty() const { return waiting_.empty() && flying_.empty(); }
    std::uint64_t repeated() const { return repeated_; }
    std::uint64_t expired() const { return expired_; }
    std::uint64_t aliased() const { return aliased_; }

private:
    struct waiting {
        offer what;
        mqtt::time_point since;
    };
    enum class stage : std::uint8_t { sent, released };
    struct flight {
        waiting message;
        mqtt::packet_id id{0};
        broker_outbox::stage stage = stage::sent;
        bool sent_here = false;  // on this connection, what its stage asks for
        int pubrels = 0;
    };
    mqtt::publish publish_of(const waiting& what, mqtt::time_point now);
    void use_alias(mqtt::publish& in);
    mqtt::packet_id lowest_free() const;
    std::deque<flight>::iterator find(mqtt::packet_id id);
    void drop_expired(mqtt::time_point now);
    bool has_room() const { return used_ < receive_maximum_; }
    void free_window() { used_ -= used_ > 0 ? 1 : 0; }

    mqtt::version version_;
    dice dice_;
    std::deque<waiting> waiting_;
    std::deque<flight> flying_;
    std::uint64_t repeated_ = 0;
    std::uint64_t expired_ = 0;
    std::uint64_t aliased_ = 0;

    // The connection.
    std::size_t receive_maximum_ = 0;
    std::size_t used_ = 0;
    std::uint16_t most_aliases_ = 0;
    std::map<std::string, std::uint16_t> aliases_;
    std::deque<mqtt::packet_id> puback_due_;  // in the order that the answers must have [MQTT-4.6.0-2] …
    std::deque<mqtt::packet_id> pubrec_due_;
    std::deque<mqtt::packet_id> pubcomp_due_;
};

}  // namespace mqtt_test
