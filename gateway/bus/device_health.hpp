// gateway/bus/device_health.hpp: whether a device is alive, and when it may be asked again after it was silent.
// Pure: no clock; the schedule tells it what came of each turn. Not here: which of its points are asked for (schedule.hpp).
#pragma once

#include <chrono>
#include <cstdint>

namespace gateway {

using time_point = std::chrono::steady_clock::time_point;
using std::chrono::nanoseconds;

enum class device_state : std::uint8_t { unknown, online, offline };

/// After a failure a device is only probed, until it answers: first as soon as its late answer can't come any more if nobody has
/// to wait for that, else at ten times the failure's cost or a second later (a damaged answer costs little, a time-out much);
/// then, while it may be a passing disturbance, at ten times the probe's cost; and once it counts as offline 1, 2, 4 … 60 s apart
/// and at fifty times the cost, so that a dead device takes 2 % of the bus from the others. Where there are no others, cost
/// doesn't matter.
class device_health {
public:
    static constexpr nanoseconds first_pause = std::chrono::seconds(1);
    static constexpr nanoseconds longest_pause = std::chrono::seconds(60);
    static constexpr nanoseconds offline_after = std::chrono::seconds(3);  // without an answer, and at least two failures
    static constexpr int doubtful_cost_factor = 10;
    static constexpr int offline_cost_factor = 50;

    /// The device answered. True if its state changed.
    bool succeeded(time_point ended);
    /// The device did not answer. True if its state changed.
    bool failed(time_point began, time_point ended);
    /// The whole bus is away: nobody can say more of the device than that it can't be reached. True if its state changed.
    bool unreachable();

    device_state state() const { return state_; }
    unsigned failures() const { return failures_; }  // in a row
    /// After a failure: not to be asked before …
    time_point hold() const { return hold_; }
    /// … and not before this while other devices need the bus.
    time_point considerate_hold() const { return considerate_hold_; }

private:
    bool change(device_state to);

    device_state state_ = device_state::unknown;
    unsigned failures_ = 0;
    bool ever_alive_ = false;
    time_point last_success_{};
    time_point hold_{};
    time_point considerate_hold_{};
    nanoseconds pause_{0};  // the last back-off while offline
};

}  // namespace gateway
