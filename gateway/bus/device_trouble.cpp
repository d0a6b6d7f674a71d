// gateway/bus/device_trouble.cpp: see device_trouble.hpp.
// Not here: any text; what is wrong is said by the adapter or by those who judge its readings.
#include "gateway/bus/device_trouble.hpp"

#include <utility>

namespace gateway {

device_trouble::device_trouble(const std::vector<poll_group>& groups) {
    for (const auto& group : groups) groups_.push_back({group.device, {}, 0});
}

void device_trouble::unanswered(std::size_t group, std::string why) {
    groups_[group].why = std::move(why);
    ++groups_[group].unanswered;
}

void device_trouble::ended(std::size_t group, std::string why) {
    groups_[group].why = std::move(why);
    groups_[group].unanswered = 0;
}

void device_trouble::returned(std::size_t device) {
    for (auto& group : groups_)
        if (group.device == device && group.unanswered > 0) group = {device, {}, 0};
}

std::string device_trouble::of(std::size_t device, device_state state) const {
    for (const auto& group : groups_) {
        const bool passing = state == device_state::online && group.unanswered == 1;
        if (group.device == device && !group.why.empty() && !passing) return group.why;
    }
    return {};
}

}  // namespace gateway
