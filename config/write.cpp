// config/write.cpp: typed keys to rules, and the contradictions among them.
#include "config/write.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "config/suggest.hpp"
#include "config/units.hpp"

namespace config {
namespace {

constexpr std::size_t most_allowed = 100;

std::optional<double> number_of(const values& from, std::string_view path) {
    const auto* found = from.find(path);
    return found == nullptr ? std::nullopt : std::optional(found->number);
}

void take_duration(const values& from, std::string_view path, std::chrono::nanoseconds& to) {
    if (const auto* found = from.find(path)) to = std::chrono::nanoseconds(found->integer);
}

/// A number that must be above 0 to mean anything.
std::optional<double> positive(const values& from, std::string_view path, const char* name, findings& out) {
    const auto* found = from.find(path);
    if (found == nullptr) return std::nullopt;
    if (found->number > 0) return found->number;
    out.error(found->at, std::string("'") + name + "': " + quoted(found->text) + " must be greater than 0");
    return std::nullopt;
}

std::vector<std::string> texts_of(const value& from, findings& out) {
    std::vector<std::string> all;
    if (from.source->items.empty() && !from.source->incomplete)
        out.error(from.key_at, "'allowed' is empty; write the values, or remove it");
    if (from.source->items.size() > most_allowed)
        out.error(from.key_at, "'allowed' has " + std::to_string(from.source->items.size()) + " values; at most " +
                                   std::to_string(most_allowed));
    for (const auto& item : from.source->items) {
        if (item.kind == node_kind::scalar && !item.null) {
            all.push_back(item.text);
        } else if (item.kind != node_kind::unusable) {
            out.error(item.at, "'allowed' is a list of values, and this is none");
        }
    }
    return all;
}

/// What the rules say against a value that the file itself wants to write.
std::string fault_of(const std::string& text, const write_rules& rules) {
    const auto listed = [&](const std::string& each) {
        const auto a = parse_number(each).value;
        const auto b = parse_number(text).value;
        return each == text || (a && b && *a == *b);
    };
    if (!rules.allowed.empty() && std::none_of(rules.allowed.begin(), rules.allowed.end(), listed)) return "is not in 'allowed'";
    const auto number = parse_number(text).value;
    if (!number) return rules.least || rules.most || rules.step ? "is no number, and 'min', 'max' or 'step' is there" : "";
    if (rules.least && *number < *rules.least) return "is below 'min'";
    if (rules.most && *number > *rules.most) return "is above 'max'";
    return "";
}

void read_fail_safe(const values& from, write_rules& to, findings& out) {
    const auto* what = from.find("write.fail_safe.value");
    const auto* after = from.find("write.fail_safe.after");
    if (what == nullptr && after == nullptr) return;
    if (what == nullptr || after == nullptr) {
        // If the other one is there and wrong, that has been said.
        const auto* there = what != nullptr ? what : after;
        if (!from.incomplete && !out.any_error())
            out.error(there->key_at, std::string("'fail_safe' has no ") + (what == nullptr ? "'value'" : "'after'"));
        return;
    }
    if (const auto fault = fault_of(what->text, to); !fault.empty())
        return out.error(what->at, "'fail_safe': " + quoted(what->text) + ' ' + fault);
    to.fail_safe = fail_safe{what->text, std::chrono::nanoseconds(after->integer)};
}

void read_interlock(const value& from, write_rules& to, findings& out) {
    to.only_if = parse_interlock(from.text);
    if (to.only_if) {
        to.only_if->where = part_of(*from.source, 0, 1).where;
        return;
    }
    out.error(from.at,
              "'only_if': " + quoted(from.text) + " is no condition; write it as \"mode == 1\", with ==, !=, <, <=, > or >=");
}

const value* first_of_write(const values& point) {
    for (const auto& one : point.all)
        if (!one.key->of_adapter && (one.key->path == "write" || one.key->path.starts_with("write."))) return &one;
    return nullptr;
}

std::string trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(' ');
    if (from == std::string_view::npos) return "";
    return std::string(text.substr(from, text.find_last_not_of(' ') + 1 - from));
}

}  // namespace

