// config/buses.cpp: walks buses, devices and points, and hands each on what it inherits.
#include "config/buses.hpp"

#include <algorithm>
#include <optional>

#include "config/plausible.hpp"
#include "config/publish.hpp"
#include "config/suggest.hpp"
#include "config/topic.hpp"

namespace config {
namespace {

/// `named` is what `values` has for a map of names; nothing if it isn't there or has been complained about.
const node* entries_of(const values& from, std::string_view path, findings& out) {
    const auto* named = from.find(path);
    if (named == nullptr) return nullptr;
    if (named->source->entries.empty() && !named->source->incomplete) {
        out.error(named->key_at, quoted(path) + " is empty; at least one is needed");
        return nullptr;
    }
    return named->source;
}

std::optional<std::chrono::nanoseconds> period(const values& from) {
    const auto* every = from.find("every");
    if (every == nullptr) return std::nullopt;
    return std::chrono::nanoseconds(every->integer);
}

bool publishes_on_change(const point& one) { return one.publish.mode == publish_mode::on_change; }

std::string missing_period(const std::string& device, const std::vector<std::string>& points) {
    const auto of_points = points.size() == 1 ? "nor has its point " + quoted(points.front())
                                              : "nor have " + std::to_string(points.size()) + " of its points";
    return "device " + quoted(device) + " has no 'every', " + of_points + "; write how often to read it, such as 'every: 5s'";
}

}  // namespace

std::vector<bus> bus_reader::read(const node& buses) {
    std::vector<bus> out;
    for (const auto& one : buses.entries) {
        check_name(one);
        if (expect_map(one.value, one.key, one.at, out_)) out.push_back(read_bus(one));
    }
    return out;
}

void bus_reader::check_name(const entry& named) {
    if (const auto problem = name_problem(named.key)) out_.error(named.at, *problem);
}

void bus_reader::check_unique(const entry& device) {
    const auto [first, fresh] = device_names_.emplace(device.key, device.at.where);
    if (fresh) return;
    out_.error(device.at, "the device name " + quoted(device.key) + " is already used on line " +
                              std::to_string(first->second.line) + "; it must differ over all buses, as topics are named by it");
}

const vocabulary* bus_reader::adapter_of(const node& bus) const {
    const auto is_adapter = [](const entry& one) { return one.key == "adapter"; };
    const auto found = std::find_if(bus.entries.begin(), bus.entries.end(), is_adapter);
    if (found == bus.entries.end()) return nullptr;
    for (const auto& one : vocabularies_)
        if (one.adapter == found->value.text) return &one;
    return nullptr;
}

void bus_reader::check_adapter(const value& adapter, bool known) {
    if (known) return;
    std::vector<std::string> names;
    for (const auto& one : vocabularies_) names.push_back(one.adapter);
    const auto hint = did_you_mean(adapter.text, names);
    const auto choice = names.empty() ? "; none is installed" : "; installed: " + one_of(names);
    out_.error(adapter.at, "unknown adapter " + quoted(adapter.text) + (hint.empty() ? choice : hint));
}

bus bus_reader::read_bus(const entry& from) {
    const auto* adapter = adapter_of(from.value);
    const auto unknown = adapter == nullptr ? unknown_keys::are_left_alone : unknown_keys::are_errors;
    const auto& rules = rules_of(adapter);
    const auto keys = read_map(from.value, section::bus, rules, out_, from.at, "bus " + quoted(from.key), unknown);
    bus to;
    to.name = from.key;
    to.where = from.at.where;
    to.settings = keys.settings();
    if (const auto* name = keys.find("adapter")) {
        check_adapter(*name, adapter != nullptr);
        to.adapter = name->text;
        to.adapter_where = name->at.where;
    }
    const auto* devices = entries_of(keys, "devices", out_);
    if (devices == nullptr) return to;
    formulas_.clear();
    for (const auto& one : devices->entries) {
        check_name(one);
        check_unique(one);
        const auto before = formulas_.size();
        if (expect_map(one.value, one.key, one.at, out_)) to.devices.push_back(read_device(one, rules, unknown));
        for (auto formula = before; formula < formulas_.size(); ++formula) formulas_[formula].device = to.devices.size() - 1;
    }
    resolve_formulas(formulas_, to, out_);
    return to;
}

device bus_reader::read_device(const entry& from, const grammar& rules, unknown_keys unknown) {
    const auto keys = read_map(from.value, section::device, rules, out_, from.at, "device " + quoted(from.key), unknown);
    device to;
    to.name = from.key;
    to.where = from.at.where;
    to.settings = keys.settings();
    inheritance from_device{defaults_, period(keys), keys.mentions("every")};
    values publish;
    if (const auto* own = keys.find("publish")) {
        publish = read_map(*own->source, section::publish, rules, out_, own->key_at, "'publish'");
        apply_publish(publish, from_device.publish, out_);
    }
    const auto* points = entries_of(keys, "points", out_);
    if (points == nullptr) return to;
    std::vector<std::string> without_period;
    for (const auto& one : points->entries) {
        check_name(one);
        if (!expect_map(one.value, one.key, one.at, out_)) continue;
        to.points.push_back(read_point(one, rules, unknown, from_device, without_period));
        if (to.points.back().compute) formulas_.back().point = to.points.size() - 1;
    }
    if (!without_period.empty()) out_.error(from.at, missing_period(from.key, without_period));
    const bool any_on_change = std::any_of(to.points.begin(), to.points.end(), publishes_on_change);
    warn_of_unused(publish, any_on_change, out_);
    any_on_change_ |= any_on_change;
    return to;
}

point bus_reader::read_point(const entry& from, const grammar& rules, unknown_keys unknown, const inheritance& from_device,
                             std::vector<std::string>& without_period) {
    const auto keys = read_map(from.value, section::point, rules, out_, from.at, "point " + quoted(from.key), unknown);
    point to;
    to.name = from.key;
    to.where = from.at.where;
    to.settings = keys.settings();
    if (const auto* unit = keys.find("unit")) to.unit = unit->text;
    to.plausible = read_plausibility(keys, out_);
    if (auto formula = read_formula(keys, out_)) {
        to.compute.emplace(computation{formula->text, {}, formula->source.at.where});
        formulas_.push_back(std::move(*formula));
    } else {
        to.every = period(keys).value_or(from_device.every.value_or(std::chrono::nanoseconds(0)));
        if (!keys.mentions("every") && !from_device.mentions_every) without_period.push_back(from.key);
    }
    to.publish = from_device.publish;
    apply_publish(keys, to.publish, out_);
    warn_of_unused(keys, publishes_on_change(to), out_);
    return to;
}

}  // namespace config
