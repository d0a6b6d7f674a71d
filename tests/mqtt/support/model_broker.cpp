// tests/mqtt/support/model_broker.cpp: see model_broker.hpp.
// Not here: mercy.
#include "tests/mqtt/support/model_broker.hpp"

#include <algorithm>
#include <cstdlib>

#include "mqtt/topic.hpp"

namespace mqtt_test {

using namespace mqtt;

std::string topic_of_number(std::int64_t number) { return "t/" + std::to_string(number % 5); }

std::int64_t number_of(const publish& what) { return std::strtoll(what.payload.c_str(), nullptr, 10); }

void model_broker::complain(std::string about) { complaints_.push_back("broker: " + std::move(about)); }

void model_broker::on_open() {
    connected_ = resumed_ = session_ends_with_connection_ = said_goodbye_ = wants_to_close_ = false;
    receive_maximum_ = 65535;
    released_up_to_ = 0;
    in_flight_.clear();
    seen_here_.clear();
    refused_here_.clear();
    answers_.clear();
    topics_.clear();
}

void model_broker::on_close() {
    if (session_ends_with_connection_) lose_session();
    for (auto& [id, each] : held_) each.answered = true;  // the client may have had the PUBREC or not
    answers_.clear();
    connected_ = false;
}

void model_broker::lose_session() {
    session_exists_ = false;
    held_.clear();
    seen_.clear();
    pubrecs_.clear();
    subscriptions_.clear();
    outbox_.lose_session();
}

void model_broker::restart() {
    if (asked_clean_) lose_session();
}

void model_broker::on_packet(const packet& what) {
    if (said_goodbye_) return complain("a packet after DISCONNECT");
    if (wants_to_close_) return;
    if (!connected_ && !std::holds_alternative<connect>(what)) return complain("a packet before CONNECT");
    if (const auto* const p = std::get_if<connect>(&what)) return on(*p);
    if (const auto* const p = std::get_if<publish>(&what)) return on(*p);
    if (const auto* const p = std::get_if<pubrel>(&what)) return on(*p);
    if (const auto* const p = std::get_if<subscribe>(&what)) return on(*p);
    if (const auto* const p = std::get_if<unsubscribe>(&what)) return on(*p);
    std::string wrong;
    if (const auto* const p = std::get_if<puback>(&what)) wrong = outbox_.on(*p);
    if (const auto* const p = std::get_if<pubrec>(&what)) wrong = outbox_.on(*p);
    if (const auto* const p = std::get_if<pubcomp>(&what)) wrong = outbox_.on(*p);
    if (!wrong.empty()) return complain(wrong);
    const bool answer =
        std::holds_alternative<puback>(what) || std::holds_alternative<pubrec>(what) || std::holds_alternative<pubcomp>(what);
    if (answer) return;
    if (std::holds_alternative<pingreq>(what)) return push(pingresp{}, packet_id{0}, false);
    if (const auto* const p = std::get_if<disconnect>(&what)) {
        if (p->reason != reason::success) complain("DISCONNECT with reason " + std::to_string(static_cast<int>(p->reason)));
        said_goodbye_ = wants_to_close_ = true;
        return;
    }
    complain("an unexpected packet");
}

void model_broker::on(const connect& what) {
    if (connected_) return complain("a second CONNECT");
    connected_ = true;
    if (what.clean_start) lose_session();
    asked_clean_ = what.clean_start;
    session_ends_with_connection_ =
        manners_.version == version::v3_1_1 ? what.clean_start : what.properties.session_expiry_interval.value_or(0) == 0;
    resumed_ = session_exists_;
    if (!session_exists_) ++sessions_;
    session_exists_ = true;
    connack ack;
    ack.session_present = resumed_;
    if (manners_.largest_receive_maximum != 0) {
        receive_maximum_ = 1 + dice_.below(manners_.largest_receive_maximum);
        ack.properties.receive_maximum = static_cast<std::uint16_t>(receive_maximum_);
    }
    const bool v5 = manners_.version == version::v5;
    if (manners_.packet_size != 0) ack.properties.maximum_packet_size = manners_.packet_size;
    if (v5 && manners_.highest_qos != qos::exactly_once)
        ack.properties.maximum_qos = static_cast<std::uint8_t>(manners_.highest_qos);
    if (v5 && manners_.aliases != 0) ack.properties.topic_alias_maximum = manners_.aliases;
    const std::uint16_t aliases = v5 ? std::min(manners_.aliases, what.properties.topic_alias_maximum.value_or(0)) : 0;
    outbox_.begin_connection(v5 ? what.properties.receive_maximum.value_or(65535) : manners_.window_out, aliases);
    push(ack, packet_id{0}, false);
    if (!manners_.repeats_pubrec) return;
    for (const auto& [id, each] : held_) acknowledge<pubrec>(id, reason::success, false);
}

std::string model_broker::topic_of(const publish& what) {
    if (!what.properties.topic_alias) return what.topic;
    const std::uint16_t alias = *what.properties.topic_alias;
    if (alias == 0 || alias > manners_.aliases) complain("a topic alias beyond Topic Alias Maximum");
    if (!what.topic.empty()) return topics_[alias] = what.topic;
    ++aliased_;
    if (!topics_.contains(alias)) complain("a topic alias that wasn't set on this connection");
    return topics_[alias];
}

void model_broker::on(const publish& what) {
    const std::string topic = topic_of(what);
    if (manners_.version == version::v5 && what.qos > manners_.highest_qos) complain("a message above Maximum QoS");
    if (what.payload.starts_with('s')) return on_unlogged(what);
    const std::int64_t number = number_of(what);
    const std::string name = "message " + std::to_string(number);
    if (topic != topic_of_number(number)) complain(name + " with the topic " + topic);
    if (!seen_here_.insert(number).second) return complain(name + " twice on one connection");
    if (what.dup && !resumed_) complain(name + " with DUP in a new session");
    if (!what.dup && seen_.contains(number)) complain(name + " repeated without DUP");
    const auto busy = in_flight_.find(what.id);
    if (busy != in_flight_.end()) complain("the identifier of " + name + " is in use by " + std::to_string(busy->second));
    in_flight_[what.id] = number;
    if (in_flight_.size() > receive_maximum_) complain(name + " exceeds Receive Maximum");
    if (number == manners_.poison) {
        wants_to_close_ = true;
        return;
    }
    const bool at_random = dice_.one_in(manners_.refuses_one_in) && !seen_.contains(number);
    const bool refuse = manners_.version == version::v5 && (at_random || refused_.contains(number));
    seen_.insert(number);
    const reason code = refuse ? reason::quota_exceeded : reason::success;
    refused_here_.erase(what.id);
    if (refuse) {
        refused_.insert(number);
        refused_here_.insert(what.id);
    }
    if (what.qos == qos::at_least_once) {
        if (!refuse) deliver(number);
        return acknowledge<puback>(what.id, code, true);
    }
    const auto found = held_.find(what.id);
    if (found != held_.end() && found->second.number != number) {
        complain(name + " is taken for " + std::to_string(found->second.number) + ", whose identifier it bears");
    }
    if (!refuse && found == held_.end()) {
        deliver(number);
        held_[what.id] = {number, false};
        pubrecs_.erase(what.id);
    }
    acknowledge<pubrec>(what.id, code, refuse);
    if (manners_.repeats_pubrec && !refuse && dice_.one_in(4)) acknowledge<pubrec>(what.id, code, false);
}

void model_broker::on_unlogged(const publish& what) {
    if (what.dup) complain("an unlogged message with DUP");
    if (what.qos == qos::at_most_once) return;
    if (what.qos != qos::at_least_once) complain("an unlogged message of QoS 2");
    if (static_cast<unsigned>(what.id) <= 60000) complain("an unlogged message with a lane's identifier");
    if (!in_flight_.emplace(what.id, -1).second) complain("an unlogged message with an identifier in use");
    if (in_flight_.size() > receive_maximum_) complain("an unlogged message exceeds Receive Maximum");
    acknowledge<puback>(what.id, reason::success, true);
}

void model_broker::on(const pubrel& what) {
    const auto found = held_.find(what.id);
    const bool known = found != held_.end();
    if (known && !found->second.answered) complain("PUBREL before PUBREC");
    if (refused_here_.contains(what.id)) complain("PUBREL for a message that was refused");
    if (known) check_order_of(what.id);
    if (known) held_.erase(found);
    const bool say = !known && manners_.version == version::v5;
    acknowledge<pubcomp>(what.id, say ? reason::packet_identifier_not_found : reason::success, true);
}

/// PUBRELs go in the order of the PUBRECs [MQTT-4.6.0-4]. Of several PUBRECs for one message the client may have seen any.
void model_broker::check_order_of(packet_id released) {
    if (manners_.poison != 0) return;  // what is given up is released behind the others
    const auto& sent = pubrecs_[released];
    const auto next = std::upper_bound(sent.begin(), sent.end(), released_up_to_);
    if (next == sent.end()) return complain("PUBREL out of the order of the PUBRECs");
    released_up_to_ = *next;
}

// ---- Towards the client ----

void model_broker::on(const subscribe& what) {
    suback ack;
    ack.id = what.id;
    for (const subscription& each : what.subscriptions) {
        const qos granted = std::min(each.qos, manners_.highest_granted);
        subscriptions_[each.filter] = granted;
        ack.reasons.push_back(static_cast<reason>(granted));
    }
    push(ack, packet_id{0}, false);
}

void model_broker::on(const unsubscribe& what) {
    unsuback ack;
    ack.id = what.id;
    for (const std::string& each : what.filters) {
        const bool was = subscriptions_.erase(each) > 0;
        if (manners_.version == version::v5) ack.reasons.push_back(was ? reason::success : reason::no_subscription_existed);
    }
    push(ack, packet_id{0}, false);
}

bool model_broker::publish_to_client(offer what, time_point now) {
    for (const auto& [filter, granted] : subscriptions_) {
        if (!matches(filter, what.topic)) continue;
        what.qos = std::min(what.qos, granted);
        outbox_.push(std::move(what), now);
        return true;
    }
    return false;
}

void model_broker::deliver(std::int64_t number) {
    if (++delivered_[number] == 1) order_.push_back(number);
}

template <typename Ack>
void model_broker::acknowledge(packet_id id, reason code, bool ends_flight) {
    Ack ack;
    ack.id = id;
    ack.reason = code;
    push(ack, id, ends_flight);
}

void model_broker::push(packet what, packet_id id, bool ends_flight) {
    answers_.push_back({std::move(what), id, ends_flight});
    const bool movable = manners_.reorders && answers_.size() > 1 && id != packet_id{0} &&
                         answers_[answers_.size() - 2].id != packet_id{0} && answers_[answers_.size() - 2].id != id;
    if (movable && dice_.one_in(2)) std::swap(answers_[answers_.size() - 1], answers_[answers_.size() - 2]);
}

void model_broker::answer(std::size_t most, std::string& to, time_point now) {
    if (!connected_) return;
    for (; most > 0; --most) {
        const bool greeting = !answers_.empty() && std::holds_alternative<connack>(answers_.front().what);
        const bool late = manners_.answers_subscribe_late && !greeting && dice_.one_in(2);
        if (late || answers_.empty()) {
            if (const auto message = outbox_.next(now)) {
                encode(*message, manners_.version, to);
                continue;
            }
        }
        if (answers_.empty()) return;
        const answer_to_send next = std::move(answers_.front());
        answers_.pop_front();
        encode(next.what, manners_.version, to);
        if (next.ends_flight) in_flight_.erase(next.id);
        if (std::holds_alternative<pubrec>(next.what)) {
            const auto found = held_.find(next.id);
            if (found != held_.end()) found->second.answered = true;
            pubrecs_[next.id].push_back(++pubrecs_sent_);
        }
    }
}

}  // namespace mqtt_test
