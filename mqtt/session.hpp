// mqtt/session.hpp: the MQTT client as a state machine: connection events, bytes, acknowledgements of durability and the
// time go in; bytes to write, effects and the next deadline come out.
// No socket, thread, clock, log or disk here: whoever owns a session carries its effects out, in order.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/packet.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

// ---- Effects: what the owner is to do or to know, in order. ----

/// Open a transport to this server (an index into the owner's list), then call on_opened or on_closed.
struct open_transport {
    std::size_t server = 0;
    /// Not empty: the broker named another server (Server Reference, 3.2.2.3.16); go there, by the means that `server` has.
    std::string instead;
    bool operator==(const open_transport&) const = default;
};

/// Close the transport once unsent() is written (at most a second); then call on_closed.
struct close_transport {
    bool operator==(const close_transport&) const = default;
};

/// Make this durable; all fields of one `save` in one transaction, saves in order; then call on_durable(position).
struct save {
    log_position position{0};
    std::optional<session_record> session;
    std::optional<lane_state> lane;
    std::optional<std::vector<packet_id>> held;  // all inbound identifiers of QoS 2 that the broker hasn't released
    std::uint64_t acknowledged = 0;              // messages finished by the broker's acknowledgement since the last save
    std::uint64_t refused = 0;                   // … by its refusal, or because they don't fit its limits
    std::uint64_t lost = 0;                      // … by on_session_loss::drop
    std::uint64_t expired = 0;                   // … because their life was over before they were sent
    bool barrier = false;  // a packet waits for this; otherwise it may ride with the next commit, within a second
    bool operator==(const save&) const = default;
};

/// A message for us. Of QoS 1 and 2 it belongs in the transaction of the save that follows it: once that is durable the
/// broker hears that we have it, and each is told once; a repetition is recognised, also after a crash. The views are valid
/// until the next call that takes bytes or closes.
struct received {
    std::string_view topic;
    std::string_view payload;
    mqtt::qos qos = qos::at_most_once;
    bool retain = false;
    bool dup = false;  // proves nothing; for the curious
    property_set properties;
    bool operator==(const received&) const = default;
};

/// The broker's answer to subscribe(), again for each connection; or our own, if the broker can't do what was asked.
struct subscribed {
    std::string filter;
    mqtt::reason reason = reason::success;  // granted QoS 0, 1 or 2, which may be less than was asked; or an error
    property_set properties;                // of the SUBACK
    bool operator==(const subscribed&) const = default;
};
struct unsubscribed {
    std::string filter;
    mqtt::reason reason = reason::success;
    property_set properties;
    bool operator==(const unsubscribed&) const = default;
};

/// The broker sent what no subscription of ours asks for, and it was acknowledged and dropped: one of an earlier process
/// that the session still has, as a rule.
struct unexpected_message {
    std::string topic;
    bool operator==(const unexpected_message&) const = default;
};

/// The broker has no QoS 2: it closed the connection on every such message, or answered it as one of QoS 1 (3.1.1). From now on
/// they go with QoS 1.
struct qos_lowered {
    mqtt::qos to = qos::at_least_once;
    bool operator==(const qos_lowered&) const = default;
};

/// The broker named another server. `followed`: the next open_transport goes there.
struct redirected {
    std::string to;
    bool permanent = false;
    bool followed = false;
    bool operator==(const redirected&) const = default;
};

/// A re-authentication that reauthenticate() began has succeeded. A failed one ends the connection.
struct reauthenticated {
    bool operator==(const reauthenticated&) const = default;
};

/// CONNACK came and the session is in order: messages are welcome.
struct online {
    bool session_present = false;
    std::uint64_t epoch = 0;
    std::size_t server = 0;
    std::string client_id;    // the broker's choice, if ours was empty
    property_set properties;  // of the CONNACK
    bool operator==(const online&) const = default;
};

/// The connection is gone, or could not be made. `retry_in`: how long until the next attempt. Not told after stop().
struct offline {
    std::string reason;  // a phrase for a person, the broker's own words included
    std::chrono::milliseconds retry_in{0};
    std::optional<mqtt::reason> code = {};  // what the broker gave as its reason, if it did
    bool operator==(const offline&) const = default;
};

/// The broker kept nothing of a session that we had: exactly-once doesn't hold for these. After a restart the numbers are
/// upper bounds; `save` counts exactly what is dropped.
struct session_lost {
    std::uint64_t resent = 0;  // in flight, published again as new messages
    std::uint64_t dropped = 0;
    std::uint64_t epoch = 0;
    bool operator==(const session_lost&) const = default;
};

