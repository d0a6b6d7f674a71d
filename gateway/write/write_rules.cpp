// gateway/write/write_rules.cpp: see write_rules.hpp.
#include "gateway/write/write_rules.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "config/units.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"

namespace gateway {
namespace {

constexpr double float_precision = 1e-6;  // relative; float32 has 24 bits, and a scale makes it no better
constexpr double step_precision = 1e-6;   // of a step

std::string shown(const value& what) {
    std::string text;
    append_json(text, what);
    return text;
}

std::string shown(double number) { return shown(value{number}); }

bool is_whole(const value& what) {
    return std::holds_alternative<std::int64_t>(what) || std::holds_alternative<std::uint64_t>(what);
}

bool is_listed(const std::vector<std::string>& allowed, const value& what) {
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](const std::string& each) { return same_value(value_of_text(each), what, 0); });
}

std::string list_of(const std::vector<std::string>& allowed) {
    std::string all;
    for (const std::string& each : allowed) all += (all.empty() ? "" : ", ") + each;
    return all;
}

std::optional<refusal> check_limits(const config::write_rules& rules, double number) {
    if (rules.least && number < *rules.least)
        return refusal{write_reason::below_min, shown(number) + " is below the least, " + shown(*rules.least)};
    if (rules.most && number > *rules.most)
        return refusal{write_reason::above_max, shown(number) + " is above the greatest, " + shown(*rules.most)};
    if (!rules.step) return std::nullopt;
    const double steps = (number - rules.least.value_or(0)) / *rules.step;
    if (std::abs(steps - std::round(steps)) <= step_precision) return std::nullopt;
    return refusal{write_reason::off_step, shown(number) + " is no multiple of the step " + shown(*rules.step) +
                                               (rules.least ? " from " + shown(*rules.least) : "")};
}

std::optional<refusal> check_type(const value& what, const value& current) {
    const bool is_text = std::holds_alternative<std::string>(what);
    if (std::holds_alternative<no_value>(current) || is_text == std::holds_alternative<std::string>(current)) return std::nullopt;
    return refusal{write_reason::wrong_type,
                   is_text ? shown(what) + " is a text, and the point reads " + shown(current)
                           : shown(what) + " is a number, and the point reads " + shown(current) + "; write the name"};
}

}  // namespace

std::optional<double> number_of(const value& what) {
    return std::visit(
        [](const auto& it) -> std::optional<double> {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_arithmetic_v<type>) return static_cast<double>(it);
            return std::nullopt;
        },
        what);
}

value value_of_text(const std::string& text) {
    auto plain = read_json_value(text);
    if (plain && !std::holds_alternative<no_value>(*plain) && !std::holds_alternative<std::string>(*plain)) return *plain;
    if (const auto number = config::parse_number(text); number.value) return *number.value;
    return text;
}

bool same_value(const value& a, const value& b, double tolerance) {
    if (is_whole(a) && is_whole(b) && tolerance == 0 && a.index() == b.index()) return a == b;
    const auto x = number_of(a);
    const auto y = number_of(b);
    if (!x || !y) return a == b && !std::holds_alternative<no_value>(a);
    if (!std::isfinite(*x) || !std::isfinite(*y)) return false;
    const bool exact = is_whole(a) && is_whole(b);
    const double slack = exact ? tolerance : std::max(tolerance, float_precision * std::max(std::abs(*x), std::abs(*y)));
    return std::abs(*x - *y) <= slack;
}

std::optional<refusal> check_value(const config::write_rules& rules, const value& what, const value* current) {
    const auto number = number_of(what);
    if (number && !std::isfinite(*number)) return refusal{write_reason::not_a_number, "not a finite number"};
    if (current != nullptr)
        if (auto fault = check_type(what, *current)) return fault;
    if (!rules.allowed.empty() && !is_listed(rules.allowed, what))
        return refusal{write_reason::not_allowed, shown(what) + " is none of " + list_of(rules.allowed)};
    if (number) {
        if (auto fault = check_limits(rules, *number)) return fault;
    } else if (rules.least || rules.most || rules.step || rules.max_change) {
        return refusal{write_reason::wrong_type, shown(what) + " is no number, and the point has limits"};
    }
    if (!rules.max_change) return std::nullopt;
    const auto from = current != nullptr ? number_of(*current) : std::nullopt;
    if (!from || !std::isfinite(*from))
        return refusal{write_reason::current_unknown,
                       "the point's value isn't known, so neither is how much this would change it"};
    const double change = std::abs(*number - *from);
    if (change <= *rules.max_change * (1 + float_precision)) return std::nullopt;
    return refusal{write_reason::change_too_large,
                   "from " + shown(*current) + " to " + shown(what) + " is more than " + shown(*rules.max_change) + " at once"};
}

bool holds(const config::interlock& condition, const value& current) {
    using comparison = config::interlock::comparison;
    if (std::holds_alternative<no_value>(current)) return false;
    const value wanted = value_of_text(condition.value);
    if (condition.how == comparison::equal) return same_value(current, wanted, 0);
    const auto a = number_of(current);
    const auto b = number_of(wanted);
    if (condition.how == comparison::unequal) return !same_value(current, wanted, 0) && (!a || std::isfinite(*a));
    if (!a || !b) return false;
    switch (condition.how) {
        case comparison::less:
            return *a < *b;
        case comparison::at_most:
            return *a <= *b;
        case comparison::greater:
            return *a > *b;
        default:
            return *a >= *b;
    }
}

std::string text_of(const config::interlock& condition) {
    constexpr const char* signs[] = {"==", "!=", "<", "<=", ">", ">="};
    return condition.point + ' ' + signs[static_cast<std::size_t>(condition.how)] + ' ' + condition.value;
}

}  // namespace gateway
