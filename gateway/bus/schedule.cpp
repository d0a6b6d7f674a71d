// gateway/bus/schedule.cpp: the choice of the next request, and the book-keeping of cycles and failures.
// Not here: when one device counts as dead (device_health.cpp).
#include "gateway/bus/schedule.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <tuple>
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
constexpr std::array<nanoseconds, 5> busy_pauses = {100ms, 200ms, 400ms, 800ms, 1s};
// What is read earlier than this would make the intervals of its readings uneven for the sake of the bus.
constexpr int early_part = 4;            // of a period
constexpr double most_load = 0.98;       // beyond it deadlines are stretched
constexpr double most_stretch = 10;      // of a class, before the next one gives way as well
constexpr double utmost_stretch = 1000;  // of the last one

double share(nanoseconds cost, nanoseconds period) {
    return static_cast<double>(cost.count()) / static_cast<double>(period.count());
}

}  // namespace

schedule::schedule(std::vector<poll_group> groups, std::size_t devices, time_point start, time_point now)
    : start_(start), devices_(devices), wake_(now), background_due_(now + background_pause) {
    assert(now >= start);
    groups_.reserve(groups.size());
    std::size_t points = 0;
    for (poll_group& what : groups) {
        assert(what.device < devices && !what.points.empty() && what.period >= nanoseconds{0});
        devices_[what.device].groups.push_back(groups_.size());
        for (const point_index point : what.points) points = std::max<std::size_t>(points, point + std::size_t{1});
        groups_.push_back({.what = std::move(what), .pending = {}});
        release(groups_.back(), phase_at(groups_.back(), now), now);
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
        const time_point from = std::max(group.release, devices_[group.what.device].busy_until);
        if (from > now) {
            wake_ = std::min(wake_, from);
            continue;
        }
        const group_entry*& best = group.what.period > nanoseconds{0} ? urgent : background;
        if (!best || is_before(group, *best)) best = &group;
    }
    const auto chosen = [&](const group_entry* group) -> choice {
        return {static_cast<std::size_t>(group - groups_.data()), false, group->deadline};
    };
    if (background && now >= background_due_) return chosen(background);
    const choice probe = choose_probe(now, !urgent && !background);
    if (probe.group && (!urgent || probe.deadline < urgent->deadline)) return probe;
    if (urgent) return chosen(urgent);
    return background ? chosen(background) : choice{};
}

bool schedule::is_before(const group_entry& one, const group_entry& other) const {
    return std::tuple(one.deadline, one.what.priority, one.last_turn) <
           std::tuple(other.deadline, other.what.priority, other.last_turn);
}

/// `idle`: nothing else is to be asked now, until wake().
schedule::choice schedule::choose_probe(time_point now, bool idle) {
    const time_point others = wake_;
    const bool any_alive = std::any_of(devices_.begin(), devices_.end(),
                                       [](const device_entry& device) { return !device.groups.empty() && !device.held; });
    choice best;
    for (const device_entry& device : devices_) {
        if (!device.held) continue;
        const bool slack = idle && others - now >= device.failure_cost;
        const time_point from = probe_time(device, any_alive, slack);
        if (from > now) {
            wake_ = std::min(wake_, from);
            continue;
        }
        const time_point deadline = device.health.hold() + probe_patience;
        if (!best.group || deadline < best.deadline) best = {probe_group(device, now), true, deadline};
    }
    return best;
}

/// From when on the device may be probed. What may be a passing disturbance doesn't wait for the turn of the dead; and it is
/// looked at at once if nobody has to wait for it.
time_point schedule::probe_time(const device_entry& device, bool any_alive, bool slack) const {
    if (!any_alive) return device.health.hold();
    if (device.health.state() == device_state::offline) return std::max(device.health.considerate_hold(), probe_hold_);
    return slack && device.health.failures() == 1 ? device.health.hold() : device.health.considerate_hold();
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
    candidates_.clear();
    offer_points(group, now);
    if (probe) return candidates_.resize(1);
    // What has no period takes what is left of the bus: it neither lengthens the requests of others nor has company.
    if (group.what.period == nanoseconds{0}) return;
    for (const std::size_t index : devices_[group.what.device].groups) {
        const group_entry& other = groups_[index];
        if (&other == &group || other.what.period == nanoseconds{0}) continue;
        if (other.release <= now || is_worth_taking_early(other, now)) offer_points(other, now);
    }
}

