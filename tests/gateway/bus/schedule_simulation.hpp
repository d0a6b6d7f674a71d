// tests/gateway/bus/schedule_simulation.hpp: a bus on virtual time: runs a schedule against devices that answer, are slow or die.
// Not here: any real time, and any adapter; what a request costs is what the model says.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "gateway/bus/schedule.hpp"

namespace gateway::simulation {

using namespace std::chrono_literals;

inline const time_point origin = time_point{} + 1000s;

struct device_model {
    nanoseconds cost = 30ms;            // of a request that is answered
    nanoseconds timeout = 500ms;        // of one that isn't
    nanoseconds probe_timeout = 500ms;  // … if it is a probe: an adapter shortens most of them
    unsigned full_probe_every = 8;      // … but not each so manieth in a row
    unsigned probes = 0;                // in a row
    std::size_t points_per_request = 100;
    bool takes_company = false;  // a request covers points of other groups, too
    time_point dead_from = time_point::max();
    time_point dead_until = time_point::max();
    time_point busy_until = time_point::min();
    bool is_dead(time_point at) const { return at >= dead_from && at < dead_until; }
};

struct request {
    time_point began;
    time_point ended;
    std::size_t group = 0;
    bool probe = false;
    bool answered = false;
};

struct bus {
    bus(std::vector<poll_group> what, std::vector<device_model> models)
        : groups(what), devices(std::move(models)), plan(std::move(what), devices.size(), origin) {
        cycles.resize(groups.size());
        cycle_begins.resize(groups.size());
    }

    /// Polls until `end`; the bus can't be reached while `down` says so.
    void run_until(time_point end) {
        while (now < end) {
            const auto turn = plan.next(now);
            if (turn) {
                carry_out(*turn);
            } else {
                now = std::max(plan.wake() + wake_delay, now + 1ns);
            }
        }
    }

    void carry_out(const schedule::turn& turn) {
        device_model& device = devices[turn.device];
        const bool bus_down = now >= down_from && now < down_until;
        const bool answered = !bus_down && !device.is_dead(now);
        device.probes = turn.probe ? device.probes + 1 : 0;
        const bool full = !turn.probe || device.probes % device.full_probe_every == 0;
        const nanoseconds cost = bus_down ? 1ms : answered ? device.cost : full ? device.timeout : device.probe_timeout;
        std::vector<point_index> covered;
        const bool busy = answered && now < device.busy_until;
        const auto& own = groups[turn.group].points;
        for (const tidegate_candidate& candidate : turn.candidates) {
            if (!answered || busy || covered.size() >= device.points_per_request) break;
            if (device.takes_company || std::find(own.begin(), own.end(), candidate.point) != own.end())
                covered.push_back(candidate.point);
        }
        requests.push_back({now, now + cost, turn.group, turn.probe, answered});
        const time_point began = std::exchange(now, now + cost);
        const auto outcome = bus_down   ? TIDEGATE_BUS_DOWN
                             : busy     ? TIDEGATE_DEVICE_BUSY
                             : answered ? TIDEGATE_DONE
                                        : TIDEGATE_DEVICE_SILENT;
        const auto result = plan.finished(turn, outcome, covered, began, now);
        for (std::size_t group = 0; group < groups.size(); ++group) {
            const auto& points = groups[group].points;
            const bool touched =
                group == turn.group ? answered && !busy : std::any_of(covered.begin(), covered.end(), [&](point_index point) {
                    return std::find(points.begin(), points.end(), point) != points.end();
                });
            if (!touched) continue;
            if (cycle_begins[group].size() == cycles[group].size()) cycle_begins[group].push_back(began);
            const bool ended = group == turn.group ? result.cycle_complete
                                                   : std::count(result.also_ended.begin(), result.also_ended.end(), group) > 0;
            if (ended) cycles[group].push_back(now);
        }
        if (result.changed) changes.push_back({now, {turn.device, *result.changed}});
        if (result.bus_changed) bus_changes.push_back(now);
    }

    std::size_t answers(std::size_t group, time_point from, time_point to) const {
        return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(), [&](const request& one) {
            return one.group == group && one.answered && one.began >= from && one.began < to;
        }));
    }
    nanoseconds lost_on(std::size_t device) const {
        nanoseconds sum{0};
        for (const request& one : requests)
            if (!one.answered && groups[one.group].device == device) sum += one.ended - one.began;
        return sum;
    }

    std::vector<poll_group> groups;
    std::vector<device_model> devices;
    schedule plan;
    time_point now = origin;
    nanoseconds wake_delay{0};
    time_point down_from = time_point::max();
    time_point down_until = time_point::max();
    std::vector<request> requests;
    std::vector<std::vector<time_point>> cycles;        // by group: when a cycle was completed
    std::vector<std::vector<time_point>> cycle_begins;  // by group: when its first request began; one more if it is under way
    std::vector<std::pair<time_point, std::pair<std::size_t, device_state>>> changes;
    std::vector<time_point> bus_changes;
};

/// One group a device, of `points` points.
inline std::vector<poll_group> one_group_each(std::size_t devices, nanoseconds period, point_index points = 1) {
    std::vector<poll_group> groups;
    point_index next = 0;
    for (std::size_t device = 0; device < devices; ++device) {
        poll_group group{device, period, {}};
        for (point_index count = 0; count < points; ++count) group.points.push_back(next++);
        groups.push_back(std::move(group));
    }
    return groups;
}

}  // namespace gateway::simulation
