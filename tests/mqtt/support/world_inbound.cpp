// tests/mqtt/support/world_inbound.cpp: what a world's session subscribes to, and what others publish for it.
// Not here: how it gets there (world.cpp), and what must have come of it (world_end.cpp).
#include "tests/mqtt/support/world.hpp"

namespace mqtt_test {

using namespace mqtt;

void world::subscribe_all() {
    std::vector<subscription> what{{first_filter, qos::exactly_once}};
    if (wants_all_) what.push_back({second_filter, qos::exactly_once});
    expects_second_ = wants_all_;
    left_second_ = false;
    session_->subscribe(std::move(what), {}, now_);
}

void world::change_subscriptions() {
    if (wants_all_) {
        ever_left_ = left_second_ = true;
        session_->unsubscribe({second_filter}, {}, now_);
    } else {
        expects_second_ = true;
        left_second_ = false;
        session_->subscribe({{second_filter, qos::exactly_once}}, {}, now_);
    }
    wants_all_ = !wants_all_;
    take_effects();
}

/// On a few topics that repeat, or on one of its own that we may cease to subscribe to.
void world::publish_to_us() {
    if (published_to_us_ == faults_.incoming) return;
    offer what;
    what.number = ++published_to_us_;
    what.qos = dice_.of({qos::at_most_once, qos::at_least_once, qos::exactly_once, qos::exactly_once});
    what.topic = what.number % 3 == 0 ? "in/b/" + std::to_string(what.number) : "in/a/" + std::to_string(what.number % 4);
    if (how_.version == version::v5 && dice_.one_in(4)) what.expiry = static_cast<std::uint32_t>(dice_.below(30));
    if (broker_.publish_to_client(what, now_)) routed_[what.number] = what;
}

}  // namespace mqtt_test
