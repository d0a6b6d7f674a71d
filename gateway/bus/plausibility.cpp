// gateway/bus/plausibility.cpp: see plausibility.hpp.
#include "gateway/bus/plausibility.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <optional>
#include <type_traits>
#include <variant>

namespace gateway {
namespace {

std::optional<double> number_of(const value& what) {
    return std::visit(
        [](const auto& it) -> std::optional<double> {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_arithmetic_v<type> && !std::is_same_v<type, bool>) {
                return static_cast<double>(it);
            } else {
                return std::nullopt;
            }
        },
        what);
}

std::string written(double number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

/// By the decimal that the number is written as, so that 0.15f is 0.2 with one digit as well.
template <typename Number>
Number rounded(Number number, int digits) {
    std::array<char, 400> text;  // 309 digits before the point, at most
    if (!std::isfinite(number)) return number;
    std::array<char, 32> shortest;
    const auto as_written = std::to_chars(shortest.data(), shortest.data() + shortest.size(), number).ptr;
    long double exact = 0;
    std::from_chars(shortest.data(), as_written, exact);
    const auto end = std::to_chars(text.data(), text.data() + text.size(), exact, std::chars_format::fixed, digits).ptr;
    Number result = 0;
    std::from_chars(text.data(), end, result);
    return result == 0 ? 0 : result;  // no -0
}

void round_to(value& what, int digits) {
    if (auto* number = std::get_if<double>(&what)) *number = rounded(*number, digits);
    if (auto* number = std::get_if<float>(&what)) *number = rounded(*number, digits);
}

std::string outside(const config::plausibility& rules) {
    const auto& [least, most, step, monotonic, round] = rules;
    if (least && most) return " is outside of " + written(*least) + " to " + written(*most);
    return least ? " is less than " + written(*least) : " is more than " + written(*most);
}

/// Whether `now` can't follow on `before`: why.
std::string suspicion(const config::plausibility& rules, double before, double now) {
    if (rules.monotonic && now < before) return " is less than " + written(before) + " before, and it never falls";
    if (rules.max_step && std::abs(now - before) > *rules.max_step)
        return " is a step of more than " + written(*rules.max_step) + " from " + written(before);
    return {};
}

}  // namespace

plausibility::plausibility(const config::bus& bus) : dropped_(bus.devices.size()) {
    point_index next = 0;
    for (std::size_t device = 0; device < bus.devices.size(); ++device) {
        for (const auto& point : bus.devices[device].points) {
            const point_index index = next++;
            if (point.plausible) points_.try_emplace(index, memory{point.name, *point.plausible, device, false, false, 0, 0, {}});
        }
    }
}

const std::string* plausibility::refuse(reading& what) {
    if (points_.empty()) return nullptr;
    const auto found = points_.find(what.point);
    if (found == points_.end()) return nullptr;
    memory& point = found->second;
    const auto& rules = point.rules;
    const auto number = number_of(what.value);
    if (number && std::isfinite(*number)) {
        if (auto problem = problem_of(point, *number); !problem.empty()) {
            if (point.reason.empty()) point.reason = point.name + ": " + written(*number) + problem;
            ++dropped_[point.device];
            return &point.reason;
        }
        point.reason.clear();
    }
    if (rules.round) round_to(what.value, *rules.round);
    return nullptr;
}

/// Empty: the number is believed.
std::string plausibility::problem_of(memory& point, double number) {
    const auto& rules = point.rules;
    if ((rules.least && number < *rules.least) || (rules.most && number > *rules.most)) return outside(rules);
    auto problem = point.has_last ? suspicion(rules, point.last, number) : std::string();
    if (!problem.empty() && !(point.has_suspect && suspicion(rules, point.suspect, number).empty())) {
        point.has_suspect = true;
        point.suspect = number;
        return problem;
    }
    point.has_last = true;
    point.has_suspect = false;
    point.last = number;
    return {};
}

}  // namespace gateway
