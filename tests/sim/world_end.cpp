// tests/sim/world_end.cpp: what a run has to show when all is over: each message where it belongs, as often as its QoS promises.
// Not here: what is checked after every event (world.cpp and its kin).
#include <algorithm>

#include "tests/sim/world.hpp"

namespace sim {

void world::check_end() {
    if (!broker_.complaints().empty() || !barriers_.is_content()) gather();
    const auto& cursor = file_.state().cursor;
    if (!cursor.acked_beyond.empty() || !cursor.released_beyond.empty()) complain("the cursor's lists aren't empty");
    check_delivered();
    check_received();
    const auto letters = process_->queue().dead_letters();
    if (letters.messages + letters.crowded_out + letters.not_found != file_.state().ledger.dropped_refused)
        complain("the dead letters aren't those that were refused");
}

void world::check_delivered() {
    const auto& ledger = file_.state().ledger;
    std::uint64_t missing = 0;
    std::uint64_t refused = 0;
    for (const auto& [content, at] : file_.accepted()) {
        const auto found = broker_.delivered().find(content);
        const int times = found == broker_.delivered().end() ? 0 : found->second;
        const std::string name = "reading " + std::to_string(content) + " (seq " + std::to_string(at) + ")";
        const bool said_no = broker_.refused().contains(content) || refused_here_.contains(at);
        refused += said_no ? 1 : 0;
        if (file_.evicted().contains(content)) {
            if (times > 0) complain(name + " was dropped as the oldest, and yet sent");
            continue;
        }
        if (times == 0 && !said_no) {
            ++missing;
            if (file_.is_damaged()) continue;  // it is counted, if anything is
            // What may have been sent has to arrive, if its life is over or not [MQTT-4.3.3-7].
            const bool may_miss = ends_at_.contains(content) && (!barriers_.shown().contains(at) || seen_.sessions_lost > 0);
            if (ledger.dropped_session == 0 && !may_miss) complain(name + " is lost");
        }
        const bool of_two = what_.qos == levels::two || (what_.qos == levels::mixed && content * 7 % 3 != 0);
        const bool once = of_two && what_.manners.highest_qos == mqtt::qos::exactly_once;
        if (times <= 1 || !once) continue;
        if (may_double_.contains(content)) {
            ++seen_.doubled;
        } else {
            complain(name + " of QoS 2 has arrived " + std::to_string(times) + " times");
        }
    }
    const std::uint64_t damaged = counts_exact_ ? ledger.dropped_damaged : missing;
    if (missing > ledger.dropped_session + ledger.dropped_expired + damaged)
        complain("more messages are missing than were dropped");
    if (ledger.dropped_session > 0 && what_.how.session_loss == mqtt::on_session_loss::resend)
        complain("messages are dropped with a lost session, though they were to be sent again");
    if (ledger.dropped_refused > refused) complain("more messages are counted as refused than were refused");
}

/// Towards us: QoS 2 once, QoS 1 at least once, in the inbox and to the application.
void world::check_received() {
    for (const auto& [n, what] : routed_) {
        if (what.qos == mqtt::qos::at_most_once) continue;
        const auto taken = file_.received().find(n);
        const auto handled = file_.handled().find(n);
        const int times = taken == file_.received().end() ? 0 : taken->second;
        const int done = handled == file_.handled().end() ? 0 : handled->second;
        const std::string name = "message " + std::to_string(n) + " towards us";
        if (times == 0 && !lost_to_us_.contains(n)) complain(name + " is lost");
        if (times != done) complain(name + " came " + std::to_string(times) + " times and was handled " + std::to_string(done));
        if (times > 1 && what.qos == mqtt::qos::exactly_once)
            complain(name + " of QoS 2 is in the inbox " + std::to_string(times) + " times");
    }
}

void world::count_all() {
    const auto& ledger = file_.state().ledger;
    seen_.runs = 1;
    seen_.events = record_.events();
    seen_.accepted = ledger.accepted;
    seen_.not_accepted =
        static_cast<std::uint64_t>(content_) - std::min<std::uint64_t>(static_cast<std::uint64_t>(content_), ledger.accepted);
    seen_.acknowledged = ledger.acknowledged;
    seen_.evicted = ledger.dropped_oldest;
    seen_.dropped_newest = ledger.dropped_newest;
    seen_.refused = ledger.dropped_refused;
    seen_.expired = ledger.dropped_expired;
    seen_.dropped_session = ledger.dropped_session;
    seen_.dropped_damaged = ledger.dropped_damaged;
    for (const auto& each : file_.received()) seen_.received += static_cast<std::uint64_t>(each.second);
    for (const auto& each : file_.handled()) seen_.handled += static_cast<std::uint64_t>(each.second);
    seen_.repeated_to_us = broker_.outbox().repeated();
}

namespace {

using member = std::uint64_t counts::*;
constexpr std::pair<const char*, member> members[] = {
    {"runs", &counts::runs},
    {"events", &counts::events},
    {"power_cuts", &counts::power_cuts},
    {"kills", &counts::kills},
    {"stops", &counts::stops},
    {"link_cuts", &counts::link_cuts},
    {"hangs", &counts::hangs},
    {"outages", &counts::outages},
    {"broker_restarts", &counts::broker_restarts},
    {"sessions_lost", &counts::sessions_lost},
    {"commits", &counts::commits},
    {"commits_failed", &counts::commits_failed},
    {"reads_failed", &counts::reads_failed},
    {"copies_damaged", &counts::copies_damaged},
    {"damaged", &counts::damaged},
    {"salvaged", &counts::salvaged},
    {"accepted", &counts::accepted},
    {"not_accepted", &counts::not_accepted},
    {"acknowledged", &counts::acknowledged},
    {"dropped_oldest", &counts::evicted},
    {"dropped_newest", &counts::dropped_newest},
    {"dropped_refused", &counts::refused},
    {"dropped_expired", &counts::expired},
    {"dropped_session", &counts::dropped_session},
    {"dropped_damaged", &counts::dropped_damaged},
    {"delivered", &counts::delivered},
    {"doubled_with_lost_session", &counts::doubled},
    {"received", &counts::received},
    {"repeated_to_us", &counts::repeated_to_us},
    {"handled", &counts::handled},
};

}  // namespace

void counts::add(const counts& other) {
    for (const auto& each : members) this->*each.second += other.*each.second;
}

std::vector<std::pair<std::string, std::uint64_t>> listed(const counts& what) {
    std::vector<std::pair<std::string, std::uint64_t>> made;
    for (const auto& [name, which] : members) made.emplace_back(name, what.*which);
    return made;
}

}  // namespace sim
