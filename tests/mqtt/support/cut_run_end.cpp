// tests/mqtt/support/cut_run_end.cpp: the outcome that a struck exchange must have, message by message.
// Not here: what must be durable on the way (barriers.cpp).
#include <algorithm>

#include "tests/mqtt/support/cut_run.hpp"

namespace mqtt_test {

using namespace mqtt;

int cut_run::delivered(std::int64_t n) const {
    const auto found = broker_.delivered().find(n);
    return found == broker_.delivered().end() ? 0 : found->second;
}

/// The broker has taken it over, and we will know it: from memory, or after a kill from the disk.
bool cut_run::is_known(std::int64_t n) const {
    return answered_.contains(n) || barriers_.is_finished(n) || (what_.qos == qos::exactly_once && barriers_.is_released(n));
}

int cut_run::expected_outbound(std::int64_t n) const {
    if (dropped_.contains(n)) return delivered(n) > 0 ? 1 : 0;
    return doubled_.contains(n) ? 2 : 1;
}

void cut_run::check_outbound() {
    const auto& lane = disk_.state.lane;
    if (number(lane.acked) != newest_ || !lane.acked_beyond.empty() || !lane.released_beyond.empty())
        complain("it ends with " + in_words(lane));
    if (!std::is_sorted(broker_.order().begin(), broker_.order().end())) complain("first deliveries out of order");
    const auto total = static_cast<std::uint64_t>(newest_);
    if (disk_.acknowledged + disk_.lost != total || disk_.refused + disk_.expired != 0) complain("the ledger isn't balanced");

    const bool loses = std::any_of(strikes_.begin(), strikes_.end(), [](const strike& each) { return each.loses_session; });
    const bool exact = strikes_.size() == 1;
    if (exact && disk_.lost != dropped_.size())
        complain(std::to_string(disk_.lost) + " are counted as lost, not " + std::to_string(dropped_.size()));
    std::uint64_t missing = 0;
    for (std::int64_t n = 1; n <= newest_; ++n) {
        const int times = delivered(n);
        const std::string name = "message " + std::to_string(n) + " is delivered " + std::to_string(times) + " times";
        if (times == 0) ++missing;
        if (exact && times != expected_outbound(n)) complain(name + ", not " + std::to_string(expected_outbound(n)));
        if (times == 0 && !(loses && what_.policy == on_session_loss::drop)) complain(name);
        if (times > 1 && what_.qos == qos::exactly_once && !loses) complain(name);
        if (times > 1 && known_.contains(n) && strikes_.back().how == blow::cut) complain(name + ", though that was known");
        if (times > 1 + static_cast<int>(strikes_.size())) complain(name);
    }
    if (missing > disk_.lost) complain("more are missing than are counted as lost");
}

void cut_run::check_inbound() {
    const bool exact = strikes_.size() == 1;
    if (!broker_.outbox().empty()) complain("the broker isn't rid of all messages");
    if (!disk_.state.held.empty()) complain("identifiers are still held");
    std::int64_t newest = 0;
    std::map<std::int64_t, int> times;
    for (const inbox_message& each : inbox_.kept()) {
        if (each.topic != (each.number % 2 == 0 ? "in/a" : "in/b")) complain("the topic is " + each.topic);
        if (++times[each.number] > 1) continue;
        if (each.number < newest) complain("first arrivals out of order");
        newest = each.number;
    }
    for (std::int64_t n = 1; n <= newest_; ++n) {
        const std::string name = "message " + std::to_string(n) + " is kept " + std::to_string(times[n]) + " times";
        const auto gone = gone_.find(n);
        const bool repeated = what_.qos == qos::at_least_once && doubled_.contains(n);
        int least = 1;
        int most = repeated ? 1 + static_cast<int>(strikes_.size()) : 1;
        if (gone != gone_.end()) {
            least = exact && gone->second ? 1 : 0;
            most = gone->second ? 1 : 0;
        } else if (exact) {
            least = most;
        }
        if (times[n] < least || times[n] > most)
            complain(name + ", not " + std::to_string(least) + " to " + std::to_string(most));
    }
}

}  // namespace mqtt_test