/// Not if a request will be made to the device at that moment anyway.
bool schedule::is_worth_taking_early(const group_entry& group, time_point now) const {
    if (group.release - now > group.what.period / early_part) return false;
    const auto& groups = devices_[group.what.device].groups;
    return std::none_of(groups.begin(), groups.end(), [&](std::size_t index) {
        const group_entry& other = groups_[index];
        return &other != &group && other.what.period > nanoseconds{0} &&
               (group.release - start_) % other.what.period == nanoseconds{0};
    });
}

void schedule::offer_points(const group_entry& group, time_point now) {
    const auto due_in = group.what.period > nanoseconds{0} ? nanoseconds(group.release - now).count() : 0;
    for (const point_index point : group.pending) candidates_.push_back({point, 0, due_in, group.what.period.count()});
}

schedule::turn_result schedule::finished(const turn& done, tidegate_outcome outcome, std::span<const point_index> covered,
                                         time_point began, time_point ended) {
    assert(done.group < groups_.size() && began <= ended);
    turn_result result;
    also_ended_.clear();
    if (outcome == TIDEGATE_INTERRUPTED) return result;

    group_entry& group = groups_[done.group];
    group.last_turn = ++turns_;
    if (outcome == TIDEGATE_DONE) group.spent += ended - began;
    if (group.what.period == nanoseconds{0})
        background_due_ = ended + std::max(background_pause, background_cost_factor * nanoseconds(ended - began));
    if (outcome == TIDEGATE_BUS_DOWN) {
        bus_failed(done, ended, result);
    } else {
        result.bus_changed = bus_is_down();
        bus_failures_ = 0;
        if (outcome == TIDEGATE_DONE) {
            answered(done, covered, began, ended, result);
        } else if (outcome == TIDEGATE_DEVICE_BUSY) {
            busy(done, covered, began, ended, result);
        } else {
            silent(done, covered, began, ended, result);
        }
    }
    result.also_ended = also_ended_;
    return result;
}

/// The device spoke, whatever it said.
void schedule::alive(const turn& done, time_point ended, turn_result& result) {
    device_entry& device = devices_[done.device];
    if (device.health.succeeded(ended)) result.changed = device_state::online;
    if (!std::exchange(device.held, false)) return;
    for (const std::size_t index : device.groups) skip_suspended(groups_[index], ended);
}

void schedule::answered(const turn& done, std::span<const point_index> covered, time_point began, time_point ended,
                        turn_result& result) {
    device_entry& device = devices_[done.device];
    alive(done, ended, result);
    device.busy = 0;
    group_entry& group = groups_[done.group];
    if (done.probe && group.release > ended) {  // nothing was due: its reading stands alone
        result.cycle_complete = true;
        return;
    }
    // An adapter must cover the most urgent point. One that doesn't must not keep the bus busy with it for ever.
    const point_index first = done.candidates.front().point;
    mark(covered, 1);
    mark({&first, 1}, 1);
    for (const std::size_t index : device.groups) take(index, done.group, began, ended, result);
    mark({&first, 1}, 0);
    mark(covered, 0);
    restretch(ended);
}

void schedule::busy(const turn& done, std::span<const point_index> covered, time_point began, time_point ended,
                    turn_result& result) {
    device_entry& device = devices_[done.device];
    alive(done, ended, result);
    device.busy_until = ended + busy_pauses[std::min<std::size_t>(device.busy, busy_pauses.size() - 1)];
    ++device.busy;
    if (done.probe && groups_[done.group].release > ended) {
        result.cycle_complete = true;
        return;
    }
    mark(covered, 1);
    for (const std::size_t index : device.groups) take(index, done.group, began, ended, result);
    mark(covered, 0);
}

/// What the request brought for one of the device's groups: the marked points.
void schedule::take(std::size_t index, std::size_t turn_group, time_point began, time_point ended, turn_result& result) {
    group_entry& group = groups_[index];
    if (remove_marked(group) == 0) return;
    begin(group, began);
    group.partial = !group.pending.empty();
    if (group.partial) return;
    if (index == turn_group)
        result.cycle_complete = true;
    else
        also_ended_.push_back(index);
    complete(group, ended);
}

