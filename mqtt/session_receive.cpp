// mqtt/session_receive.cpp: what the broker says, packet by packet.
// Not here: bytes → packets (framer, codec), and what an acknowledgement changes (lane).
#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

#include "mqtt/codec_bytes.hpp"
#include "mqtt/session_machine.hpp"

namespace mqtt {
namespace {

// So many bytes of answers may wait to be written; a broker that has us answer more without reading is at fault.
constexpr std::size_t most_answers = 256 * 1024;

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

bool is_about_place(reason code) { return code == reason::use_another_server || code == reason::server_moved; }

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

bool is_publish(std::span<const std::byte> frame) {
    return std::to_integer<unsigned>(frame[0]) >> 4 == static_cast<unsigned>(packet_type::publish);
}

/// What a broker may send only to a client that asked for it, by Request Problem Information (3.1.2.11.7).
const property_set* explanations_in(const packet& what) {
    return std::visit(
        [](const auto& each) -> const property_set* {
            using type = std::decay_t<decltype(each)>;
            constexpr bool always = std::is_same_v<type, connack> || std::is_same_v<type, publish> ||
                                    std::is_same_v<type, disconnect> || std::is_same_v<type, connect>;
            if constexpr (!always && requires { each.properties; }) return &each.properties;
            return nullptr;
        },
        what);
}

bool is_explained(const packet& what) {
    const property_set* const in = explanations_in(what);
    return in != nullptr && (in->reason_string || !in->user.empty());
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
    last_read_ = now;
    if (!proving_link_) ping_deadline_.reset();
    inbound_.forget_replaced();
    framer_.feed(bytes);
    while (state_ == state::handshake || state_ == state::online) {
        const auto frame = framer_.next();
        if (!frame) return on_unreadable({}, frame.error());
        if (!*frame) return;
        on_frame(**frame, now);
    }
}

/// The packets that come by the thousand are read in place; the others by way of a struct.
void session::machine::on_frame(std::span<const std::byte> frame, time_point now) {
    if (state_ == state::online) {
        fault_ = fault::other;  // if a handler closes; a close by the broker says its own
        if (const auto answer = read_short_acknowledgement(frame, how_.version)) return on_short(*answer);
        if (is_publish(frame)) {
            auto seen = decode_publish(frame, how_.version, sender::server);
            return seen ? on_publish(std::move(*seen)) : on_unreadable(frame, seen.error());
        }
    }
    const auto read = decode(frame, how_.version, sender::server);
    if (!read) return on_unreadable(frame, read.error());
    on_packet(*read, now);
}

void session::machine::on_short(const short_acknowledgement& what) {
    static const property_set none;
    switch (what.kind) {
        case acknowledgement_kind::puback:
            return on_puback(what.id, what.reason, none);
        case acknowledgement_kind::pubrec:
            return on_pubrec(what.id, what.reason, none);
        case acknowledgement_kind::pubrel:
            return on_pubrel(what.id);
        case acknowledgement_kind::pubcomp:
            return on_pubcomp(what.id);
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
    if (state_ == state::handshake && !std::holds_alternative<connack>(what) && !std::holds_alternative<auth>(what)) {
        return violation("the broker sent another packet before CONNACK");
    }
    if (how_.connect_properties.request_problem_information == 0 && is_explained(what)) {
        return violation("the broker explains itself, which it was asked not to do");
    }
    std::visit(overloaded{
                   [&](const connack& p) { on(p, now); },
                   [&](const puback& p) { on_puback(p.id, p.reason, p.properties); },
                   [&](const pubrec& p) { on_pubrec(p.id, p.reason, p.properties); },
                   [&](const pubrel& p) { on_pubrel(p.id); },
                   [&](const pubcomp& p) { on_pubcomp(p.id); },
                   [&](const pingresp&) { on_pingresp(); },
                   [&](const disconnect& p) { on(p); },
                   [&](const suback& p) { on(p, now); },
                   [&](const unsuback& p) { on(p, now); },
                   [&](const auth& p) { on(p, now); },
                   [&](const auto&) { violation("the broker sent a packet that only a client may send"); },
               },
               what);
}

// ---- CONNACK ----

void session::machine::on(const connack& what, time_point now) {
    if (state_ == state::online) return violation("the broker sent a second CONNACK");
    connect_unanswered_ = false;
    if (is_error(what.reason)) return on_refused(what);
    if (asked_clean_ && what.session_present) return violation("the broker kept a session that it was asked to drop");
    // In 3.1.1 it may be the one that the clean connection left behind, and empty.
    if (cleaned_ && what.session_present && how_.version == version::v5)
        return violation("the broker has a session that it has just dropped");
    const property_set& p = what.properties;
    if (p.response_information && how_.connect_properties.request_response_information.value_or(0) == 0)
        return violation("the broker sent response information, which wasn't asked for");
    if (!finish_authentication(p)) return;
    if (client_id_.empty() && how_.version == version::v5) {
        if (p.assigned_client_identifier.value_or("").empty()) return violation("the broker assigned no client identifier");
        client_id_ = *p.assigned_client_identifier;
    }
    if (asked_clean_ && !is_ephemeral()) {
        // In 3.1.1 a session begun clean ends with its connection, and mosquitto 2.0 doesn't keep one over its own restart
        // in 5.0 either. So this connection was only for dropping what the broker had; the next begins the session that stays.
        afterwards_ = afterwards::reopen;
        return close("reopen", reason::success);
    }
    go_online(what, now);
}

void session::machine::on_refused(const connack& what) {
    close_code_ = what.reason;
    if (is_about_identity(what.reason)) afterwards_ = afterwards::retry_slowly;
    if (is_about_place(what.reason)) redirect(what.properties.server_reference.value_or(""), what.reason == reason::server_moved);
    // It is the will that asks for these, and it is better to have one that does less than none.
    if (what.reason == reason::retain_not_supported) will_may_retain_ = false;
    if (what.reason == reason::qos_not_supported && how_.will)
        will_qos_ = std::min(how_.will->qos, will_qos_) == qos::exactly_once ? qos::at_least_once : qos::at_most_once;
    close(with_reason("the broker refused the connection: ", what.reason, what.properties), std::nullopt);
}

void session::machine::go_online(const connack& what, time_point now) {
    const property_set& p = what.properties;
    limits_.receive_maximum = how_.version == version::v3_1_1 ? how_.assumed_receive_maximum : p.receive_maximum.value_or(65535);
    limits_.packet_size = p.maximum_packet_size.value_or(no_limit);
    limits_.highest_qos = static_cast<qos>(p.maximum_qos.value_or(2));
    limits_.retain = p.retain_available.value_or(1) != 0;
    limits_.keepalive = p.server_keep_alive ? std::chrono::seconds{*p.server_keep_alive} : keepalive();
    limits_.subscriptions.wildcards = p.wildcard_subscription_available.value_or(1) != 0;
    limits_.subscriptions.identifiers = p.subscription_identifier_available.value_or(1) != 0;
    limits_.subscriptions.shared = p.shared_subscription_available.value_or(1) != 0;
    limits_.subscriptions.packet_size = limits_.packet_size;
    aliases_.begin_connection(std::min(how_.aliases_out, p.topic_alias_maximum.value_or(0)));
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
    expiry_ = p.session_expiry_interval ? std::chrono::seconds{*p.session_expiry_interval} : asked_expiry();
    cleaned_ = false;
    redirections_ = 0;
    emit_save(now);
    effects_.push_back(online{resumed, record_->epoch, server_, client_id_, p});
    subscriptions_.begin_connection(resumed);
    send_requests(now);
    // What the broker closes on is only known if the link is known to carry what is sent.
    proving_link_ = suspect_.exists();
    if (proving_link_) ping(now);
}

/// The broker holds nothing of ours. What it had taken over (PUBREC) is delivered; the rest goes as new, or not at all.
void session::machine::begin_session() {
    const bool had_one = record_.has_value();
    abandoned_.clear();
    const auto loss = lane_.lose_session(how_.session_loss);
    pending_.acknowledged += loss.delivered;
    record_ = session_record{client_id_, how_.broker, had_one ? record_->epoch + 1 : 1};
    session_position_ = request_save(true);
    pending_.record = true;
    inbound_.release_all();
    pending_.held = true;
    held_position_ = session_position_;
    const bool expected = !had_one || is_ephemeral() || expiry_ == std::chrono::seconds{0};
    if (expected && loss.delivered == 0 && loss.outstanding == 0) return;
    const bool resend = how_.session_loss == on_session_loss::resend;
    effects_.push_back(session_lost{resend ? loss.outstanding : 0, resend ? 0 : loss.outstanding, record_->epoch});
}

/// PUBRELs first, in the order of their PUBRECs; next() has gone back to the first message without an answer.
void session::machine::resume_session() {
    for (const auto& each : lane_.released()) send_pubrel(lane_.id_of(each.at), reason::success, each.position);
    // Not once another message bears the identifier: the broker would forget that one.
    std::erase_if(abandoned_, [&](const abandoned& a) { return number(highest_sent()) - number(a.at) >= how_.lane.size; });
    for (const auto& each : abandoned_) send_pubrel(lane_.id_of(each.at), reason::packet_identifier_not_found, each.position);
}

// ---- Acknowledgements ----

void session::machine::on_puback(packet_id id, reason code, const property_set& properties) {
    if (unlogged_.is_used(id)) {
        unlogged_.give_back(id);
        if (is_error(code)) effects_.push_back(unlogged_lost{1});
        return;
    }
    const auto owner = lane_.find(id, gate_.shown());
    switch (owner.stage) {
        case lane::stage::sent_qos_1:
            break;
        case lane::stage::sent_qos_2:
            if (lacks_qos_2()) {
                lower_qos();
                break;
            }
            [[fallthrough]];
        case lane::stage::released:
            return violation("the broker sent PUBACK for a message of QoS 2");
        case lane::stage::unknown:
        case lane::stage::unsent_repeat:
        case lane::stage::sent_qos_0:
            return;
    }
    progress_ = true;
    suspect_.acquit();
    if (is_error(code)) return refuse(owner.at, code, with_reason("", code, properties));
    acknowledge(owner.at);
}

/// RabbitMQ before its release 4 takes a message of QoS 2 for one of QoS 1, answers PUBACK, and in 3.1.1 has no way to say so.
bool session::machine::lacks_qos_2() const { return how_.version == version::v3_1_1 && !takes_qos_2_; }

void session::machine::lower_qos() {
    if (highest_qos_ != qos::exactly_once) return;
    highest_qos_ = qos::at_least_once;
    effects_.push_back(qos_lowered{highest_qos_});
}

void session::machine::on_pubrec(packet_id id, reason code, const property_set& properties) {
    if (unlogged_.is_used(id)) return violation("the broker sent PUBREC for a message of QoS 1");
    const auto owner = lane_.find(id, gate_.shown());
    switch (owner.stage) {
        case lane::stage::sent_qos_1:
            return violation("the broker sent PUBREC for a message of QoS 1");
        case lane::stage::sent_qos_2:
            break;
        case lane::stage::unsent_repeat:
            // Some brokers repeat their PUBRECs on a resumed session before we repeat the PUBLISH. An answer as to an unknown
            // identifier would have the broker forget it, and take the repetition for a new message.
            if (is_error(code)) return;
            break;
        case lane::stage::released:
            if (is_error(code)) return;
            send_pubrel(id, reason::success, lane_.released_at(owner.at));
            return count_answer();
        case lane::stage::sent_qos_0:
        case lane::stage::unknown:
            if (is_error(code)) return;
            send_pubrel(id, reason::packet_identifier_not_found, log_position{0});
            return count_answer();
    }
    progress_ = true;
    suspect_.acquit();
    if (is_error(code)) return refuse(owner.at, code, with_reason("", code, properties));
    takes_qos_2_ = true;
    // Once the broker has seen PUBREL it forgets the identifier; a PUBLISH repeated after a crash would be new to it.
    const log_position released = request_save(true);
    lane_.release(owner.at, released);
    send_pubrel(id, reason::success, released);
}

void session::machine::on_pubcomp(packet_id id) {
    std::erase_if(abandoned_, [&](const abandoned& each) { return lane_.id_of(each.at) == id; });
    const auto owner = lane_.find(id, gate_.shown());
    if (owner.stage != lane::stage::released) return;
    progress_ = true;
    suspect_.acquit();
    acknowledge(owner.at);
}

void session::machine::on_pingresp() {
    if (proving_link_) ping_deadline_.reset();
    proving_link_ = false;
}

void session::machine::count_answer() {
    answers_ += scratch_.size();
    if (answers_ > most_answers) violation("the broker sends without reading our answers");
}

void session::machine::on(const disconnect& what) {
    fault_ = may_be_about_a_message(what.reason) ? fault::message : fault::other;
    close_code_ = what.reason;
    if (is_about_identity(what.reason)) afterwards_ = afterwards::retry_slowly;
    if (is_about_place(what.reason)) redirect(what.properties.server_reference.value_or(""), what.reason == reason::server_moved);
    close(with_reason("the broker disconnected: ", what.reason, what.properties), std::nullopt);
}

}  // namespace mqtt
