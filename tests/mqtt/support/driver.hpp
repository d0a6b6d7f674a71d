// tests/mqtt/support/driver.hpp: owns a session the way a gateway does: a clock, a disk that keeps saves, a log of messages.
// Not here: a broker with rules of its own (model_broker.hpp); in a story the test plays the broker line by line.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "mqtt/codec.hpp"
#include "mqtt/session.hpp"
#include "tests/mqtt/support/words.hpp"

namespace mqtt_test {

inline mqtt::options plain_options(mqtt::version how) {
    mqtt::options o;
    o.version = how;
    o.client_id = "plant";
    o.broker = "hub";
    return o;
}

/// What a crash leaves: what was durable.
struct disk {
    mqtt::saved_state state;
    std::uint64_t acknowledged = 0;
    std::uint64_t refused = 0;
    std::uint64_t lost = 0;
    std::uint64_t expired = 0;

    void keep(const mqtt::save& what) {
        if (what.session) state.session = what.session;
        if (what.lane) state.lane = *what.lane;
        if (what.held) state.held = *what.held;
        acknowledged += what.acknowledged;
        refused += what.refused;
        lost += what.lost;
        expired += what.expired;
    }
};

class driver {
public:
    explicit driver(mqtt::options how, disk on_disk = {}, std::uint64_t seed = 1)
        : how_(std::move(how)), disk_(std::move(on_disk)), session_(std::make_unique<mqtt::session>(how_, disk_.state, seed)) {}

    mqtt::session& session() { return *session_; }
    const mqtt::options& how() const { return how_; }
    mqtt::time_point now() const { return now_; }
    const disk& on_disk() const { return disk_; }

    // -- the transport and the time --
    void start() { session_->start(now_); }
    void opened() { session_->on_opened(now_); }
    void closed(std::string_view why = "connection reset") {
        note_saves();  // while its views are valid
        session_->on_closed(why, now_);
    }
    void pass(std::chrono::milliseconds d) {
        now_ += d;
        session_->on_time(now_);
    }
    /// To the deadline that the session names, and not further.
    void pass_to_deadline() { pass(std::chrono::duration_cast<std::chrono::milliseconds>(*session_->next_deadline() - now_)); }

    // -- the broker --
    template <typename... Packets>
    void broker(const Packets&... what) {
        std::string bytes;
        (mqtt::encode(mqtt::packet{what}, how_.version, bytes), ...);
        broker_bytes(bytes);
    }
    /// In one read, however many they are.
    template <typename Packet>
    void broker_all(const std::vector<Packet>& what) {
        std::string bytes;
        for (const auto& each : what) mqtt::encode(mqtt::packet{each}, how_.version, bytes);
        broker_bytes(bytes);
    }
    void broker_bytes(std::string_view bytes) {
        note_saves();  // while its views are valid
        session_->on_bytes(std::as_bytes(std::span(bytes)), now_);
    }

    // -- the disk --
    /// Keeps the saves up to `position`; without one, all.
    void durable(std::uint64_t position = UINT64_MAX) {
        note_saves();
        while (!saves_.empty() && static_cast<std::uint64_t>(saves_.front().position) <= position) {
            disk_.keep(saves_.front());
            last_ = saves_.front().position;
            saves_.pop_front();
        }
        session_->on_durable(last_, now_);
    }

    // -- messages --
    void publish(std::int64_t at, mqtt::qos level, std::string_view payload = "") {
        mqtt::publication p;
        const std::string text = payload.empty() ? 'm' + std::to_string(at) : std::string(payload);
        p.topic = "t";
        p.payload = text;
        p.qos = level;
        session_->publish(mqtt::sequence{at}, p, now_);
    }
    bool publish_unlogged(std::string_view payload, mqtt::qos level = mqtt::qos::at_least_once) {
        mqtt::publication p;
        p.topic = "s";
        p.payload = payload;
        p.qos = level;
        return session_->publish_unlogged(p, now_);
    }

