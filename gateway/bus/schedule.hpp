// gateway/bus/schedule.hpp: decides for one bus what is asked next, and when: earliest deadline first, dead devices backed off.
// Pure: no clock, thread or adapter; the bus thread tells it the time and what came of each turn.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adapters/adapter.h"
#include "config/model.hpp"
#include "gateway/bus/device_health.hpp"
#include "gateway/bus/reading.hpp"

namespace gateway {

/// The points of one device that share a period: polled together, in as many requests as the adapter needs.
struct poll_group {
    std::size_t device = 0;
    nanoseconds period{0};  // 0: as fast as the bus allows, after what has a period
    std::vector<point_index> points;
    config::priority priority = config::priority::normal;
};

/// Phases. A group with a period has a phase point at start + k × period for each k, and one cycle at most between two of
/// them, so nothing is ever caught up in a burst. A cycle waits with the deadline that it was released with, which is what
/// makes it urgent (release + period, but a minute at most: on an overloaded bus an hourly value must not wait for its hour);
/// when it begins late, it stands for the latest phase point that has passed, and those before are missed.
/// A phase point that passes while a cycle runs is served right after it: lateness by less than a period drops nothing.
///
/// Company. A request is offered all that its device's groups lack and that is due, and what will be due within a quarter of its
/// period at a moment when nothing else of the device is: the adapter takes along what is cheaper to read now. What is read early
/// counts for the phase point to come.
///
/// Overload. When what the groups cost (measured) is more than the bus has, deadlines are stretched, of low groups first, then
/// of normal ones, at last of high ones: each of a class by the same factor, so that all of it slows down alike, instead of
/// the fast ones paying for the slow. Only the order of requests changes: the bus never waits for a stretched deadline.
///
/// Groups without a period fill what is left of the bus, in turn. On a bus that is overloaded they still get one request a
/// second, less if that would be more than 5 % of the bus.
///
/// Busy. A device that answers that it is busy is alive; it is asked again after 100 ms, then 200 … 1000 ms.
///
/// Failures. A device that fails hands on what its cycle has, and its groups are suspended together (device_health.hpp)
/// until a probe is answered. Then the cycle goes on with the points it still lacks, the probe's reading among what it has;
/// or a new one begins with it if a phase point has passed. While the bus has other work, the probes of all its dead
/// devices together take at most 5 % of its time.
class schedule {
public:
    /// Every group is due first at `start`; its phase stays fixed from there. Requires: no group is without points.
    schedule(std::vector<poll_group> groups, std::size_t devices, time_point start)
        : schedule(std::move(groups), devices, start, start) {}
    /// Likewise, but it begins only `now`: at once, with the cycles whose phase it is, and goes on in the phases from `start`.
    schedule(std::vector<poll_group> groups, std::size_t devices, time_point start, time_point now);

    /// One request to make now. The spans live until the next call of a non-const member.
    struct turn {
        std::size_t group = 0;
        std::size_t device = 0;
        bool probe = false;                              // TIDEGATE_PROBE: one candidate
        std::span<const tidegate_candidate> candidates;  // what the group's cycle still lacks, in the order of the config
    };

    /// What to ask now; nothing: wait until wake(). Each turn is finished() before the next.
    std::optional<turn> next(time_point now);
    time_point wake() const { return wake_; }  // after next() gave nothing: when to ask again

    /// How the turn ended. `covered`: the points that the adapter reported, by value or failure.
    struct turn_result {
        bool cycle_complete = false;          // the group's cycle is over, or broken off: hand its readings on
        std::optional<device_state> changed;  // the device's state, if this turn changed it
        bool bus_changed = false;             // bus_is_down() changed; when it went down, so did every device: look at state()
        /// Other groups whose readings so far are to be handed on as well: this request completed their cycles too, or the
        /// device or bus failed in the middle of them. Lives as long as a turn's spans.
        std::span<const std::size_t> also_ended;
    };
    turn_result finished(const turn& done, tidegate_outcome outcome, std::span<const point_index> covered, time_point began,
                         time_point ended);

