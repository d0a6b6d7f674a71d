// gateway/service/health.cpp: see health.hpp.
#include "gateway/service/health.hpp"

#include <utility>

namespace gateway {

std::shared_ptr<pulse> health::add(std::string thread) {
    auto made = std::make_shared<pulse>();
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [](const watched& each) { return each.beat.expired(); });
    all_.push_back({std::move(thread), made});
    return made;
}

std::vector<health::hang> health::hanging(pulse::time_point now) const {
    std::vector<hang> found;
    const std::lock_guard lock(mutex_);
    for (const auto& each : all_) {
        const auto beat = each.beat.lock();
        if (!beat) continue;
        if (const auto late = beat->late_by(now); late.count() > 0) found.push_back({each.thread, beat->what(), late});
    }
    return found;
}

}  // namespace gateway
