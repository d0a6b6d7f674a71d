// mqtt/types.hpp: the words that the client's interface is written in: versions, QoS, options, messages, durable state.
// Not here: packets on the wire (packet.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/authenticator.hpp"
#include "mqtt/property_set.hpp"

namespace mqtt {

/// A point of the steady clock, as a value: nothing in this folder but client.cpp reads a clock.
using time_point = std::chrono::steady_clock::time_point;

enum class version : std::uint8_t { v3_1_1 = 4, v5 = 5 };
enum class qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };
enum class packet_id : std::uint16_t {};

/// A message's place in the caller's log: 1, 2, 3 …; outlives connections, processes and boots.
enum class sequence : std::int64_t {};
constexpr std::int64_t number(sequence s) { return static_cast<std::int64_t>(s); }

/// Grows by one with every `save`. A packet that bears position x goes out only when the caller has said durable(x).
enum class log_position : std::uint64_t {};

/// A message to publish. The views need to live only during the call that takes it.
struct publication {
    std::string_view topic;
    std::string_view payload;
    mqtt::qos qos = qos::at_least_once;
    bool retain = false;
    std::optional<std::chrono::seconds> expiry = {};  // what is left of the message's life; 0 or less: it is not sent any more
    std::string_view idempotency_key = {};            // MQTT 5: sent as the user property "key"; empty: none
    std::string_view properties = {};                 // MQTT 5: further ones, made by encode_message_properties() (codec.hpp)
};

struct will {
    std::string topic;
    std::string payload;
    mqtt::qos qos = qos::at_least_once;
    bool retain = true;
    bool operator==(const will&) const = default;
};

/// A lane owns a range of packet identifiers: identifier = first + sequence mod size, so that the binding of message
/// and identifier is durable as soon as the message is, without a write. Identifiers above 60000 belong to no lane.
struct lane_range {
    std::uint16_t first = 1;
    std::uint16_t size = 30000;
};

enum class on_session_loss : std::uint8_t { resend, drop };

/// Whether the owner keeps what `save` says. Kept in memory, there are no saves: everything counts as durable at once, and
/// the session is begun anew with each process.
enum class keeping : std::uint8_t { durable, in_memory };

/// What to do when the broker says "use another server" (MQTT 5, 4.11).
enum class redirects : std::uint8_t { follow, ignore };

struct options {
    mqtt::version version = version::v5;
    std::string client_id;
    std::string broker;  // names the broker (or cluster) that keeps the session: another name is another session
    std::string username;
    std::optional<std::string> password;
    std::chrono::seconds keepalive{60};  // 0: off
    std::chrono::seconds session_expiry{
        std::chrono::hours{24 * 7}};  // 0: the session ends with its connection (3.1.1: CleanSession)
    std::optional<mqtt::will> will;
    property_set will_properties;     // MQTT 5: will delay interval, message expiry, content type, user properties …
    property_set connect_properties;  // MQTT 5: request response or problem information, user properties
    std::function<std::unique_ptr<authenticator>()> authentication;  // MQTT 5: one for each exchange; empty: none
    mqtt::keeping keeping = keeping::durable;
    lane_range lane;
    std::uint16_t window = 100;                  // most messages in flight, whatever the broker allows
    std::uint16_t assumed_receive_maximum = 20;  // of a 3.1.1 broker, which can't say; mosquitto closes on more than 20
    std::uint16_t inbound_window = 100;          // messages in flight towards us; told to the broker (MQTT 5)
    std::uint32_t largest_packet_in = 1u << 20;  // bytes; told to the broker (MQTT 5) and enforced
    std::uint16_t aliases_in = 16;               // MQTT 5: topic aliases that the broker may use
    std::uint16_t aliases_out = 32;              // MQTT 5: topic aliases that we use, if the broker allows as many
    qos highest_qos = qos::exactly_once;         // for a broker that takes no more and, in 3.1.1, can't say so
    mqtt::on_session_loss session_loss = on_session_loss::resend;
    mqtt::redirects redirects = redirects::follow;
    std::size_t servers = 1;  // how many there are to try in turn
    int poison_after = 0;     // connections in a row that the broker closes on one message before it is refused; 0: never
    std::chrono::milliseconds first_retry{1000};       // upper end of the first back-off …
    std::chrono::milliseconds last_retry{15000};       // … and of the last; full jitter below
    std::chrono::milliseconds connect_timeout{10000};  // for the transport and for CONNACK, each
};

/// The durable part of a session's outgoing half. All at or below `acked` are finished; all at or below `released` have
/// had their PUBREC; those at or below `maybe_sent` may have reached the broker. The lists hold what is ahead of its mark.
struct lane_state {
    sequence acked{0};
    sequence released{0};
    sequence maybe_sent{0};
    std::vector<sequence> acked_beyond;     // ascending
    std::vector<sequence> released_beyond;  // in the order of their PUBRECs
    bool operator==(const lane_state&) const = default;
};

/// Written before the broker may hold anything for us [MQTT-3.2.2-4]: without it no session is resumed.
struct session_record {
    std::string client_id;
    std::string broker;
    std::uint64_t epoch = 0;  // grows each time a session is begun anew
    bool operator==(const session_record&) const = default;
};

/// What is durable when the process starts; all empty for a new store.
struct saved_state {
    std::optional<session_record> session;
    lane_state lane;
    std::vector<packet_id> held;     // inbound QoS 2: received, and not released by the broker yet
    std::optional<sequence> newest;  // the last message in the log, if known: what is above it can't have been sent
};

}  // namespace mqtt
