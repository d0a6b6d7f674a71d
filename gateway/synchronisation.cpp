// gateway/synchronisation.cpp: see synchronisation.hpp.
#include "gateway/synchronisation.hpp"

#include <cstdlib>

namespace gateway {
namespace {

constexpr std::int64_t ask_every_ms = 1000;
constexpr std::int64_t least_step_ms = 1000;

std::int64_t above_boot_time(const store::stamp& now) { return now.wall_ms - now.monotonic_ms; }

}  // namespace

bool is_synchronised(const clock_evidence& found, config::clock_trust how) {
    return how == config::clock_trust::trusted || found.kernel.value_or(false) || found.timesyncd;
}

void stamper::trust(config::clock_trust how) {
    const std::lock_guard lock(mutex_);
    trust_ = how;
}

store::stamp stamper::now() {
    const std::lock_guard lock(mutex_);
    store::stamp now = read_();
    if (is_stale(now)) {
        said_ = ask_();
        // After the question: if the clock is set between the two, a right time is called wrong, never a wrong one right.
        now = read_();
        asked_ = now;
    }
    now.synchronised = is_synchronised(said_, trust_);
    return now;
}

clock_evidence stamper::last_evidence() const {
    const std::lock_guard lock(mutex_);
    return said_;
}

bool stamper::is_stale(const store::stamp& now) const {
    if (!asked_) return true;
    const std::int64_t passed = now.monotonic_ms - asked_->monotonic_ms;
    const std::int64_t step = above_boot_time(now) - above_boot_time(*asked_);
    return passed < 0 || passed >= ask_every_ms || std::abs(step) >= least_step_ms;
}

clock_news clock_watch::look(const store::stamp& now) {
    clock_news found;
    const std::int64_t above = above_boot_time(now);
    const bool first_look = !first_ms_;
    if (first_look) first_ms_ = last_ms_ = above;
    const std::int64_t step = above - std::exchange(last_ms_, above);
    if (now.synchronised && !boot_offset_ms_) {
        boot_offset_ms_ = found.boot_offset_ms = above;
        if (!first_look) found.set_by = std::chrono::milliseconds(above - *first_ms_);
    } else if (std::abs(step) >= least_step_ms) {
        found.stepped_by = std::chrono::milliseconds(step);
    }
    return found;
}

}  // namespace gateway
