// gateway/bus/device_health.cpp: the state machine of one device: unknown, online, offline.
// Not here: the back-off of a whole bus (schedule.cpp).
#include "gateway/bus/device_health.hpp"

#include <algorithm>
#include <utility>

namespace gateway {

bool device_health::succeeded(time_point ended) {
    failures_ = 0;
    pause_ = nanoseconds{0};
    ever_alive_ = true;
    last_success_ = ended;
    return change(device_state::online);
}

bool device_health::failed(time_point began, time_point ended) {
    ++failures_;
    const nanoseconds cost = std::max(ended - began, nanoseconds{0});
    // At least as long as it was waited for: while its late answer may still come, asking it again would block the line.
    if (failures_ < 2) {
        hold_ = ended + cost;
        considerate_hold_ = ended + std::max(cost, std::min(first_pause, cost * doubtful_cost_factor));
        return false;
    }
    hold_ = considerate_hold_ = ended + std::max(first_pause, cost);
    if (ever_alive_ && ended - last_success_ < offline_after) {
        considerate_hold_ = std::max(hold_, ended + cost * doubtful_cost_factor);
        return false;
    }
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    hold_ = ended + pause_;
    considerate_hold_ = std::max(hold_, ended + cost * offline_cost_factor);
    return change(device_state::offline);
}

bool device_health::unreachable() { return change(device_state::offline); }

bool device_health::change(device_state to) { return std::exchange(state_, to) != to; }

}  // namespace gateway
