// tests/mqtt/support/world_end.cpp: what a world has to show when all is over: each message where it belongs, so often as its
// QoS promises, and the ledger balanced.
// Not here: what is checked on the way (barriers.cpp, model_broker.cpp).
#include <algorithm>

#include "tests/mqtt/support/world.hpp"

namespace mqtt_test {

using namespace mqtt;

void world::check_end() {
    const auto& lane = disk_.state.lane;
    if (number(lane.acked) < faults_.messages || !saves_.empty()) return complain("no progress: stopped at " + in_words(lane));
    if (!lane.acked_beyond.empty() || !lane.released_beyond.empty()) complain("the lists are not empty: " + in_words(lane));
    const auto fed = static_cast<std::uint64_t>(faults_.messages) - evicted_.size();
    const std::uint64_t settled = disk_.acknowledged + disk_.refused + disk_.lost + disk_.expired;
    if (settled != fed) {
        complain("settled " + std::to_string(disk_.acknowledged) + " + " + std::to_string(disk_.refused) + " + " +
                 std::to_string(disk_.lost) + " + " + std::to_string(disk_.expired) + ", but " + std::to_string(fed) +
                 " were fed");
    }
    check_delivered();
    check_inbox();
}

void world::check_delivered() {
    if (!std::is_sorted(broker_.order().begin(), broker_.order().end())) complain("first deliveries out of order");
    const bool may_drop = faults_.loses_sessions && how_.session_loss == on_session_loss::drop;
    std::uint64_t missing = 0;
    for (std::int64_t n = 1; n <= faults_.messages; ++n) {
        if (evicted_.contains(n)) continue;
        const auto found = broker_.delivered().find(n);
        const int times = found == broker_.delivered().end() ? 0 : found->second;
        const bool refused = broker_.refused().contains(n) || refused_told_.contains(n);
        if (times == 0 && !refused) ++missing;
        // What may have been sent has to arrive, if its life is over or not [MQTT-4.3.3-7].
        const bool may_miss = may_drop || (may_expire(n) && (!barriers_.shown().contains(n) || faults_.loses_sessions));
        if (times == 0 && !refused && !may_miss) complain("message " + std::to_string(n) + " is lost");
        const qos level = std::min(qos_of(n), manners_.highest_qos);
        if (times > 1 && level == qos::exactly_once && !faults_.loses_sessions && !qos_lowered_) {
            complain("message " + std::to_string(n) + " is delivered " + std::to_string(times) + " times");
        }
    }
    if (missing > disk_.lost + disk_.expired) complain("more are missing than were counted as lost or expired");
}

/// Each message towards us that the broker took into the session: of QoS 2 kept once, of QoS 1 at least once, of QoS 0 told at
/// most once; never one that wasn't there; first arrivals in order.
void world::check_inbox() {
    std::map<std::int64_t, int> times;
    std::int64_t newest = 0;
    for (const inbox_message& each : inbox_.kept()) {
        const std::string name = "message " + std::to_string(each.number) + " towards us";
        const auto sent = routed_.find(each.number);
        if (sent == routed_.end()) {
            complain(name + " was never sent");
            continue;
        }
        if (each.topic != sent->second.topic) complain(name + " came with the topic " + each.topic);
        if (!each.expected && !(ever_left_ && each.topic.starts_with("in/b/"))) complain(name + " was not expected");
        if (++times[each.number] == 1) {
            if (each.number < newest) complain(name + " is out of order");
            newest = each.number;
        }
    }
    for (const inbox_message& each : inbox_.unkept()) {
        if (++times[each.number] > 1) complain("message " + std::to_string(each.number) + " of QoS 0 came twice");
    }
    if (left_second_ && broker_.is_subscribed(second_filter)) complain("the broker never heard of the UNSUBSCRIBE");
    std::uint64_t missing = 0;
    for (const auto& [n, what] : routed_) {
        const std::string name = "message " + std::to_string(n) + " towards us";
        const qos level = std::min(what.qos, manners_.highest_granted);
        if (level == qos::exactly_once && times[n] > 1) complain(name + " is kept " + std::to_string(times[n]) + " times");
        if (level == qos::at_most_once || times[n] > 0 || lost_with_session_.contains(n)) continue;
        if (!what.expiry) complain(name + " is lost");
        ++missing;
    }
    if (missing > broker_.outbox().expired()) complain("more messages towards us are missing than the broker let expire");
}

std::uint64_t world::unexpected() const {
    return static_cast<std::uint64_t>(
        std::count_if(inbox_.kept().begin(), inbox_.kept().end(), [](const inbox_message& each) { return !each.expected; }));
}

}  // namespace mqtt_test
