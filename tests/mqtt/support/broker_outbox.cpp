// tests/mqtt/support/broker_outbox.cpp: see broker_outbox.hpp.
// Not here: bytes.
#include "tests/mqtt/support/broker_outbox.hpp"

#include <algorithm>

namespace mqtt_test {

using namespace mqtt;

namespace {

std::string name_of(packet_id id) { return std::to_string(static_cast<unsigned>(id)); }

/// Takes `id` from the front, where it must be.
bool take_front(std::deque<packet_id>& due, packet_id id) {
    if (due.empty() || due.front() != id) return false;
    due.pop_front();
    return true;
}

}  // namespace

void broker_outbox::lose_session() {
    waiting_.clear();
    flying_.clear();
}

void broker_outbox::begin_connection(std::size_t receive_maximum, std::uint16_t aliases) {
    receive_maximum_ = receive_maximum;
    most_aliases_ = aliases;
    used_ = 0;
    aliases_.clear();
    puback_due_.clear();
    pubrec_due_.clear();
    pubcomp_due_.clear();
    for (flight& each : flying_) each.sent_here = false;
}

bool broker_outbox::has_next() const {
    for (const flight& each : flying_)
        if (!each.sent_here && (each.stage == stage::released || has_room())) return true;
    return !waiting_.empty() && (has_room() || waiting_.front().what.qos == qos::at_most_once);
}

std::optional<packet> broker_outbox::next(time_point now) {
    for (flight& each : flying_) {
        if (each.sent_here) continue;
        if (each.stage == stage::sent && !has_room()) return std::nullopt;  // PUBLISHes keep their order
        each.sent_here = true;
        if (each.stage == stage::released) {
            pubcomp_due_.push_back(each.id);
            ++each.pubrels;
            pubrel again;
            again.id = each.id;
            return again;
        }
        ++used_;
        ++repeated_;
        publish again = publish_of(each.message, now);
        again.id = each.id;
        again.dup = true;
        (again.qos == qos::at_least_once ? puback_due_ : pubrec_due_).push_back(each.id);
        return again;
    }
    drop_expired(now);
    if (waiting_.empty()) return std::nullopt;
    const bool answered = waiting_.front().what.qos != qos::at_most_once;
    if (answered && !has_room()) return std::nullopt;
    flight fresh{std::move(waiting_.front()), packet_id{0}, stage::sent, true, 0};
    waiting_.pop_front();
    publish first = publish_of(fresh.message, now);
    if (!answered) return first;
    ++used_;
    fresh.id = first.id = lowest_free();
    (first.qos == qos::at_least_once ? puback_due_ : pubrec_due_).push_back(fresh.id);
    flying_.push_back(std::move(fresh));
    return first;
}

/// What hasn't been sent yet may end with its life [MQTT-3.3.2-5].
void broker_outbox::drop_expired(time_point now) {
    while (!waiting_.empty()) {
        const waiting& front = waiting_.front();
        if (!front.what.expiry || now - front.since < std::chrono::seconds{*front.what.expiry}) return;
        ++expired_;
        waiting_.pop_front();
    }
}

publish broker_outbox::publish_of(const waiting& what, time_point now) {
    publish p;
    p.topic = what.what.topic;
    p.payload = std::to_string(what.what.number);
    p.qos = what.what.qos;
    if (what.what.expiry && version_ == version::v5) {
        const auto spent = std::chrono::duration_cast<std::chrono::seconds>(now - what.since).count();
        p.properties.message_expiry_interval = static_cast<std::uint32_t>(std::max<std::int64_t>(0, *what.what.expiry - spent));
    }
    use_alias(p);
    return p;
}

void broker_outbox::use_alias(publish& in) {
    if (most_aliases_ == 0) return;
    const auto known = aliases_.find(in.topic);
    if (known != aliases_.end() && !dice_.one_in(5)) {
        in.properties.topic_alias = known->second;
        in.topic.clear();
        ++aliased_;
        return;
    }
    // Set anew, also over another topic's.
    if (!dice_.one_in(2)) return;
    const auto alias = static_cast<std::uint16_t>(1 + dice_.below(most_aliases_));
    std::erase_if(aliases_, [alias](const auto& each) { return each.second == alias; });
    aliases_[in.topic] = alias;
    in.properties.topic_alias = alias;
}

packet_id broker_outbox::lowest_free() const {
    for (std::uint16_t id = 1;; ++id)
        if (bearer(packet_id{id}) == 0) return packet_id{id};
}

std::deque<broker_outbox::flight>::iterator broker_outbox::find(packet_id id) {
    return std::find_if(flying_.begin(), flying_.end(), [id](const flight& each) { return each.id == id; });
}

std::int64_t broker_outbox::bearer(packet_id id) const {
    for (const flight& each : flying_)
        if (each.id == id) return each.message.what.number;
    return 0;
}

std::vector<std::int64_t> broker_outbox::unfinished() const {
    std::vector<std::int64_t> result;
    for (const flight& each : flying_) result.push_back(each.message.what.number);
    for (const waiting& each : waiting_) result.push_back(each.what.number);
    return result;
}

std::string broker_outbox::on(const puback& what) {
    if (what.reason != reason::success) return "PUBACK with an error";
    if (!take_front(puback_due_, what.id)) return "PUBACK " + name_of(what.id) + " isn't the one that is due";
    free_window();
    flying_.erase(find(what.id));
    return {};
}

/// From now on the message is never sent again [MQTT-4.3.3-6].
std::string broker_outbox::on(const pubrec& what) {
    if (what.reason != reason::success) return "PUBREC with an error";
    if (!take_front(pubrec_due_, what.id)) return "PUBREC " + name_of(what.id) + " isn't the one that is due";
    // Behind the ones that are released already: PUBRELs go in the order of the PUBRECs [MQTT-4.6.0-4].
    flight released = std::move(*find(what.id));
    flying_.erase(find(what.id));
    released.stage = stage::released;
    released.sent_here = false;
    const auto place = std::find_if(flying_.begin(), flying_.end(), [](const flight& each) { return each.stage == stage::sent; });
    flying_.insert(place, std::move(released));
    return {};
}

/// "Packet identifier not found" is right for a PUBREL that is sent again, and for no other.
std::string broker_outbox::on(const pubcomp& what) {
    if (is_error(what.reason) && what.reason != reason::packet_identifier_not_found) return "PUBCOMP with an error";
    if (!take_front(pubcomp_due_, what.id)) return "PUBCOMP " + name_of(what.id) + " isn't the one that is due";
    if (what.reason != reason::success && find(what.id)->pubrels == 1) return "PUBCOMP denies what PUBREC has just promised";
    free_window();
    flying_.erase(find(what.id));
    return {};
}

}  // namespace mqtt_test