void schedule::silent(const turn& done, std::span<const point_index> covered, time_point began, time_point ended,
                      turn_result& result) {
    group_entry& group = groups_[done.group];
    device_entry& device = devices_[done.device];
    if (device.health.failed(began, ended)) result.changed = device_state::offline;
    device.held = true;
    device.busy = 0;
    device.failure_cost = ended - began;
    if (device.health.state() == device_state::offline) probe_hold_ = ended + probe_cost_factor * nanoseconds(ended - began);
    if (!done.probe) {
        begin(group, began);
        mark(covered, 1);
        remove_marked(group);
        mark(covered, 0);
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

void schedule::release(group_entry& group, std::int64_t phase, time_point now) {
    group.phase = phase;
    group.release = start_ + phase * group.what.period;
    group.deadline = deadline_of(group, now);
    group.pending = group.what.points;
    group.begun = false;
}

/// Of the cycle that is released at `now`.
time_point schedule::deadline_of(const group_entry& group, time_point now) const {
    const double factor = stretch(group.what.priority);
    if (factor == 1) return group.release + std::min(group.what.period, longest_patience);
    // From deadline to deadline, whenever the cycle itself got its turn: so the interval grows by the factor in the long run,
    // whatever the length of period and cycle. Who was kept waiting has credit, but not for ever.
    const nanoseconds stretched(static_cast<std::int64_t>(static_cast<double>(group.what.period.count()) * factor));
    const nanoseconds step = std::min(stretched, longest_patience);
    return std::clamp(group.deadline + step, now, now + 2 * step);
}

void schedule::begin(group_entry& group, time_point began) {
    if (std::exchange(group.begun, true) || group.what.period == nanoseconds{0}) return;
    const std::int64_t phase = phase_at(group, began);
    if (phase <= group.phase) return;
    group.missed += static_cast<std::uint64_t>(phase - group.phase);
    group.phase = phase;
}

void schedule::complete(group_entry& group, time_point ended) {
    const nanoseconds spent = std::exchange(group.spent, nanoseconds{0});
    group.cost = group.cost == nanoseconds{0} ? spent : group.cost + (spent - group.cost) / 8;
    if (group.what.period == nanoseconds{0}) return release(group, 0, ended);
    const std::int64_t passed = phase_at(group, ended);
    if (passed <= group.phase) return release(group, group.phase + 1, ended);
    group.missed += static_cast<std::uint64_t>(passed - group.phase - 1);
    release(group, passed, ended);
}

void schedule::skip_suspended(group_entry& group, time_point until) {
    if (group.what.period == nanoseconds{0}) return release(group, 0, until);
    const std::int64_t passed = phase_at(group, until);
    if (passed <= group.phase) return;
    group.suspended += static_cast<std::uint64_t>(passed - group.phase - (group.begun ? 1 : 0));
    release(group, passed, until);
}

void schedule::mark(std::span<const point_index> covered, std::uint8_t with) {
    for (const point_index point : covered)
        if (point < marked_.size()) marked_[point] = with;
}

/// Returns how many there were.
std::size_t schedule::remove_marked(group_entry& group) {
    return std::erase_if(group.pending, [&](point_index point) { return marked_[point] != 0; });
}

void schedule::break_off(std::size_t group, std::size_t except) {
    if (group != except && std::exchange(groups_[group].partial, false)) also_ended_.push_back(group);
}

double schedule::load() const {
    double sum = 0;
    for (const group_entry& group : groups_)
        if (group.what.period > nanoseconds{0} && !devices_[group.what.device].held) sum += share(group.cost, group.what.period);
    return sum;
}

nanoseconds schedule::sweep() const {
    nanoseconds sum{0};
    for (const group_entry& group : groups_) sum += group.cost;
    return sum;
}

/// Once a second: who gives way, and by how much, if the bus can't do it all.
void schedule::restretch(time_point now) {
    if (now < restretch_due_) return;
    restretch_due_ = now + 1s;
    std::array<double, 3> used{};
    bool background = false;
    for (const group_entry& group : groups_) {
        if (devices_[group.what.device].held) continue;
        background = background || group.what.period == nanoseconds{0};
        if (group.what.period > nanoseconds{0})
            used[static_cast<std::size_t>(group.what.priority)] += share(group.cost, group.what.period);
    }
    const double room = background ? most_load - 1.0 / background_cost_factor : most_load;
    double total = used[0] + used[1] + used[2];
    stretch_.fill(1);
    for (std::size_t which = used.size(); which-- > 0 && total > room;) {  // the low ones first
        if (used[which] == 0) continue;
        const double others = total - used[which];
        const double most = others == 0 || which == 0 ? utmost_stretch : most_stretch;
        stretch_[which] = room - others > used[which] / most ? used[which] / (room - others) : most;
        total = others + used[which] / stretch_[which];
    }
}

std::uint64_t schedule::missed_cycles() const {
    std::uint64_t sum = 0;
    for (const group_entry& group : groups_) sum += group.missed;
    return sum;
}

}  // namespace gateway
