// mqtt/session_inbound.cpp: messages towards us: taken once, and answered when they are kept.
// Not here: our own messages and their acknowledgements (session_receive.cpp, session_send.cpp).
#include <cassert>
#include <utility>

#include "mqtt/session_machine.hpp"

namespace mqtt {

/// False: the topic can't be known, and the connection is being closed for it.
bool session::machine::find_topic(publish_view& what) {
    if (!what.topic_alias) return true;
    if (what.topic.empty()) {
        what.topic = inbound_.topic_of(*what.topic_alias);
        if (!what.topic.empty()) return true;
        if (*what.topic_alias <= how_.aliases_in) {
            violation("the broker used a topic alias that it hadn't set");
            return false;
        }
    } else if (inbound_.set_topic(*what.topic_alias, what.topic)) {
        return true;
    }
    close("the broker used a topic alias beyond our Topic Alias Maximum", reason::topic_alias_invalid);
    return false;
}

/// Of QoS 2 it is told now, not at PUBREL: with the identifier it is kept in one transaction, and if the session dies
/// between PUBREC and PUBREL it isn't lost.
void session::machine::on_publish(publish_view what) {
    if (!find_topic(what)) return;
    if (gate_.has_shown_final_answer()) inbound_.give_back();
    const bool answered = what.qos != qos::at_most_once;
    if (answered && !inbound_.use_window() && how_.version == version::v5)
        return close("the broker exceeds our Receive Maximum", reason::receive_maximum_exceeded);

    if (what.qos == qos::exactly_once) inbound_.settle_doubt(what.id, what.dup);
    if (what.qos == qos::exactly_once && !inbound_.hold(what.id))
        return answer(acknowledgement_kind::pubrec, what.id, reason::success, held_position_);
    what.properties.topic_alias.reset();  // was for this connection alone
    if (subscriptions_.expects(what.topic)) {
        effects_.push_back(received{what.topic, what.payload, what.qos, what.retain, what.dup, std::move(what.properties)});
    } else {
        effects_.push_back(unexpected_message{std::string(what.topic)});
    }
    if (!answered) return;
    const log_position kept = request_save(true);
    if (what.qos == qos::at_least_once) return answer(acknowledgement_kind::puback, what.id, reason::success, kept);
    pending_.held = true;
    held_position_ = kept;
    answer(acknowledgement_kind::pubrec, what.id, reason::success, kept);
}

/// The identifier is free for the broker once it has PUBCOMP: a new message that bears it must not be taken for a repetition,
/// also by a process that only knows what was durable.
void session::machine::on_pubrel(packet_id id) {
    if (state_ != state::online) return;
    if (!inbound_.release(id)) {
        const bool say = how_.version == version::v5;
        return answer(acknowledgement_kind::pubcomp, id, say ? reason::packet_identifier_not_found : reason::success,
                      held_position_);
    }
    pending_.held = true;
    held_position_ = request_save(true);
    answer(acknowledgement_kind::pubcomp, id, reason::success, held_position_);
}

void session::machine::answer(acknowledgement_kind what, packet_id id, reason code, log_position after) {
    scratch_.clear();
    encode_acknowledgement(what, id, code, how_.version, scratch_);
    count_answer();
    if (state_ != state::online) return;
    const bool final = what != acknowledgement_kind::pubrec || is_error(code);
    gate_.push_answer(after, final ? gate::is_final::yes : gate::is_final::no, scratch_);
}

}  // namespace mqtt
