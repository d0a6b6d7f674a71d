// gateway/schedule.cpp: the choice of the next request, and the book-keeping of cycles and failures.
// Not here: when one device counts as dead (device_health.cpp).
#include "gateway/schedule.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::array<nanoseconds, 6> bus_pauses = {500ms, 1s, 2s, 4s, 8s, 10s};
constexpr nanoseconds background_pause = 1s;
constexpr int background_cost_factor = 20;  // 5 % of an overloaded bus for what has no period
constexpr int probe_cost_factor = 20;       // 5 % of a working bus for the probes of all its dead devices together
constexpr nanoseconds longest_patience = 60s;
constexpr nanoseconds probe_patience = 1s;  // a probe's deadline: it must get through on an overloaded bus too

}  // namespace

schedule::schedule(std::vector<poll_group> groups, std::size_t devices, time_point start)
    : start_(start), devices_(devices), wake_(start), background_due_(start + background_pause) {
    groups_.reserve(groups.size());
    std::size_t points = 0;
    for (poll_group& what : groups) {
        assert(what.device < devices && !what.points.empty() && what.period >= nanoseconds{0});
        devices_[what.device].groups.push_back(groups_.size());
        for (const point_index point : what.points) points = std::max<std::size_t>(points, point + std::size_t{1});
        groups_.push_back({.what = std::move(what), .pending = {}});
        release(groups_.back(), 0);
    }
    marked_.resize(points);
}

std::optional<schedule::turn> schedule::next(time_point now) {
    if (bus_held_ && now < bus_hold_) {
        wake_ = bus_hold_;
        return std::nullopt;
    }
    if (std::exchange(bus_held_, false)) {
        for (group_entry& group : groups_)
            if (!devices_[group.what.device].held) skip_suspended(group, bus_hold_);
    }
    const choice chosen = choose(now);
    if (!chosen.group) return std::nullopt;
    const group_entry& group = groups_[*chosen.group];
    offer(group, chosen.probe, now);
    return turn{*chosen.group, group.what.device, chosen.probe, candidates_};
}

/// A scan of all groups: a request takes the bus for milliseconds, the scan of a hundred groups takes less than one of them
/// in a thousand; an ordered structure would have to follow every hold and resumption.
schedule::choice schedule::choose(time_point now) {
    wake_ = time_point::max();
    const group_entry* urgent = nullptr;
    const group_entry* background = nullptr;
    for (const group_entry& group : groups_) {
        if (devices_[group.what.device].held) continue;
        if (group.release > now) {
            wake_ = std::min(wake_, group.release);
            continue;
        }
        const group_entry*& best = group.what.period > nanoseconds{0} ? urgent : background;
        if (!best || std::pair(group.deadline, group.last_turn) < std::pair(best->deadline, best->last_turn)) best = &group;
    }
    const auto chosen = [&](const group_entry* group) -> choice {
        return {static_cast<std::size_t>(group - groups_.data()), false, group->deadline};
    };
    if (background && now >= background_due_) return chosen(background);
    const choice probe = choose_probe(now);
    if (probe.group && (!urgent || probe.deadline < urgent->deadline)) return probe;
    if (urgent) return chosen(urgent);
    return background ? chosen(background) : choice{};
}

schedule::choice schedule::choose_probe(time_point now) {
    const bool any_alive = std::any_of(devices_.begin(), devices_.end(),
                                       [](const device_entry& device) { return !device.groups.empty() && !device.held; });
    choice best;
    for (const device_entry& device : devices_) {
        if (!device.held) continue;
        time_point from = any_alive ? device.health.considerate_hold() : device.health.hold();
        // What may be a passing disturbance doesn't wait for the turn of the dead.
        if (any_alive && device.health.state() == device_state::offline) from = std::max(from, probe_hold_);
        if (from > now) {
            wake_ = std::min(wake_, from);
            continue;
        }
        const time_point deadline = device.health.hold() + probe_patience;
        if (!best.group || deadline < best.deadline) best = {probe_group(device, now), true, deadline};
    }
    return best;
}

/// The group that has waited longest for the device: what the probe reads is then needed anyway.
std::size_t schedule::probe_group(const device_entry& device, time_point now) const {
    std::size_t best = device.groups.front();
    for (const std::size_t index : device.groups) {
        const group_entry& group = groups_[index];
        if (group.release <= now && (groups_[best].release > now || group.deadline < groups_[best].deadline)) best = index;
    }
    return best;
}

void schedule::offer(const group_entry& group, bool probe, time_point now) {
    const auto due_in = group.what.period > nanoseconds{0} ? nanoseconds(group.release - now).count() : 0;
    candidates_.clear();
    for (const point_index point : group.pending) {
        candidates_.push_back({point, 0, due_in, group.what.period.count()});
        if (probe) break;
    }
}

