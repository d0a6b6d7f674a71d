// mqtt/session_receive.cpp: what the broker says, packet by packet.
// Not here: bytes → packets (framer, codec), and what an acknowledgement changes (lane).
#include <algorithm>
#include <cassert>

#include "mqtt/codec.hpp"
#include "mqtt/session_machine.hpp"

namespace mqtt {
namespace {

// So many answers to packets that we can't place may wait to be written; a broker that sends more without reading is at fault.
constexpr std::size_t most_answers = 65536;

std::string with_reason(std::string words, reason code, const property_set& properties) {
    words += phrase(code);
    if (properties.reason_string && !properties.reason_string->empty()) words += " (" + *properties.reason_string + ")";
    return words;
}

/// These don't change by asking again soon.
bool is_about_identity(reason code) {
    return code == reason::bad_user_name_or_password || code == reason::not_authorized ||
           code == reason::bad_authentication_method || code == reason::client_identifier_not_valid;
}

/// Reasons of a DISCONNECT that may be about a message of ours; the others are about the connection or the broker.
bool may_be_about_a_message(reason code) {
    switch (code) {
        case reason::unspecified_error:
        case reason::malformed_packet:
        case reason::protocol_error:
        case reason::implementation_specific_error:
        case reason::not_authorized:
        case reason::topic_name_invalid:
        case reason::packet_too_large:
        case reason::quota_exceeded:
        case reason::payload_format_invalid:
        case reason::retain_not_supported:
        case reason::qos_not_supported:
            return true;
        default:
            return false;
    }
}

template <typename... Handlers>
struct overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
overloaded(Handlers...) -> overloaded<Handlers...>;

}  // namespace

void session::machine::on_bytes(std::span<const std::byte> bytes, time_point now) {
    if (state_ != state::handshake && state_ != state::online) return;
    ping_deadline_.reset();
    framer_.feed(bytes);
    while (state_ == state::handshake || state_ == state::online) {
        const auto frame = framer_.next();
        if (!frame) return on_unreadable({}, frame.error());
        if (!*frame) return;
        const auto read = decode(**frame, how_.version, sender::server);
        if (!read) return on_unreadable(**frame, read.error());
        on_packet(*read, now);
    }
}

void session::machine::on_unreadable(std::span<const std::byte> frame, const decode_error& why) {
    fault_ = fault::other;
    if (state_ == state::handshake && how_.version == version::v5 && !frame.empty()) {
        const auto older = decode(frame, version::v3_1_1, sender::server);
        if (older && std::holds_alternative<connack>(*older)) return close("the broker doesn't speak MQTT 5.0", std::nullopt);
    }
    close("the broker sent what can't be read: " + std::string(why.what()), why.code());
}

void session::machine::on_packet(const packet& what, time_point now) {
    fault_ = fault::other;  // if a handler closes; a close by the broker says its own
    if (state_ == state::handshake && !std::holds_alternative<connack>(what)) {
        return violation("the broker sent another packet before CONNACK");
    }
    std::visit(overloaded{
                   [&](const connack& p) { on(p, now); },
                   [&](const puback& p) { on(p); },
                   [&](const pubrec& p) { on(p); },
                   [&](const pubrel& p) { on(p); },
                   [&](const pubcomp& p) { on(p); },
                   [&](const pingresp&) {},
                   [&](const disconnect& p) { on(p); },
                   [&](const mqtt::publish&) { violation("the broker sent PUBLISH, but nothing is subscribed to"); },
                   [&](const suback&) { violation("the broker sent SUBACK, but nothing was asked"); },
                   [&](const unsuback&) { violation("the broker sent UNSUBACK, but nothing was asked"); },
                   [&](const auth&) { violation("the broker sent AUTH, but no method was agreed on"); },
                   [&](const auto&) { violation("the broker sent a packet that only a client may send"); },
               },
               what);
}

// ---- CONNACK ----

void session::machine::on(const connack& what, time_point now) {
    if (state_ == state::online) return violation("the broker sent a second CONNACK");
    if (is_error(what.reason)) {
        if (is_about_identity(what.reason)) afterwards_ = afterwards::retry_slowly;
        return close(with_reason("the broker refused the connection: ", what.reason, what.properties), std::nullopt);
    }
    if (asked_clean_ && what.session_present) return violation("the broker kept a session that it was asked to drop");
    if (asked_clean_ && how_.version == version::v3_1_1) {
        // In 3.1.1 a session begun clean ends with its connection. This one was for dropping what the broker had; the next
        // begins the session that stays.
        afterwards_ = afterwards::reopen;
        return close("reopen", reason::success);
    }
    go_online(what, now);
}

void session::machine::go_online(const connack& what, time_point now) {
    const property_set& p = what.properties;
    limits_.receive_maximum = p.receive_maximum.value_or(65535);
    limits_.packet_size = p.maximum_packet_size.value_or(0xffffffff);
    limits_.highest_qos = static_cast<qos>(p.maximum_qos.value_or(2));
    limits_.retain = p.retain_available.value_or(1) != 0;
    limits_.keepalive = p.server_keep_alive ? std::chrono::seconds{*p.server_keep_alive} : how_.keepalive;
    state_ = state::online;
    reached_online_ = true;
    online_since_ = now;
    last_written_ = now;

    const bool resumed = what.session_present && !asked_clean_ && !cleaned_;
    if (resumed) {
        resume_session();
    } else {
        begin_session();
    }
    cleaned_ = false;
    emit_save();
    effects_.push_back(online{resumed, record_->epoch, server_});
}

/// The broker holds nothing of ours. What it had taken over (PUBREC) is delivered; the rest goes as new, or not at all.
void session::machine::begin_session() {
    const bool had_one = record_.has_value();
    abandoned_.clear();
    const auto loss = lane_.lose_session(how_.session_loss);
    pending_.acknowledged += loss.delivered;
    record_ = session_record{how_.client_id, how_.broker, had_one ? record_->epoch + 1 : 1};
    session_position_ = request_save(true);
    pending_.record = true;
    if (!had_one && loss.delivered == 0 && loss.outstanding == 0) return;
    const bool resend = how_.session_loss == on_session_loss::resend;
    effects_.push_back(session_lost{resend ? loss.outstanding : 0, resend ? 0 : loss.outstanding, record_->epoch});
}

/// PUBRELs first, in the order of their PUBRECs; next() has gone back to the first message without an answer.
void session::machine::resume_session() {
    for (const auto& each : lane_.released()) send_pubrel(lane_.id_of(each.at), reason::success, each.position);
    // Not once another message bears the identifier: the broker would forget that one.
    std::erase_if(abandoned_, [this](sequence at) { return number(highest_sent()) - number(at) >= how_.lane.size; });
    for (const sequence at : abandoned_) send_pubrel(lane_.id_of(at), reason::packet_identifier_not_found, log_position{0});
}

// ---- Acknowledgements ----

void session::machine::on(const puback& what) {
    if (unlogged_.is_used(what.id)) {
        unlogged_.give_back(what.id);
        if (is_error(what.reason)) effects_.push_back(unlogged_lost{1});
        return;
    }
    const auto owner = lane_.find(what.id, gate_.shown());
    switch (owner.stage) {
        case lane::stage::sent_qos_1:
            break;
        case lane::stage::sent_qos_2:
        case lane::stage::released:
            return violation("the broker sent PUBACK for a message of QoS 2");
        case lane::stage::unknown:
        case lane::stage::unsent_repeat:
        case lane::stage::sent_qos_0:
            return;
    }
    progress_ = true;
    suspect_.acquit();
    if (is_error(what.reason)) return refuse(owner.at, what.reason, with_reason("", what.reason, what.properties));
    acknowledge(owner.at);
}

void session::machine::on(const pubrec& what) {
    if (unlogged_.is_used(what.id)) return violation("the broker sent PUBREC for a message of QoS 1");
    const auto owner = lane_.find(what.id, gate_.shown());
    switch (owner.stage) {
        case lane::stage::sent_qos_1:
            return violation("the broker sent PUBREC for a message of QoS 1");
        case lane::stage::sent_qos_2:
            break;
        case lane::stage::unsent_repeat:
            // Some brokers repeat their PUBRECs on a resumed session before we repeat the PUBLISH. An answer as to an unknown
            // identifier would have the broker forget it, and take the repetition for a new message.
            if (is_error(what.reason)) return;
            break;
        case lane::stage::released:
            if (is_error(what.reason)) return;
            count_answer();
            return send_pubrel(what.id, reason::success, lane_.released_at(owner.at));
        case lane::stage::sent_qos_0:
        case lane::stage::unknown:
            if (is_error(what.reason)) return;
            count_answer();
            return send_pubrel(what.id, reason::packet_identifier_not_found, log_position{0});
    }
    progress_ = true;
    suspect_.acquit();
    if (is_error(what.reason)) return refuse(owner.at, what.reason, with_reason("", what.reason, what.properties));
    // Once the broker has seen PUBREL it forgets the identifier; a PUBLISH repeated after a crash would be new to it.
    const log_position released = request_save(true);
    lane_.release(owner.at, released);
    send_pubrel(what.id, reason::success, released);
}

void session::machine::on(const pubcomp& what) {
    std::erase_if(abandoned_, [&](sequence at) { return lane_.id_of(at) == what.id; });
    const auto owner = lane_.find(what.id, gate_.shown());
    if (owner.stage != lane::stage::released) return;
    progress_ = true;
    suspect_.acquit();
    acknowledge(owner.at);
}

/// Of a message towards us that we know nothing of.
void session::machine::on(const pubrel& what) {
    count_answer();
    if (state_ != state::online) return;
    pubcomp answer;
    answer.id = what.id;
    if (how_.version == version::v5) answer.reason = reason::packet_identifier_not_found;
    send_control(answer);
}

void session::machine::count_answer() {
    if (++answers_ > most_answers) violation("the broker sends without reading our answers");
}

void session::machine::on(const disconnect& what) {
    fault_ = may_be_about_a_message(what.reason) ? fault::message : fault::other;
    if (is_about_identity(what.reason)) afterwards_ = afterwards::retry_slowly;
    close(with_reason("the broker disconnected: ", what.reason, what.properties), std::nullopt);
}

}  // namespace mqtt