std::optional<interlock> parse_interlock(std::string_view text) {
    using comparison = interlock::comparison;
    struct sign {
        std::string_view text;
        comparison how;
    };
    // The longer ones first: "<" is the beginning of "<=".
    constexpr std::array signs{sign{"==", comparison::equal},    sign{"!=", comparison::unequal}, sign{"<=", comparison::at_most},
                               sign{">=", comparison::at_least}, sign{"<", comparison::less},     sign{">", comparison::greater}};
    const auto at = text.find_first_of("=!<>");
    if (at == std::string_view::npos) return std::nullopt;
    for (const auto& [word, how] : signs) {
        if (!text.substr(at).starts_with(word)) continue;
        interlock found{trimmed(text.substr(0, at)), how, trimmed(text.substr(at + word.size()))};
        const bool ordered = how != comparison::equal && how != comparison::unequal;
        const bool good = !found.point.empty() && !found.value.empty() && found.value.find_first_of("=<>") == std::string::npos;
        if (!good || (ordered && !parse_number(found.value).value)) return std::nullopt;
        return found;
    }
    return std::nullopt;
}

std::optional<write_rules> read_write_rules(const values& point, findings& out) {
    const auto* writable = point.find("writable");
    const auto* any = first_of_write(point);
    if (writable == nullptr || writable->integer == 0) {
        if (any != nullptr && (writable != nullptr || !point.mentions("writable")))
            out.warning(any->key_at, "'write' has no effect without 'writable: true'");
        return std::nullopt;
    }
    write_rules to;
    to.where = writable->key_at.where;
    to.least = number_of(point, "write.min");
    to.most = number_of(point, "write.max");
    if (to.least && to.most && *to.least > *to.most)
        out.error(point.find("write.max")->at, "'max' (" + quoted(point.find("write.max")->text) + ") is less than 'min' (" +
                                                   quoted(point.find("write.min")->text) + ")");
    to.step = positive(point, "write.step", "step", out);
    to.max_change = positive(point, "write.max_change", "max_change", out);
    if (const auto* allowed = point.find("write.allowed")) to.allowed = texts_of(*allowed, out);
    take_duration(point, "write.every", to.every);
    take_duration(point, "write.ttl", to.ttl);
    take_duration(point, "write.verify_delay", to.verify_delay);
    take_duration(point, "write.verify_timeout", to.verify_timeout);
    if (const auto* verify = point.find("write.verify")) to.verify = verify->integer != 0;
    if (const auto* tolerance = point.find("write.tolerance")) {
        if (tolerance->number < 0) out.error(tolerance->at, "'tolerance': " + quoted(tolerance->text) + " is negative");
        to.tolerance = tolerance->number;
    }
    if (const auto* condition = point.find("write.only_if")) read_interlock(*condition, to, out);
    if (const auto* dangerous = point.find("write.dangerous")) to.dangerous = dangerous->integer != 0;
    read_fail_safe(point, to, out);
    return to;
}

void check_writes(const file& file, findings& out) {
    bool told = file.writes;
    for (const auto& bus : file.buses)
        for (const auto& device : bus.devices)
            for (const auto& point : device.points) {
                if (!point.writable) continue;
                if (!told)
                    out.warning({point.writable->where, std::string_view("writable").size()},
                                "'writable' has no effect, here or elsewhere: 'gateway' has no 'writes: enabled'");
                told = true;
                if (!point.writable->only_if) continue;
                const std::string& other = point.writable->only_if->point;
                const place at{point.writable->only_if->where, count_characters(other)};
                std::vector<std::string> names;
                for (const auto& each : device.points) names.push_back(each.name);
                if (std::find(names.begin(), names.end(), other) != names.end()) continue;
                const auto hint = did_you_mean(other, names);
                out.error(at, "'only_if' is about " + quoted(other) + ", and the device has no such point" + hint);
            }
}

}  // namespace config
