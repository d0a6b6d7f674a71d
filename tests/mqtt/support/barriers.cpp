// tests/mqtt/support/barriers.cpp: see barriers.hpp.
// Not here: when the disk keeps what.
#include "tests/mqtt/support/barriers.hpp"

#include <algorithm>

#include "tests/mqtt/support/model_broker.hpp"

namespace mqtt_test {

using namespace mqtt;

void barriers::on_shown(const packet& what) {
    if (const auto* const p = std::get_if<publish>(&what)) return on(*p);
    if (const auto* const p = std::get_if<pubrel>(&what)) return on(*p);
    if (std::holds_alternative<subscribe>(what)) return on_session_packet("SUBSCRIBE");
    if (std::holds_alternative<unsubscribe>(what)) return on_session_packet("UNSUBSCRIBE");
    if (const auto* const p = std::get_if<puback>(&what)) return on_answer(p->id, "PUBACK");
    if (const auto* const p = std::get_if<pubrec>(&what)) {
        on_answer(p->id, "PUBREC");
        if (!is_held(p->id)) complain("PUBREC before its identifier is durable");
    }
    if (const auto* const p = std::get_if<pubcomp>(&what)) {
        on_answer(p->id, "PUBCOMP");
        if (is_held(p->id)) complain("PUBCOMP before the removal of its identifier is durable");
    }
}

void barriers::on_session_packet(const char* name) {
    if (!disk_.state.session || disk_.state.session->epoch != epoch_)
        complain(std::string(name) + " before the session record is durable");
}

/// The broker holds the identifier for the message until it has our answer.
void barriers::on_answer(packet_id id, const char* name) {
    const std::int64_t number = broker_.bearer(id);
    const std::string whom = std::string(name) + " for identifier " + std::to_string(static_cast<unsigned>(id));
    if (number == 0) return complain(whom + ", which bears nothing");
    if (inbox_.times_kept(number) == 0 && !excused_.contains(number))
        complain(whom + " before message " + std::to_string(number) + " is durable");
}

bool barriers::is_held(packet_id id) const { return std::count(disk_.state.held.begin(), disk_.state.held.end(), id) > 0; }

bool barriers::is_finished(std::int64_t n) const {
    const auto& lane = disk_.state.lane;
    return n <= number(lane.acked) || std::count(lane.acked_beyond.begin(), lane.acked_beyond.end(), sequence{n}) > 0;
}

bool barriers::is_released(std::int64_t n) const {
    const auto& lane = disk_.state.lane;
    return n <= number(lane.released) || std::count(lane.released_beyond.begin(), lane.released_beyond.end(), sequence{n}) > 0;
}

void barriers::on(const publish& what) {
    if (what.qos != qos::at_most_once) on_session_packet("a message");
    if (what.payload.starts_with('s')) return;
    const std::int64_t n = number_of(what);
    const std::string name = "message " + std::to_string(n);
    const auto& lane = disk_.state.lane;
    if (n > number(lane.maybe_sent)) complain(name + " is sent before the mark is durable");
    if (is_finished(n)) complain(name + " is sent though it is finished");
    if (static_cast<std::int64_t>(what.id) != how_.lane.first + n % how_.lane.size) complain(name + " with another identifier");
    for (auto other = shown_.upper_bound(number(lane.acked)); other != shown_.end() && *other < n; ++other) {
        if ((n - *other) % how_.lane.size != 0 || is_finished(*other) || damage_) continue;
        complain(name + " with the identifier of " + std::to_string(*other) + ", which a restart would send again");
    }
    if (what.dup && !shown_.contains(n) && n > mark_) complain(name + " with DUP, but it was never sent");
    if (!lost_sessions_ && refused_.contains(n) && is_finished(n)) complain(name + " is sent though it was refused");
    shown_.insert(n);
}

void barriers::on(const pubrel& what) {
    if (what.reason != reason::success) {
        if (!late_pubrecs_ && refused_.empty()) complain("PUBREL for an unknown identifier");
        return;
    }
    const std::int64_t id = static_cast<std::int64_t>(what.id) - how_.lane.first;
    const std::int64_t acked = number(disk_.state.lane.acked);
    // Whoever bears this identifier on disk must be released or finished there: none may be merely sent.
    for (auto each = shown_.upper_bound(acked); each != shown_.end() && *each <= acked + how_.lane.size; ++each) {
        const std::int64_t n = *each;
        if (n % how_.lane.size != id || is_finished(n)) continue;
        if (!is_released(n)) complain("PUBREL of message " + std::to_string(n) + " before its release is durable");
    }
}

}  // namespace mqtt_test