    device_state state(std::size_t device) const { return devices_[device].health.state(); }
    /// Phase points passed over while an earlier cycle of the group still waited; never caught up.
    std::uint64_t missed_cycles(std::size_t group) const { return groups_[group].missed; }
    std::uint64_t missed_cycles() const;
    /// How often in a row the device has answered that it is busy.
    unsigned busy_in_a_row(std::size_t device) const { return devices_[device].busy; }
    /// What the groups with a period cost, as a share of the bus, and by what factor a class's deadlines are stretched.
    double load() const;
    /// Bus time to read everything once, as measured; what wasn't read yet is missing.
    nanoseconds sweep() const;
    double stretch(config::priority which) const { return stretch_[static_cast<std::size_t>(which)]; }
    /// Phase points passed over while the device or the bus was suspended; counted when it is asked again.
    std::uint64_t suspended_cycles(std::size_t group) const { return groups_[group].suspended; }
    bool bus_is_down() const { return bus_failures_ >= 2; }

private:
    struct group_entry {
        poll_group what;
        std::vector<point_index> pending;  // what the current cycle still lacks
        std::int64_t phase = 0;            // the phase point that the current cycle stands for
        time_point release{};
        time_point deadline{};
        std::uint64_t last_turn = 0;  // the number of the turn that served it last
        bool begun = false;
        bool partial = false;  // it has readings that haven't been handed on
        nanoseconds spent{0};  // bus time of the current cycle
        nanoseconds cost{0};   // … of a cycle, moving average
        std::uint64_t missed = 0;
        std::uint64_t suspended = 0;
    };
    struct device_entry {
        device_health health;
        std::vector<std::size_t> groups;
        bool held = false;  // it failed, and is only probed
        nanoseconds failure_cost{0};
        unsigned busy = 0;  // answers in a row
        time_point busy_until{};
    };
    struct choice {
        std::optional<std::size_t> group;
        bool probe = false;
        time_point deadline{};
    };

    choice choose(time_point now);
    choice choose_probe(time_point now, bool idle);
    time_point probe_time(const device_entry& device, bool any_alive, bool slack) const;
    std::size_t probe_group(const device_entry& device, time_point now) const;
    bool is_before(const group_entry& one, const group_entry& other) const;
    void offer(const group_entry& group, bool probe, time_point now);
    bool is_worth_taking_early(const group_entry& group, time_point now) const;
    void offer_points(const group_entry& group, time_point now);

    void alive(const turn& done, time_point ended, turn_result& result);
    void busy(const turn& done, std::span<const point_index> covered, time_point began, time_point ended, turn_result& result);
    void answered(const turn& done, std::span<const point_index> covered, time_point began, time_point ended,
                  turn_result& result);
    void take(std::size_t index, std::size_t turn_group, time_point began, time_point ended, turn_result& result);
    void silent(const turn& done, std::span<const point_index> covered, time_point began, time_point ended, turn_result& result);
    void bus_failed(const turn& done, time_point ended, turn_result& result);

    std::int64_t phase_at(const group_entry& group, time_point at) const {
        return group.what.period > nanoseconds{0} ? (at - start_) / group.what.period : 0;
    }
    void release(group_entry& group, std::int64_t phase, time_point now);
    time_point deadline_of(const group_entry& group, time_point now) const;
    void begin(group_entry& group, time_point began);
    void complete(group_entry& group, time_point ended);
    void skip_suspended(group_entry& group, time_point until);
    void mark(std::span<const point_index> covered, std::uint8_t with);
    std::size_t remove_marked(group_entry& group);
    void restretch(time_point now);
    void break_off(std::size_t group, std::size_t except);

    time_point start_;
    std::vector<group_entry> groups_;
    std::vector<device_entry> devices_;
    time_point wake_{};
    std::uint64_t turns_ = 0;
    time_point background_due_{};  // when a group without a period goes before those with one
    time_point probe_hold_{};      // until then the bus's share for probes is used up
    unsigned bus_failures_ = 0;    // in a row
    time_point bus_hold_{};
    bool bus_held_ = false;
    std::vector<tidegate_candidate> candidates_;
    std::vector<std::size_t> also_ended_;
    std::vector<std::uint8_t> marked_;        // by point: scratch
    std::array<double, 3> stretch_{1, 1, 1};  // by priority
    time_point restretch_due_{};
};

}  // namespace gateway
