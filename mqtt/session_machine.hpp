// mqtt/session_machine.hpp: the inside of mqtt::session: one connection after another, and what outlives them.
// Not here: the arithmetic of QoS (lane.hpp) and of durability (gate.hpp). Private to session*.cpp.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/backoff.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/gate.hpp"
#include "mqtt/inflight.hpp"
#include "mqtt/lane.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/session.hpp"
#include "mqtt/session_suspect.hpp"

namespace mqtt {

/// What CONNACK grants; in 3.1.1 it says nothing, and these are the defaults.
struct server_limits {
    std::size_t receive_maximum = 65535;
    std::uint32_t packet_size = 0xffffffff;
    qos highest_qos = qos::exactly_once;
    bool retain = true;
    std::chrono::seconds keepalive{0};
};

/// A message that waits for its identifier.
struct held_message {
    sequence at{0};
    std::string topic;
    std::string payload;
    std::string idempotency_key;
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
    void stop();
    std::optional<time_point> next_deadline() const;
    bool is_online() const { return state_ == state::online; }

    // session_receive.cpp: what the broker says
    void on_bytes(std::span<const std::byte> bytes, time_point now);

    // session_send.cpp: what we say, and what must be kept
    bool accepts() const;
    sequence next() const { return lane_.next(); }
    void publish(sequence at, const publication& message);
    bool publish_unlogged(const publication& message);
    void on_durable(log_position up_to);
    std::string_view unsent() const { return gate_.unsent(); }
    void sent(std::size_t bytes, time_point now);
    sequence highest_sent() const { return std::max(lane_.highest_sent(), gate_.shown()); }
    std::size_t in_flight() const { return lane_.in_flight() + (held_ ? 1 : 0); }
    effects take_effects();
    /// Turns what was requested during a call into one effect; the public calls end with it.
    void emit_save();

private:
    enum class state : std::uint8_t { idle, waiting, opening, handshake, online, closing, stopped };
    /// What on_closed is to do once the transport is closed.
    enum class afterwards : std::uint8_t { retry, retry_slowly, reopen };
    /// Who ended the connection, and over what.
    enum class fault : std::uint8_t { none, message, other };

    // -- session_connection.cpp --
    void open(time_point now);
    void close(std::string words, std::optional<reason> tell);
    void schedule_retry(std::string words, time_point now);
    connect connect_packet() const;
    bool needs_new_session() const;
    void judge(time_point now);
    void forget_connection();
    void keep_alive(time_point now);
    std::chrono::milliseconds ping_patience() const;

    // -- session_receive.cpp --
    void on_unreadable(std::span<const std::byte> frame, const decode_error& why);
    void on_packet(const packet& what, time_point now);
    void on(const connack& what, time_point now);
    void on(const puback& what);
    void on(const pubrec& what);
    void on(const pubrel& what);
    void on(const pubcomp& what);
    void on(const disconnect& what);
    void go_online(const connack& what, time_point now);
    void begin_session();
    void resume_session();
    void violation(std::string words) { close(std::move(words), reason::protocol_error); }
    void count_answer();

    // -- session_send.cpp --
    log_position request_save(bool barrier);
    void hold(sequence at, const publication& message);
    void release_held();
    void send_logged(sequence at, const publication& message);
    void send_pubrel(packet_id id, reason why, log_position after);
    void send_control(const packet& what);
    void acknowledge(sequence at);
    void refuse(sequence at, reason code, std::string words);
    void abandon(sequence at);

    const options how_;
    std::optional<session_record> record_;
    lane lane_;
    gate gate_;
    unlogged_ids unlogged_;
    backoff backoff_;
    suspect suspect_;
    effects effects_;

    // One connection.
    state state_ = state::idle;
    afterwards afterwards_ = afterwards::retry;
    fault fault_ = fault::none;
    std::string close_words_;
    framer framer_;
    server_limits limits_;
    bool asked_clean_ = false;
    bool reached_online_ = false;
    bool progress_ = false;    // the broker acknowledged a logged message
    std::size_t answers_ = 0;  // to what we don't know, since all was written
    time_point online_since_{};
    time_point last_written_{};
    time_point deadline_{};  // of opening, handshake or waiting
    std::optional<time_point> ping_deadline_;
    std::optional<held_message> held_;  // its identifier isn't free yet

    // Across connections.
    std::size_t server_ = 0;
    bool cleaned_ = false;  // 3.1.1: the connection before this one has had the broker drop its session
    bool leaving_ = false;
    std::string scratch_;
    std::vector<sequence> abandoned_;  // given up, but the broker may hold their identifiers

    // Durability.
    std::uint64_t position_ = 0;  // of the last save emitted
    std::uint64_t durable_ = 0;
    log_position session_position_{0};  // of the save that holds the session record
    struct pending {
        bool exists = false;
        bool barrier = false;
        bool record = false;
        std::uint64_t acknowledged = 0;
        std::uint64_t refused = 0;
        std::uint64_t lost = 0;
    };
    pending pending_;
};

}  // namespace mqtt
