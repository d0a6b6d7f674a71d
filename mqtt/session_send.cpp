// mqtt/session_send.cpp: what we say: messages, PUBRELs; and what must be durable before.
// Not here: when a connection begins and ends (session_connection.cpp).
#include <algorithm>
#include <cassert>

#include "mqtt/codec.hpp"
#include "mqtt/session_machine.hpp"

namespace mqtt {
namespace {

constexpr std::size_t most_unsent = 1u << 20;  // bytes, beyond which no further message is taken
constexpr std::size_t most_abandoned = 100;

}  // namespace

// ---- Messages ----

bool session::machine::accepts() const {
    if (state_ != state::online || held_ || proving_link_) return false;
    const std::size_t window = suspect_.exists() ? 1 : std::max<std::size_t>(how_.window, 1);
    return lane_.in_flight() < window && lane_.in_flight() + unlogged_.in_flight() < limits_.receive_maximum &&
           lane_.has_room() && lane_.fits(lane_.next()) && gate_.size() < most_unsent;
}

void session::machine::publish(sequence at, const publication& message, time_point now) {
    assert(accepts() && at >= next());
    if (lane_.fits(at)) return send_logged(at, message);
    hold(at, message, now);
}

/// Far ahead, since the log has lost what was between: the identifier may still be in use. This one message is kept.
void session::machine::hold(sequence at, const publication& message, time_point now) {
    held_.emplace();
    held_->at = at;
    held_->since = now;
    held_->topic = message.topic;
    held_->payload = message.payload;
    held_->idempotency_key = message.idempotency_key;
    held_->properties = message.properties;
    held_->message = message;
    // With nothing under way below it, all that is passed over counts as finished, and nothing else would make that durable.
    lane_.pass_over(at);
    request_save(true);
}

void session::machine::release_held(time_point now) {
    if (!held_ || !lane_.fits(held_->at)) return;
    held_message held = std::move(*held_);
    held_.reset();
    held.message.topic = held.topic;
    held.message.payload = held.payload;
    held.message.idempotency_key = held.idempotency_key;
    held.message.properties = held.properties;
    if (held.message.expiry) *held.message.expiry -= std::chrono::duration_cast<std::chrono::seconds>(now - held.since);
    send_logged(held.at, held.message);
}

void session::machine::send_logged(sequence at, const publication& message) {
    if (lane_.is_settled(at)) {
        lane_.pass_over(at);
        request_save(false);  // the watermark may have moved, and the identifiers with it
        return;
    }
    if (lane_.is_dropped(at)) return skip(at, pending_.lost);
    const bool repeat = lane_.is_repeat(at);
    // What may have been sent must arrive [MQTT-4.3.3-7]; the rest ends with its life.
    if (message.expiry && *message.expiry <= std::chrono::seconds{0} && !repeat) return skip(at, pending_.expired);
    publish_form form;
    form.qos = std::min(message.qos, highest_qos());
    form.retain = message.retain && limits_.retain;
    form.dup = repeat && form.qos != qos::at_most_once;
    form.id = lane_.id_of(at);
    if (reason why; is_too_large(message, form, why)) {
        if (repeat) abandon(at);
        lane_.begin(at, form.qos);
        skipped_position_ = request_save(true);
        return refuse(at, why, std::string(phrase(why)));
    }
    if (lane_.needs_mark(at)) {
        lane_.raise_mark(at);
        request_save(true);
    }
    const log_position after =
        std::max({session_position_, skipped_position_, lane_.publishable_at(at, log_position{position_ + 1})});
    lane_.begin(at, form.qos);
    push_publish(after, at, message, form);
}

/// Also what is no message at all: `why` tells.
bool session::machine::is_too_large(const publication& message, const publish_form& form, reason& why) const {
    const std::size_t size = publish_size(message, form, how_.version);
    if (size != 0 && size <= limits_.packet_size) return false;
    why = size == 0 && !is_valid_topic_name(message.topic) ? reason::topic_name_invalid : reason::packet_too_large;
    return true;
}

/// With a topic alias, where one is to be had and the packet still fits: in place of a topic of one or two letters it is longer.
void session::machine::push_publish(log_position after, sequence at, const publication& message, publish_form form) {
    const auto known = aliases_.find(message.topic, gate_.shows_publish_at_once(after));
    form.alias = known.alias;
    form.topic_known = known.topic_known;
    if (known.alias != 0 && limits_.packet_size < no_limit && publish_size(message, form, how_.version) > limits_.packet_size) {
        form.alias = 0;
        form.topic_known = false;
    } else if (known.alias != 0 && !known.topic_known) {
        aliases_.set(message.topic, known.alias);
    }
    scratch_.clear();
    encode_publish(message, form, how_.version, scratch_);
    gate_.push_publish(after, at, form.qos, scratch_);
}

bool session::machine::publish_unlogged(const publication& message) {
    if (state_ != state::online || proving_link_) return false;
    if (message.expiry && *message.expiry <= std::chrono::seconds{0}) return false;
    publish_form form;
    form.qos = std::min({message.qos, highest_qos(), qos::at_least_once});
    form.retain = message.retain && limits_.retain;
    reason why;
    if (is_too_large(message, form, why)) return false;
    if (gate_.size() + message.topic.size() + message.payload.size() > most_unsent) return false;
    if (form.qos != qos::at_most_once) {
        // What the broker still holds of an interrupted exchange counts for it already: those messages go first.
        if (lane_.is_repeating() || in_flight() + unlogged_.in_flight() >= limits_.receive_maximum) return false;
        const auto free = unlogged_.take();
        if (!free) return false;
        form.id = *free;
    }
    push_publish(form.qos == qos::at_most_once ? log_position{0} : session_position_, sequence{0}, message, form);
    return true;
}

void session::machine::send_pubrel(packet_id id, reason why, log_position after) {
    if (state_ != state::online) return;
    scratch_.clear();
    encode_acknowledgement(acknowledgement_kind::pubrel, id, why, how_.version, scratch_);
    gate_.push_pubrel(after, scratch_);
}

void session::machine::send_control(const packet& what) {
    scratch_.clear();
    encode(what, how_.version, scratch_);
    gate_.push_control(scratch_);
}

void session::machine::sent(std::size_t bytes, time_point now) {
    if (bytes == 0) return;
    last_written_ = now;
    gate_.sent(bytes);
    answers_ -= std::min(answers_, bytes);
    while (const auto at = gate_.pop_written()) acknowledge(*at);
}

// ---- What becomes of them ----

void session::machine::acknowledge(sequence at) {
    lane_.finish(at);
    ++pending_.acknowledged;
    request_save(false);
}

/// Durable before the next message goes: after a crash this one would be sent behind it.
void session::machine::skip(sequence at, std::uint64_t& count) {
    lane_.skip(at);
    ++count;
    skipped_position_ = request_save(true);
}

void session::machine::refuse(sequence at, reason code, std::string words) {
    lane_.finish(at);
    ++pending_.refused;
    request_save(false);
    effects_.push_back(message_refused{at, static_cast<std::uint8_t>(code), std::move(words)});
}

/// The broker may have taken it over, its answer lost. Were it to hold the identifier, it would swallow the message that bears
/// it next. So the next connection releases the identifier; whatever the broker says to that. But not before it is durable that
/// the message is given up: after a crash it would be sent again, and be a new one to the broker.
void session::machine::abandon(sequence at) {
    if (abandoned_.size() < most_abandoned) abandoned_.push_back({at, request_save(true)});
}

// ---- Durability ----

/// The position that the save at the end of this call will have.
log_position session::machine::request_save(bool barrier) {
    pending_.exists = true;
    pending_.barrier = pending_.barrier || barrier;
    return log_position{position_ + 1};
}

void session::machine::emit_save(time_point now) {
    // In memory, what a save sets free may be the reason for another.
    while (pending_.exists && how_.keeping == keeping::in_memory) {
        pending_ = {};
        lane_.on_saved(log_position{++position_});
        on_durable(log_position{position_}, now);
    }
    if (!pending_.exists) return;
    save what;
    what.position = log_position{++position_};
    if (pending_.record) what.session = record_;
    if (pending_.held) what.held = inbound_.held();
    what.lane = lane_.state();
    what.acknowledged = pending_.acknowledged;
    what.refused = pending_.refused;
    what.lost = pending_.lost;
    what.expired = pending_.expired;
    what.barrier = pending_.barrier;
    lane_.on_saved(what.position);
    effects_.push_back(std::move(what));
    pending_ = {};
}

void session::machine::on_durable(log_position up_to, time_point now) {
    assert(up_to <= log_position{position_});
    durable_ = std::max(durable_, static_cast<std::uint64_t>(up_to));
    lane_.on_durable(up_to);
    gate_.on_durable(up_to);
    release_held(now);
}

effects session::machine::take_effects() { return std::exchange(effects_, {}); }

void session::machine::take_effects(effects& into) {
    into.clear();
    into.swap(effects_);
}

}  // namespace mqtt