/// The broker refused this message for good, or it is larger than the broker takes. Counted in a `save`.
struct message_refused {
    mqtt::sequence sequence{0};
    std::uint8_t reason_code = 0;
    std::string reason;
    bool operator==(const message_refused&) const = default;
};

/// Unlogged messages (publish_unlogged) that will not arrive: the link went before their acknowledgement (QoS 0: before they
/// were written), or the broker refused them.
struct unlogged_lost {
    std::uint64_t count = 0;
    bool operator==(const unlogged_lost&) const = default;
};

using effect =
    std::variant<open_transport, close_transport, save, received, online, offline, session_lost, message_refused, unlogged_lost,
                 subscribed, unsubscribed, unexpected_message, qos_lowered, redirected, reauthenticated>;
using effects = std::vector<effect>;

/// How to leave. MQTT 5: `reason` success or disconnect_with_will; `properties` may hold session_expiry_interval (which ends
/// the session early, or lets it live on; not if it was 0), a reason string and user properties.
struct farewell {
    mqtt::reason reason = reason::success;
    property_set properties;
};

/// Not thread-safe; all calls from one thread. After any call: take_effects(), write unsent(), look at next_deadline().
class session {
public:
    /// `seed` makes the jitter of reconnects; the same seed and the same calls give the same session.
    session(options how, saved_state saved, std::uint64_t seed);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // -- events in --
    void start(time_point now);      // begin to connect, and keep connected
    void on_opened(time_point now);  // the transport that open_transport asked for is there
    void on_bytes(std::span<const std::byte> bytes, time_point now);
    void on_closed(std::string_view reason, time_point now);  // could not be opened, or was lost, or was closed as asked
    void on_time(time_point now);                             // next_deadline() has come; harmless at any time
    void on_durable(log_position up_to, time_point now);

    /// Leave in order: DISCONNECT, close_transport. Nothing in flight is given up: the broker keeps the session.
    void stop(time_point now, const farewell& words = {});

    // -- messages in --
    /// True while online and the window has room for the message at next().
    bool accepts() const;

    /// The sequence number that publish() wants, or the lowest above it that the log still has. After a reconnect this goes
    /// back to the first that isn't finished; what the broker has already released is skipped.
    sequence next() const;

    /// Publishes a logged message of QoS 1 or 2 (it must be durable). One of QoS 0, or for a broker that takes no other, is
    /// settled when it is written; it may go twice only if the process ends before that is durable.
    /// Requires: accepts() and at >= next(). Passing over sequence numbers means that the log no longer has them.
    /// What is taken may still wait in here, for the disk or for its identifier; a reconnect asks for it again by next().
    void publish(sequence at, const publication& message, time_point now);

    /// Publishes a message that no log holds, with QoS 0 or 1 (2 is sent as 1). False: not online, or too large, or too
    /// much unsent, or its life is over; nothing was sent.
    [[nodiscard]] bool publish_unlogged(const publication& message, time_point now);

    // -- subscriptions --
    /// Asks for these, together in one SUBSCRIBE where the broker takes it so large, now and on each connection to come;
    /// `subscribed` tells the outcome of each filter, and a filter that was asked for before is replaced. What the broker can't
    /// do (a shared subscription where it has none …), and a filter that is none, is not sent and told as an error.
    /// `properties`: a subscription identifier, user properties. What was granted to this
    /// process is asked for again on a resumed session without its retained messages, unless it is new to the broker (in 3.1.1:
    /// with them).
    void subscribe(std::vector<subscription> what, property_set properties, time_point now);
    void unsubscribe(std::vector<std::string> filters, property_set properties, time_point now);

    /// MQTT 5: authenticates anew on this connection (4.12.1). Requires: options::authentication. Ignored while offline.
    void reauthenticate(time_point now);

    /// All messages at or below this are finished: acknowledged, or refused.
    sequence finished() const;

    /// The highest sequence number that may have been sent, by this process or one before it. A message above it that was
    /// given to publish() may go at any moment.
    sequence highest_sent() const;
    std::size_t in_flight() const;
    bool is_online() const;

    // -- out --
    effects take_effects();
    /// The same without an allocation: `into` is emptied, and its memory kept.
    void take_effects(effects& into);
    /// Bytes to write now, all of whose log positions are durable. Valid until the next call of any other member.
    std::string_view unsent() const;
    void sent(std::size_t bytes, time_point now);
    std::optional<time_point> next_deadline() const;

private:
    class machine;
    std::unique_ptr<machine> machine_;
};

}  // namespace mqtt
