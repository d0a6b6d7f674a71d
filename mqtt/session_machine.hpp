// mqtt/session_machine.hpp: the inside of mqtt::session: one connection after another, and what outlives them.
// Not here: the arithmetic of QoS (lane.hpp) and of durability (gate.hpp). Private to session*.cpp.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/backoff.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/gate.hpp"
#include "mqtt/inbound.hpp"
#include "mqtt/inflight.hpp"
#include "mqtt/lane.hpp"
#include "mqtt/outbound_aliases.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/session.hpp"
#include "mqtt/session_suspect.hpp"
#include "mqtt/subscriptions.hpp"

namespace mqtt {

constexpr std::uint32_t no_limit = 0xffffffff;  // on the size of a packet

/// What CONNACK grants; in 3.1.1 it says nothing, and these are the defaults.
struct server_limits {
    std::size_t receive_maximum = 65535;
    std::uint32_t packet_size = no_limit;
    qos highest_qos = qos::exactly_once;
    bool retain = true;
    std::chrono::seconds keepalive{0};
    subscription_limits subscriptions;
};

/// A message whose identifier isn't free yet.
struct held_message {
    sequence at{0};
    time_point since;
    std::string topic;
    std::string payload;
    std::string idempotency_key;
    std::string properties;
    publication message;  // its views are set anew when it is sent
};

class session::machine {
public:
    machine(options how, saved_state saved, std::uint64_t seed);

    // session_connection.cpp: a connection's life
    void start(time_point now);
    void on_opened(time_point now);
    void on_closed(std::string_view reason, time_point now);
    void on_time(time_point now);
    void stop(const farewell& words);
    std::optional<time_point> next_deadline() const;
    bool is_online() const { return state_ == state::online; }

    // session_receive.cpp: what the broker says
    void on_bytes(std::span<const std::byte> bytes, time_point now);

    // session_send.cpp: what we say, and what must be kept
    bool accepts() const;
    sequence next() const { return lane_.next(); }
    void publish(sequence at, const publication& message, time_point now);
    bool publish_unlogged(const publication& message);
    void on_durable(log_position up_to, time_point now);
    std::string_view unsent() const { return gate_.unsent(); }
    void sent(std::size_t bytes, time_point now);
    sequence finished() const { return lane_.acked(); }
    sequence highest_sent() const { return std::max(lane_.highest_sent(), gate_.shown()); }
    std::size_t in_flight() const { return lane_.in_flight() + (held_ ? 1 : 0); }
    effects take_effects();
    void take_effects(effects& into);
    /// Turns what was requested during a call into one effect; the public calls end with it.
    void emit_save(time_point now);

    // session_subscribe.cpp: what we want to receive
    void subscribe(std::vector<subscription> what, property_set properties, time_point now);
    void unsubscribe(std::vector<std::string> filters, property_set properties, time_point now);

    // session_authenticate.cpp: enhanced authentication
    void reauthenticate(time_point now);

private:
    enum class state : std::uint8_t { idle, waiting, opening, handshake, online, closing, stopped };
    /// What on_closed is to do once the transport is closed.
    enum class afterwards : std::uint8_t { retry, retry_slowly, reopen };
    /// Who ended the connection, and over what.
    enum class fault : std::uint8_t { none, message, other };

    // -- session_connection.cpp --
    void open(time_point now);
    void close(std::string words, std::optional<reason> tell);
    void send_disconnect(disconnect what);
    void schedule_retry(std::string words, time_point now);
    void choose_server();
    void redirect(const std::string& to, bool permanent);
    connect connect_packet();
    bool needs_new_session() const;
    /// The session ends with its connection: nothing is resumed.
    bool is_ephemeral() const;
    void judge(time_point now);
    void give_up(sequence at);
    void forget_connection();
    void keep_alive(time_point now);
    void ping(time_point now);
    time_point ping_due() const;
    std::chrono::seconds keepalive() const;
    std::chrono::seconds asked_expiry() const;
    std::optional<time_point> online_deadline() const;
    std::chrono::milliseconds ping_patience() const;

    // -- session_receive.cpp --
    void on_unreadable(std::span<const std::byte> frame, const decode_error& why);
    void on_frame(std::span<const std::byte> frame, time_point now);
    void on_packet(const packet& what, time_point now);
    void on_short(const short_acknowledgement& what);
    void on(const connack& what, time_point now);
    void on_refused(const connack& what);
    void go_online(const connack& what, time_point now);
    void begin_session();
    void resume_session();
    bool lacks_qos_2() const;
    void lower_qos();
    void on_puback(packet_id id, reason code, const property_set& properties);
    void on_pubrec(packet_id id, reason code, const property_set& properties);
    void on_pubcomp(packet_id id);
    void on_pingresp();
    void on(const disconnect& what);
    void violation(std::string words) { close(std::move(words), reason::protocol_error); }
    void count_answer();  // in scratch_

