// gateway/schedule.hpp: decides for one bus what is asked next, and when: earliest deadline first, dead devices backed off.
// Pure: no clock, thread or adapter; the bus thread tells it the time and what came of each turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/adapter.h"
#include "gateway/reading.hpp"

namespace gateway {

using time_point = std::chrono::steady_clock::time_point;
using std::chrono::nanoseconds;

/// The points of one device that share a period: polled together, in as many requests as the adapter needs.
struct poll_group {
    std::size_t device = 0;
    nanoseconds period{0};  // 0: as fast as the bus allows, after what has a period
    std::vector<point_index> points;
};

enum class device_state : std::uint8_t { unknown, online, offline };

class schedule {
public:
    /// Every group is due first at `start`; its phase stays fixed from there.
    schedule(std::vector<poll_group> groups, std::size_t devices, time_point start);

    /// One request to make now. The spans live until the next call of a non-const member.
    struct turn {
        std::size_t group = 0;
        std::size_t device = 0;
        bool probe = false;
        std::span<const tidegate_candidate> candidates;
    };

    /// What to ask now; nothing: wait until wake().
    std::optional<turn> next(time_point now);
    time_point wake() const;  // after next() gave nothing: when to ask again

    /// How the turn ended. `covered`: the points that the adapter reported, by value or failure.
    struct turn_result {
        bool cycle_complete = false;          // the group's cycle is over: hand its readings on
        std::optional<device_state> changed;  // the device's state, if this turn changed it
    };
    turn_result finished(const turn& done, tidegate_outcome outcome, std::span<const point_index> covered, time_point began,
                         time_point ended);

    device_state state(std::size_t device) const;
    std::uint64_t missed_cycles(std::size_t group) const;  // due while an earlier one of the group still waited; never caught up
    std::uint64_t missed_cycles() const;
    bool bus_is_down() const;

private:
    // (left to the implementation)
};

}  // namespace gateway
