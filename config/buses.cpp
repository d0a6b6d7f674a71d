// config/buses.cpp: walks buses, devices and points, and hands each on what it inherits.
#include "config/buses.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "config/plausible.hpp"
#include "config/publish.hpp"
#include "config/suggest.hpp"
#include "config/template_merge.hpp"
#include "config/topic.hpp"
#include "config/write.hpp"

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

const entry* find_entry(const node& map, std::string_view key) {
    const auto found = std::find_if(map.entries.begin(), map.entries.end(), [&](const entry& one) { return one.key == key; });
    return found == map.entries.end() ? nullptr : &*found;
}

priority priority_of(const values& from, priority otherwise) {
    const auto* found = from.find("priority");
    if (found == nullptr) return otherwise;
    return found->text == "high" ? priority::high : found->text == "low" ? priority::low : priority::normal;
}

bool publishes_on_change(const point& one) { return one.publish->mode == publish_mode::on_change; }

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
        if (expect_map(one.value, one.key, one.at, out_)) to.devices.push_back(read_device(one, rules, unknown, to));
        for (auto formula = before; formula < formulas_.size(); ++formula) formulas_[formula].device = to.devices.size() - 1;
    }
    resolve_formulas(formulas_, to, out_);
    return to;
}

/// Nothing: it has been complained about.
std::optional<node> bus_reader::join_template(const node& own, const entry& named, const bus& on) {
    if (named.value.kind != node_kind::scalar || named.value.null) return std::nullopt;
    const auto& from = templates_.read(named.value.text, named.value.at);
    if (!from.good) return std::nullopt;
    if (!on.adapter.empty() && !from.adapter.empty() && from.adapter != on.adapter) {
        out_.error(named.value.at, "template " + quoted(named.value.text) + " is for the adapter " + quoted(from.adapter) +
                                       ", and bus " + quoted(on.name) + " has " + quoted(on.adapter));
        return std::nullopt;
    }
    const auto* points = find_entry(from.device, "points");
    points_of_templates_ += points == nullptr ? 0 : points->value.entries.size();
    if (points_of_templates_ > largest_tree) {
        out_.error(named.value.at, "the templates of all devices have too many points; a larger plant needs several gateways");
        return std::nullopt;
    }
    return merge_device(from.device, own, out_);
}

device bus_reader::read_device(const entry& from, const grammar& rules, unknown_keys unknown, const bus& on) {
    const auto* named = find_entry(from.value, "template");
    if (named == nullptr) {
        for (const auto* key : {"only", "except"})
            if (const auto* one = find_entry(from.value, key))
                out_.error(one->at, quoted(key) + " chooses from the points of a template; name it with 'template'");
        return read_joined_device(from, rules, unknown);
    }
    out_.set_use(named->value.at.where);
    const auto joined = join_template(from.value, *named, on);
    device to;
    if (joined) {
        to = read_joined_device({from.key, from.at, *joined}, rules, unknown);
        if (to.points.empty() && find_entry(*joined, "points") == nullptr)
            out_.error(named->value.at,
                       "template " + quoted(named->value.text) + " has no points, and nor has device " + quoted(from.key));
    } else {
        const auto owner = "device " + quoted(from.key);
        std::ignore = read_map(from.value, section::device, rules, out_, from.at, owner, unknown);
        to.name = from.key;
        to.where = from.at.where;
    }
    out_.set_use({});
    to.template_name = named->value.text;
    to.template_where = named->value.at.where;
    return to;
}

device bus_reader::read_joined_device(const entry& from, const grammar& rules, unknown_keys unknown) {
    const auto keys = read_map(from.value, section::device, rules, out_, from.at, "device " + quoted(from.key), unknown);
    device to;
    to.name = from.key;
    to.where = from.at.where;
    to.settings = keys.settings();
    inheritance from_device{defaults_, period(keys), keys.mentions("every"), priority_of(keys, priority::normal)};
    values publish;
    if (const auto* own = keys.find("publish")) {
        publish = read_map(*own->source, section::publish, rules, out_, own->key_at, "'publish'");
        apply_publish(publish, from_device.publish.change(), out_);
    }
    const auto* points = entries_of(keys, "points", out_);
    if (points == nullptr) return to;
    to.points.reserve(points->entries.size());
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

bus bus_reader::read_alone(const std::string& name, const template_reader::result& from, place at) {
    bus to;
    to.name = to.adapter = from.adapter;
    to.adapter_where = at.where;
    const vocabulary* adapter = nullptr;
    for (const auto& one : vocabularies_)
        if (one.adapter == from.adapter) adapter = &one;
    if (adapter == nullptr && !from.adapter.empty()) check_adapter({nullptr, nullptr, at, at, from.adapter, 0, 0}, false);
    entry device{name, at, from.device};
    const auto has = [&](const char* key) { return find_entry(device.value, key) != nullptr; };
    if (!has("every")) device.value.entries.push_back({"every", at, {node_kind::scalar, false, "0s", at, {}, false, {}}});
    if (!has("template")) device.value.entries.push_back({"template", at, {node_kind::scalar, false, name, at, {}, false, {}}});
    const auto unknown = adapter == nullptr ? unknown_keys::are_left_alone : unknown_keys::are_errors;
    formulas_.clear();
    to.devices.push_back(read_joined_device(device, rules_of(adapter), unknown));
    to.devices.back().template_name = name;
    to.devices.back().template_where = at.where;
    resolve_formulas(formulas_, to, out_);
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
    to.priority = priority_of(keys, from_device.priority);
    if (const auto believed = read_plausibility(keys, out_); believed != plausibility{}) to.plausible = believed;
    if (auto formula = read_formula(keys, out_)) {
        to.compute.emplace(computation{formula->text, {}, formula->source.at.where});
        formulas_.push_back(std::move(*formula));
    } else {
        to.every = period(keys).value_or(from_device.every.value_or(std::chrono::nanoseconds(0)));
        if (!keys.mentions("every") && !from_device.mentions_every) without_period.push_back(from.key);
    }
    publish_rules own = *from_device.publish;
    apply_publish(keys, own, out_);
    to.publish = own == *from_device.publish ? from_device.publish : shared(std::move(own));
    warn_of_unused(keys, publishes_on_change(to), out_);
    to.writable = read_write_rules(keys, out_);
    return to;
}

}  // namespace config
