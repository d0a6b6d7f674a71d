// gateway/bus/computed.cpp: see computed.hpp.
#include "gateway/bus/computed.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace gateway {
namespace {

constexpr int usable_periods = 3;
constexpr std::chrono::seconds usable_rest{10};

/// A bool counts as 1 or 0. Nothing: it is none, or a text.
std::optional<double> number_of(const value& what) {
    return std::visit(
        [](const auto& it) -> std::optional<double> {
            if constexpr (std::is_arithmetic_v<std::decay_t<decltype(it)>>) {
                return static_cast<double>(it);
            } else {
                return std::nullopt;
            }
        },
        what);
}

}  // namespace

computed_points::computed_points(const config::bus& bus) {
    const auto is_computed = [](const config::point& point) { return point.compute.has_value(); };
    const bool any = std::any_of(bus.devices.begin(), bus.devices.end(), [&](const config::device& device) {
        return std::any_of(device.points.begin(), device.points.end(), is_computed);
    });
    if (!any) return;                // nothing has to be remembered
    std::vector<point_index> first;  // by device
    for (const auto& device : bus.devices) {
        first.push_back(static_cast<point_index>(known_.size()));
        for (const auto& point : device.points) {
            known_.push_back({no_value{}, {}, point.every * usable_periods + usable_rest, 0});
            names_.push_back(point.name);
        }
    }
    for (std::size_t device = 0; device < bus.devices.size(); ++device) {
        for (std::size_t index = 0; index < bus.devices[device].points.size(); ++index) {
            const auto& point = bus.devices[device].points[index];
            if (!point.compute) continue;
            config::formula::problem ignored;
            auto formula = config::formula::parse(point.compute->formula, ignored);
            assert(formula && formula->inputs().size() == point.compute->inputs.size());
            computed made{point.name, first[device] + static_cast<point_index>(index), device, {}, std::move(*formula)};
            for (const auto& from : point.compute->inputs) {
                const bool leads = from.device == device && bus.devices[device].points[from.point].every == point.every;
                made.inputs.push_back({first[from.device] + static_cast<point_index>(from.point), leads, 0});
            }
            points_.push_back(std::move(made));
        }
    }
}

std::vector<reading> computed_points::follow(const cycle& done, plausibility& check, std::string& failure) {
    std::vector<reading> results;
    if (points_.empty()) return results;
    for (const auto& one : done.readings) remember(one, done.taken_steady);
    for (auto& point : points_) {
        if (point.device != done.device || !is_due(point, done.taken_steady)) continue;
        reading made{point.point, value_of(point, failure)};
        if (const auto* why = check.refuse(made)) {
            if (failure.empty()) failure = *why;
            continue;
        }
        remember(made, done.taken_steady);
        results.push_back(std::move(made));
    }
    return results;
}

void computed_points::remember(const reading& what, std::chrono::steady_clock::time_point at) {
    known& of = known_[what.point];
    of.value = what.value;
    of.at = at;
    ++of.serial;
}

bool computed_points::is_due(const computed& point, std::chrono::steady_clock::time_point now) const {
    return std::all_of(point.inputs.begin(), point.inputs.end(), [&](const input& from) {
        const known& of = known_[from.point];
        if (of.serial == 0 || now - of.at > of.usable_for) return false;
        return !from.leads || of.serial != from.used;
    });
}

value computed_points::value_of(computed& point, std::string& failure) {
    numbers_.clear();
    bool has_null = false;
    for (auto& from : point.inputs) {
        const known& of = known_[from.point];
        from.used = of.serial;
        const auto number = number_of(of.value);
        if (std::holds_alternative<std::string>(of.value) && failure.empty())
            failure = point.name + " can't be computed: " + names_[from.point] + " is a text";
        has_null = has_null || !number;
        numbers_.push_back(number.value_or(0));
    }
    if (has_null) return no_value{};
    if (const auto result = point.formula.value(numbers_)) return *result;
    return no_value{};
}

}  // namespace gateway
