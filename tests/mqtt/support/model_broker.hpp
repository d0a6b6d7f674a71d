// tests/mqtt/support/model_broker.hpp: a broker that follows the specification to the letter and writes down who doesn't.
// Not here: the network and its faults (world.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mqtt/codec.hpp"
#include "tests/mqtt/support/broker_outbox.hpp"
#include "tests/mqtt/support/dice.hpp"

namespace mqtt_test {

struct broker_manners {
    mqtt::version version = mqtt::version::v5;
    bool reorders = false;        // answers to different messages change places
    bool repeats_pubrec = false;  // PUBREC twice, and again on resume before anything was asked
    std::uint64_t refuses_one_in = 0;
    std::uint64_t largest_receive_maximum = 0;  // each CONNACK grants 1 … this; 0: says nothing
    std::uint32_t packet_size = 0;
    std::int64_t poison = 0;                              // closes the connection on this message
    mqtt::qos highest_qos = mqtt::qos::exactly_once;      // MQTT 5: Maximum QoS
    std::uint16_t aliases = 0;                            // MQTT 5: that the client may use, and that we use towards it
    mqtt::qos highest_granted = mqtt::qos::exactly_once;  // of a subscription
    bool answers_subscribe_late = false;                  // messages may come before SUBACK
    std::size_t window_out = 20;                          // towards a client of 3.1.1, which can't say
};

/// A message's payload begins with its number in the log, its topic follows from that; "s" marks one that no log holds.
class model_broker {
public:
    model_broker(broker_manners manners, std::uint64_t seed)
        : manners_(manners), dice_(seed), outbox_(manners.version, seed + 1) {}

    /// New dice, for what is left to its manners from here on.
    void reseed(std::uint64_t seed) {
        dice_ = dice(seed);
        outbox_.reseed(seed + 1);
    }

    void on_open();
    void on_packet(const mqtt::packet& what);
    void on_close();
    bool wants_to_close() const { return wants_to_close_; }

    /// Turns up to `most` answers and messages into bytes for the client.
    void answer(std::size_t most, std::string& to, mqtt::time_point now);
    bool has_answers() const { return connected_ && (!answers_.empty() || outbox_.has_next()); }
    /// Somebody publishes. False: no subscription of the client's session asks for it.
    bool publish_to_client(offer what, mqtt::time_point now);
    bool is_subscribed(const std::string& filter) const { return subscriptions_.contains(filter); }
    const broker_outbox& outbox() const { return outbox_; }
    void lose_session();
    /// A restart that forgets only what a broker may: a session whose last CONNECT was clean (mosquitto 2.0 does).
    void restart();

    /// The faults of the client.
    const std::vector<std::string>& complaints() const { return complaints_; }
    /// How often each message was passed on, and in which order they first were.
    const std::map<std::int64_t, int>& delivered() const { return delivered_; }
    const std::vector<std::int64_t>& order() const { return order_; }
    /// Refused by PUBACK or PUBREC; may be refused more than once.
    const std::set<std::int64_t>& refused() const { return refused_; }
    std::uint64_t sessions() const { return sessions_; }
    std::uint64_t aliased() const { return aliased_; }

private:
    struct held_message {
        std::int64_t number = 0;
        bool answered = false;
    };
    struct answer_to_send {
        mqtt::packet what;
        mqtt::packet_id id{0};
        bool ends_flight = false;
    };
    void complain(std::string about);
    void on(const mqtt::connect& what);
    void on(const mqtt::publish& what);
    void on(const mqtt::pubrel& what);
    void on(const mqtt::subscribe& what);
    void on(const mqtt::unsubscribe& what);
    std::string topic_of(const mqtt::publish& what);
    void on_unlogged(const mqtt::publish& what);
    void push(mqtt::packet what, mqtt::packet_id id, bool ends_flight);
    template <typename Ack>
    void acknowledge(mqtt::packet_id id, mqtt::reason code, bool ends_flight);
    void deliver(std::int64_t number);

    broker_manners manners_;
    dice dice_;
    std::vector<std::string> complaints_;
    std::map<std::int64_t, int> delivered_;
    std::vector<std::int64_t> order_;
    std::set<std::int64_t> refused_;
    std::uint64_t sessions_ = 0;

    // The session.
    bool session_exists_ = false;
    std::map<mqtt::packet_id, held_message> held_;  // QoS 2, between PUBLISH and PUBREL
    std::set<std::int64_t> seen_;                   // in this session
    std::map<std::string, mqtt::qos> subscriptions_;
    broker_outbox outbox_;
    std::uint64_t aliased_ = 0;

    // The connection.
    bool connected_ = false;
    bool resumed_ = false;
    bool asked_clean_ = false;  // by the last CONNECT
    bool session_ends_with_connection_ = false;
    bool said_goodbye_ = false;
    bool wants_to_close_ = false;
    std::size_t receive_maximum_ = 65535;
    std::map<mqtt::packet_id, std::int64_t> in_flight_;  // by our knowledge: until our answer is written
    std::set<std::int64_t> seen_here_;
    std::set<mqtt::packet_id> refused_here_;  // their last PUBLISH was refused
    std::deque<answer_to_send> answers_;
    std::map<std::uint16_t, std::string> topics_;  // behind the client's aliases
};

/// The topic of the client's message `number`: a few in turn, so that aliases have work.
std::string topic_of_number(std::int64_t number);
std::int64_t number_of(const mqtt::publish& what);

}  // namespace mqtt_test