    // -- subscriptions --
    void subscribe(std::string filter, mqtt::qos level = mqtt::qos::exactly_once) {
        mqtt::subscription s;
        s.filter = std::move(filter);
        s.qos = level;
        session_->subscribe({s}, {}, now_);
    }
    /// The same, granted by the broker; forgets what came out on the way. Requires: no other request is unanswered.
    void listen(std::string filter, mqtt::qos level = mqtt::qos::exactly_once) {
        subscribe(std::move(filter), level);
        for (const auto& each : cut(session_->unsent())) {
            const auto* const asked = std::get_if<mqtt::subscribe>(&each);
            if (asked != nullptr) broker(mqtt::suback{asked->id, {static_cast<mqtt::reason>(level)}, {}});
        }
        packets();
        effects();
    }

    // -- what came out --
    /// Effects since the last call.
    lines effects() {
        note_saves();
        return std::exchange(effects_, {});
    }
    /// Packets that may be written since the last call; they count as written.
    lines packets() {
        lines result;
        while (!session_->unsent().empty()) {
            const std::string bytes(session_->unsent());
            for (const auto& each : cut(bytes)) result.push_back(in_words(each));
            session_->sent(bytes.size(), now_);
        }
        return result;
    }
    std::vector<mqtt::packet> cut(std::string_view bytes) const;

    // -- longer steps --
    /// From start or retry to online; forgets what came out on the way.
    void connect(bool session_present, mqtt::property_set properties = {}) {
        opened();
        mqtt::connack ack;
        ack.session_present = session_present;
        ack.properties = std::move(properties);
        broker(ack);
        broker(mqtt::pingresp{});  // with a suspect, the link is tried first
        durable();
        effects();
        packets();
    }
    /// A first connection ever: one that has the broker drop what it had, and at once the one that begins the session.
    void begin(mqtt::property_set properties = {}) {
        start();
        if (!disk_.state.session) {
            opened();
            broker(mqtt::connack{});
            packets();
            closed();
        }
        connect(false, std::move(properties));
    }
    /// The link breaks, and the session waits until it opens again.
    void reconnect(bool session_present, mqtt::property_set properties = {}) {
        closed();
        effects();
        if (session_->next_deadline()) pass_to_deadline();
        connect_keeping_output(session_present, std::move(properties));
    }
    void connect_keeping_output(bool session_present, mqtt::property_set properties = {}) {
        opened();
        packets();
        effects();
        mqtt::connack ack;
        ack.session_present = session_present;
        ack.properties = std::move(properties);
        broker(ack);
    }
    /// kill -9: only what was durable is left.
    void crash(std::uint64_t seed = 2) {
        effects_.clear();
        saves_.clear();
        last_ = {};
        session_ = std::make_unique<mqtt::session>(how_, disk_.state, seed);
    }
    void know_newest(std::int64_t at) { disk_.state.newest = mqtt::sequence{at}; }

private:
    void note_saves() {
        for (const auto& each : session_->take_effects()) {
            effects_.push_back(in_words(each));
            if (const auto* const s = std::get_if<mqtt::save>(&each)) saves_.push_back(*s);
        }
    }

    mqtt::options how_;
    disk disk_;
    std::unique_ptr<mqtt::session> session_;
    mqtt::time_point now_{std::chrono::hours{1}};
    lines effects_;
    std::deque<mqtt::save> saves_;
    mqtt::log_position last_{0};
};

/// A message towards us.
inline mqtt::publish incoming(mqtt::qos level, unsigned id = 0, std::string_view topic = "in", std::string_view payload = "x") {
    mqtt::publish p;
    p.topic = topic;
    p.payload = payload;
    p.qos = level;
    p.id = static_cast<mqtt::packet_id>(id);
    return p;
}
inline mqtt::suback granted(unsigned id, std::vector<mqtt::reason> reasons) {
    return {static_cast<mqtt::packet_id>(id), std::move(reasons), {}};
}
inline mqtt::unsuback departed(unsigned id, std::vector<mqtt::reason> reasons) {
    return {static_cast<mqtt::packet_id>(id), std::move(reasons), {}};
}
/// Properties, set by `set`.
template <typename Set>
mqtt::property_set properties(Set set) {
    mqtt::property_set p;
    set(p);
    return p;
}

template <typename Packet>
Packet answer(unsigned id, mqtt::reason code = mqtt::reason::success) {
    Packet p;
    p.id = static_cast<mqtt::packet_id>(id);
    p.reason = code;
    return p;
}

}  // namespace mqtt_test