schedule::turn_result schedule::finished(const turn& done, tidegate_outcome outcome, std::span<const point_index> covered,
                                         time_point began, time_point ended) {
    assert(done.group < groups_.size() && began <= ended);
    turn_result result;
    also_ended_.clear();
    if (outcome == TIDEGATE_INTERRUPTED) return result;

    group_entry& group = groups_[done.group];
    group.last_turn = ++turns_;
    if (group.what.period == nanoseconds{0})
        background_due_ = ended + std::max(background_pause, background_cost_factor * nanoseconds(ended - began));
    if (outcome == TIDEGATE_BUS_DOWN) {
        bus_failed(done, ended, result);
    } else {
        result.bus_changed = bus_is_down();
        bus_failures_ = 0;
        if (outcome == TIDEGATE_DONE) {
            answered(done, covered, began, ended, result);
        } else {
            silent(done, covered, began, ended, result);
        }
    }
    result.also_ended = also_ended_;
    return result;
}

void schedule::answered(const turn& done, std::span<const point_index> covered, time_point began, time_point ended,
                        turn_result& result) {
    group_entry& group = groups_[done.group];
    device_entry& device = devices_[done.device];
    if (device.health.succeeded(ended)) result.changed = device_state::online;
    if (device.held) {
        device.held = false;
        for (const std::size_t index : device.groups) skip_suspended(groups_[index], ended);
    }
    if (group.release > ended) {  // a probe at a time when nothing was due: its reading stands alone
        result.cycle_complete = true;
        return;
    }
    begin(group, began);
    remove_covered(group, covered);
    // An adapter must cover the most urgent point. One that doesn't must not keep the bus busy with it for ever.
    std::erase(group.pending, done.candidates.front().point);
    group.partial = !group.pending.empty();
    if (group.partial) return;
    result.cycle_complete = true;
    complete(group, ended);
}

void schedule::silent(const turn& done, std::span<const point_index> covered, time_point began, time_point ended,
                      turn_result& result) {
    group_entry& group = groups_[done.group];
    device_entry& device = devices_[done.device];
    if (device.health.failed(began, ended)) result.changed = device_state::offline;
    device.held = true;
    if (device.health.state() == device_state::offline) probe_hold_ = ended + probe_cost_factor * nanoseconds(ended - began);
    if (!done.probe) {
        begin(group, began);
        remove_covered(group, covered);
        if (group.pending.empty()) complete(group, ended);
    }
    group.partial = false;
    result.cycle_complete = true;
    for (const std::size_t index : device.groups) break_off(index, done.group);
}

void schedule::bus_failed(const turn& done, time_point ended, turn_result& result) {
    bus_hold_ = ended + bus_pauses[std::min<std::size_t>(bus_failures_, bus_pauses.size() - 1)];
    bus_held_ = true;
    groups_[done.group].partial = false;
    result.cycle_complete = true;
    for (std::size_t index = 0; index < groups_.size(); ++index) break_off(index, done.group);
    if (++bus_failures_ != 2) return;
    result.bus_changed = true;
    for (std::size_t index = 0; index < devices_.size(); ++index) {
        const bool changed = devices_[index].health.unreachable();
        if (changed && index == done.device) result.changed = device_state::offline;
    }
}

void schedule::release(group_entry& group, std::int64_t phase) {
    group.phase = phase;
    group.release = start_ + phase * group.what.period;
    group.deadline = group.release + std::min(group.what.period, longest_patience);
    group.pending = group.what.points;
    group.begun = false;
}

void schedule::begin(group_entry& group, time_point began) {
    if (std::exchange(group.begun, true) || group.what.period == nanoseconds{0}) return;
    const std::int64_t phase = phase_at(group, began);
    if (phase <= group.phase) return;
    group.missed += static_cast<std::uint64_t>(phase - group.phase);
    group.phase = phase;
}

void schedule::complete(group_entry& group, time_point ended) {
    if (group.what.period == nanoseconds{0}) return release(group, 0);
    const std::int64_t passed = phase_at(group, ended);
    if (passed <= group.phase) return release(group, group.phase + 1);
    group.missed += static_cast<std::uint64_t>(passed - group.phase - 1);
    release(group, passed);
}

void schedule::skip_suspended(group_entry& group, time_point until) {
    if (group.what.period == nanoseconds{0}) return release(group, 0);
    const std::int64_t passed = phase_at(group, until);
    if (passed <= group.phase) return;
    group.suspended += static_cast<std::uint64_t>(passed - group.phase - (group.begun ? 1 : 0));
    release(group, passed);
}

void schedule::remove_covered(group_entry& group, std::span<const point_index> covered) {
    const auto mark = [&](std::uint8_t with) {
        for (const point_index point : covered)
            if (point < marked_.size()) marked_[point] = with;
    };
    mark(1);
    std::erase_if(group.pending, [&](point_index point) { return marked_[point] != 0; });
    mark(0);
}

void schedule::break_off(std::size_t group, std::size_t except) {
    if (group != except && std::exchange(groups_[group].partial, false)) also_ended_.push_back(group);
}

std::uint64_t schedule::missed_cycles() const {
    std::uint64_t sum = 0;
    for (const group_entry& group : groups_) sum += group.missed;
    return sum;
}

}  // namespace gateway
