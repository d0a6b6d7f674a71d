// adapters/modbus/modbus_sunspec.cpp: finds the SunSpec models of a device before its points are polled, and again when the
// device was away: it may have been replaced, or have got another firmware. Not here: the walk and the models (sunspec.cpp), what
// a point becomes then (points_sunspec.cpp).
#include <algorithm>
#include <chrono>
#include <string>

#include "adapters/modbus/modbus.hpp"

namespace modbus {

using tidegate::outcome;

namespace {

constexpr std::chrono::minutes walk_again{1};  // where there was nothing to find, or not all of it

}  // namespace

/// Nothing: the points are where they are said to be, go on. Else the outcome of the poll.
std::optional<outcome> bus::find_models(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                                        const tidegate::readings& to) {
    const std::size_t device = definition_.points[candidates[0].point].device;
    sunspec_state& state = sunspec_[device];
    if (!state.wanted) return std::nullopt;
    const bool probe = (flags & TIDEGATE_PROBE) != 0;
    if (probe) state.walked = false;
    const bool lacks = !state.complete && now_() >= state.again_at;
    if (!state.walked || lacks || may_be_another(device)) {
        if (const auto stopped = walk_models(device, probe, to)) return stopped;
    }
    if (!is_unlocated(definition_.points[candidates[0].point])) return std::nullopt;
    for (const auto& candidate : candidates) {
        if (&candidate != &candidates[0] && candidate.due_in > 0) continue;
        if (is_unlocated(definition_.points[candidate.point])) to.failure(candidate.point, why_unlocated(candidate.point));
    }
    return outcome::done;
}

std::string bus::why_unlocated(std::uint32_t point) const {
    const auto& which = definition_.points[point];
    const sunspec_state& state = sunspec_[which.device];
    if (!state.fault.empty()) return state.fault;
    const auto& name = definition_.sunspec_names[*which.sunspec];
    std::string models;
    for (const auto id : name.models) models += (models.empty() ? "" : ", ") + std::to_string(id);
    return "the device has no point " + name.point + " of SunSpec model " + models + " (it has " + models_in_words(state.places) +
           ')';
}

/// The connection was lost since the models were found: who is behind the new one?
bool bus::may_be_another(std::size_t device) const {
    return sunspec_[device].wanted && sunspec_[device].losses != link_->losses();
}

/// The connection was lost on the way to this answer, as happens where a server closes those that are idle. Nothing: it is to be
/// believed, since the device that answers now has its models where they were before.
std::optional<outcome> bus::check_models(std::uint32_t asked, const answer& got, const tidegate::readings& to) {
    const std::size_t device = definition_.points[asked].device;
    const bool answered = got.status == answer::status::ok || got.status == answer::status::exception;
    if (!answered || !may_be_another(device)) return std::nullopt;
    const auto before = sunspec_[device].places;
    if (const auto stopped = walk_models(device, false, to)) return stopped;
    if (sunspec_[device].places == before) return std::nullopt;
    to.failure(asked, "");  // what was read is another's; the rest is asked for again, at its new places
    return outcome::done;
}

/// Reads along the chain of models, and puts the device's points where it leads. Nothing: done.
std::optional<outcome> bus::walk_models(std::size_t device, bool probe, const tidegate::readings& to) {
    nanoseconds timeout{0};
    {
        const std::lock_guard lock(remembering_);
        if (probe)
            timeout = devices_[device].probe_timeout(table::holding, 2, usual_turnaround_here());
        else
            devices_[device].polled_in_full();
    }
    const std::uint64_t losses = link_->losses();
    sunspec_walk walk;
    while (const auto next = walk.next()) {
        const answer got = link_->read({definition_.devices[device].unit, table::holding, next->address, next->count}, timeout);
        timeout = nanoseconds(0);  // it is there
        switch (got.status) {
            case answer::status::ok:
                walk.answered(got.registers);
                break;
            case answer::status::exception:
                if (says_gateway(got.exception_code)) {
                    to.note(exception_text(got.exception_code));
                    return outcome::device_down;
                }
                walk.answered({});
                break;
            case answer::status::interrupted:
                return outcome::interrupted;
            case answer::status::silent:
                to.note(got.detail.empty() ? "no answer in time" : got.detail);
                return outcome::device_silent;
            case answer::status::down:
                to.note(got.detail.empty() ? "the bus can't be reached" : got.detail);
                return outcome::bus_down;
        }
        if (got.status == answer::status::ok) {
            const std::lock_guard lock(remembering_);
            devices_[device].heard(got.turnaround);
        }
    }
    if (!sunspec_[device].walked || may_be_another(device)) {
        const std::lock_guard lock(remembering_);
        devices_[device].ask_again();
    }
    sunspec_[device].losses = losses;
    put_in_place(device, walk);
    return std::nullopt;
}

void bus::put_in_place(std::size_t device, const sunspec_walk& walk) {
    const std::lock_guard lock(remembering_);
    sunspec_state& state = sunspec_[device];
    state.fault = walk.fault();
    state.again_at = now_() + walk_again;
    const bool moved = !state.walked || state.places != walk.places();
    state.walked = true;
    if (moved) {
        state.places = walk.places();
        for (auto& point : definition_.points) {
            if (point.device != device || !point.sunspec) continue;
            if (!locate(definition_, definition_.devices[device], state.places, point)) forget_place(point);
        }
        // Both know the points by their old places.
        devices_[device].forget_plans();
        values_.points_moved();
    }
    state.complete = std::none_of(definition_.points.begin(), definition_.points.end(), [&](const point& which) {
        return which.device == device && which.sunspec && is_unlocated(which);
    });
}

/// It refused registers that its list of models has. A device that is starting does so for a while, and one with new firmware
/// has its models elsewhere: the list is asked for again when its time has come.
void bus::doubt_models(const point& refused) {
    if (refused.sunspec) sunspec_[refused.device].complete = false;
}

}  // namespace modbus