    // -- session_inbound.cpp: messages towards us --
    void on_publish(publish_view what);
    bool find_topic(publish_view& what);
    void on_pubrel(packet_id id);
    void answer(acknowledgement_kind what, packet_id id, reason code, log_position after);

    // -- session_subscribe.cpp --
    void send_requests(time_point now);
    void on(const suback& what, time_point now);
    void on(const unsuback& what, time_point now);
    void after_answer(std::string_view wrong, time_point now);

    // -- session_authenticate.cpp --
    void begin_authentication(connect& with);
    bool finish_authentication(const property_set& properties);
    void on(const auth& what, time_point now);
    void send_auth(reason code, std::string data);

    // -- session_send.cpp --
    log_position request_save(bool barrier);
    void hold(sequence at, const publication& message, time_point now);
    void release_held(time_point now);
    void send_logged(sequence at, const publication& message);
    bool is_too_large(const publication& message, const publish_form& form, reason& why) const;
    void push_publish(log_position after, sequence at, const publication& message, publish_form form);
    void send_pubrel(packet_id id, reason why, log_position after);
    void send_control(const packet& what);
    void acknowledge(sequence at);
    void skip(sequence at, std::uint64_t& count);
    void refuse(sequence at, reason code, std::string words);
    void abandon(sequence at);
    qos highest_qos() const { return std::min(highest_qos_, limits_.highest_qos); }

    const options how_;
    std::string client_id_;  // ours, or what the broker assigned
    std::optional<session_record> record_;
    lane lane_;
    gate gate_;
    unlogged_ids unlogged_;
    inbound inbound_;
    subscriptions subscriptions_;
    backoff backoff_;
    suspect suspect_;
    effects effects_;

    // One connection.
    state state_ = state::idle;
    afterwards afterwards_ = afterwards::retry;
    bool sent_away_ = false;   // the broker said that it doesn't want us here
    bool redirected_ = false;  // instead_ is for the next connection
    fault fault_ = fault::none;
    std::string close_words_;
    std::optional<reason> close_code_;  // the broker's
    framer framer_;
    server_limits limits_;
    outbound_aliases aliases_;
    std::unique_ptr<authenticator> authenticator_;  // while an exchange is under way
    bool asked_clean_ = false;
    bool reached_online_ = false;
    bool progress_ = false;      // the broker acknowledged a logged message
    bool proving_link_ = false;  // with a suspect, nothing is sent before the link has carried a PINGRESP
    std::size_t answers_ = 0;    // bytes of our answers that aren't written yet, or fewer
    time_point online_since_{};
    time_point last_written_{};
    time_point last_read_{};
    time_point deadline_{};  // of opening, handshake or waiting
    std::optional<time_point> ping_deadline_;
    std::optional<time_point> request_deadline_;         // of the answer to SUBSCRIBE or UNSUBSCRIBE
    std::optional<time_point> authentication_deadline_;  // of the answer to AUTH, while online
    std::optional<held_message> held_;

    // Across connections.
    std::size_t server_ = 0;
    std::string instead_;          // of server_: where the broker sent us
    int redirections_ = 0;         // in a row
    std::chrono::seconds expiry_;  // of the session, as the last CONNACK left it (3.2.2.3.2)
    bool cleaned_ = false;         // the connection before this one has had the broker drop its session
    /// The answer to a CONNECT may have said that the session is lost, and we never read it; or an earlier process didn't come
    /// to note it.
    bool connect_unanswered_ = true;
    bool leaving_ = false;
    bool will_may_retain_ = true;
    qos will_qos_ = qos::exactly_once;
    qos highest_qos_;           // as configured, or learned
    bool takes_qos_2_ = false;  // the broker has answered a message of QoS 2
    std::string scratch_;
    struct abandoned {
        sequence at{0};
        log_position position{0};  // of the save that says so
    };
    std::vector<abandoned> abandoned_;  // given up, but the broker may hold their identifiers

    // Durability.
    std::uint64_t position_ = 0;  // of the last save emitted
    std::uint64_t durable_ = 0;
    log_position session_position_{0};  // of the save that holds the session record
    log_position held_position_{0};     // of the last save that holds the inbound identifiers
    log_position skipped_position_{0};  // of the last save that passes over a message unsent
    struct pending {
        bool exists = false;
        bool barrier = false;
        bool record = false;
        bool held = false;
        std::uint64_t acknowledged = 0;
        std::uint64_t refused = 0;
        std::uint64_t lost = 0;
        std::uint64_t expired = 0;
    };
    pending pending_;
};

}  // namespace mqtt
