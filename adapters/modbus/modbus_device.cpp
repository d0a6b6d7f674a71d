// adapters/modbus/modbus_device.cpp: see the header.
// Not here: the wire.
#include "adapters/modbus/modbus_device.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace modbus {
namespace {

constexpr std::size_t most_plans = 32;  // kept of one device
constexpr nanoseconds least_probe_timeout{50'000'000};
constexpr int worthwhile_change = 12;     // a twelfth of what a request costs beside its data: 1 % of a plan at most
constexpr unsigned full_probe_every = 8;  // a device that has become slow is found again, too

/// How long request and answer are under way on the line; on a network that is nothing beside the time-out.
nanoseconds line_time(const wire_settings& wire, table from, std::uint16_t count) {
    const auto* serial = std::get_if<serial_settings>(&wire);
    if (!serial) return nanoseconds(0);
    const std::int64_t bytes = is_bits(from) ? (count + 7) / 8 : 2 * count;
    const std::int64_t characters = serial->mode == serial_mode::ascii ? 17 + 11 + 2 * bytes : 8 + 5 + bytes;
    return character_time(serial->line) * characters;
}

}  // namespace

device_memory::device_memory(const bus_definition& definition, std::size_t index)
    : definition_(definition),
      device_(definition.devices[index]),
      index_(index),
      cost_(cost_of(definition.wire, usual_turnaround)) {
    make_rules();
}

// ---- Plans -------------------------------------------------------------------------------------------------------------

block device_memory::block_for(std::span<const tidegate_candidate> candidates) {
    const point& first = definition_.points[candidates[0].point];
    due_.clear();
    for (const auto& candidate : candidates) {
        const bool wanted = candidate.due_in <= 0 || &candidate == &candidates[0];
        const point& which = definition_.points[candidate.point];
        if (wanted && !which.source && which.from == first.from) due_.push_back(candidate.point);
    }
    // Where a value that was refused lies around another one, both have a block of their own: the shorter is meant.
    const block* found = nullptr;
    for (const auto& each : cached(first.from, due_))
        if (each.covers(first.whole.address, first.whole.end()) && (!found || each.count < found->count)) found = &each;
    assert(found);
    return with_early(*found, first, candidates);
}

/// What isn't due yet is looked at as the requests that would be made for it later. One rides along if that lengthens this
/// request by less than it would cost, counting the part of its period that is wasted by asking early.
block device_memory::with_early(block from, const point& first, std::span<const tidegate_candidate> candidates) {
    const auto is_early = [&](const tidegate_candidate& candidate) {
        const point& which = definition_.points[candidate.point];
        return candidate.due_in > 0 && !which.source && which.from == first.from;
    };
    early_.clear();
    for (const auto& candidate : candidates)
        if (is_early(candidate) && &candidate != &candidates[0]) early_.push_back(candidate.point);
    if (early_.empty()) return from;
    const auto& allowed = rules(first.from);
    for (const auto& later : cached(first.from, early_)) {
        if (!may_join(from, later, allowed.limits, allowed.around())) continue;
        double waste = 1;  // period / (period - due_in), the worst of its points
        for (const auto& candidate : candidates) {
            const point& which = definition_.points[candidate.point];
            if (!is_early(candidate) || !later.covers(which.whole.address, which.whole.end())) continue;
            if (candidate.due_in >= candidate.period) return from;
            waste =
                std::max(waste, static_cast<double>(candidate.period) / static_cast<double>(candidate.period - candidate.due_in));
        }
        const std::uint16_t begin = std::min(from.address, later.address);
        const auto count = static_cast<std::uint16_t>(std::max(from.end(), later.end()) - begin);
        const nanoseconds more = time_of(cost_, first.from, count) - time_of(cost_, first.from, from.count);
        if (static_cast<double>(more.count()) * waste >= static_cast<double>(time_of(cost_, first.from, later.count).count()))
            continue;
        from = {begin, count, from.items + later.items};
    }
    return from;
}

std::vector<block> device_memory::plan(table from, std::span<const std::uint32_t> points) const {
    const auto items = items_of(points);
    return plan_blocks(items, from, rules(from).limits, cost_, rules(from).around());
}

void device_memory::make_rules() {
    for (const auto from : {table::coil, table::discrete, table::holding, table::input}) {
        table_rules& made = rules_[static_cast<std::size_t>(from) - 1];
        const auto [cuts, unreadable] = learned(from).obstacles();
        made.cuts.assign(cuts.begin(), cuts.end());
        made.cuts.insert(made.cuts.end(), device_.barriers.begin(), device_.barriers.end());
        made.alone.assign(unreadable.begin(), unreadable.end());
        made.limits = limits_of(device_, from);
        if (const auto limit = learned(from).limit()) made.limits.max_read = std::min(made.limits.max_read, *limit);
    }
    for (const auto& each : definition_.points)
        if (each.device == index_ && each.exact && !each.source)
            rules_[static_cast<std::size_t>(each.from) - 1].alone.push_back(each.whole);
}

const std::vector<block>& device_memory::cached(table from, std::span<const std::uint32_t> points) {
    for (const auto& plan : plans_)
        if (plan.from == from && std::equal(points.begin(), points.end(), plan.points.begin(), plan.points.end()))
            return plan.blocks;
    cached_plan made{from, {points.begin(), points.end()}, plan(from, points)};
    if (plans_.size() < most_plans) return plans_.emplace_back(std::move(made)).blocks;
    next_to_replace_ = (next_to_replace_ + 1) % most_plans;
    return (plans_[next_to_replace_] = std::move(made)).blocks;
}

std::vector<item> device_memory::items_of(std::span<const std::uint32_t> points) const {
    std::vector<item> items;
    items.reserve(points.size());
    for (const auto index : points) items.push_back(definition_.points[index].whole);
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    return items;
}

// ---- Pace --------------------------------------------------------------------------------------------------------------

nanoseconds device_memory::probe_timeout(table from, std::uint16_t count, std::optional<nanoseconds> neighbours) {
    ++probes_in_a_row_;
    const auto likely = turnaround_ ? turnaround_ : neighbours;
    if (!likely || probes_in_a_row_ % full_probe_every == 0) return nanoseconds(0);
    const auto wait = std::max(*likely * 4, least_probe_timeout) + line_time(definition_.wire, from, count);
    return std::min(wait, timeout_of(definition_.wire));
}

void device_memory::heard(nanoseconds turnaround) {
    probes_in_a_row_ = 0;
    turnaround_ = turnaround_ ? *turnaround_ + (turnaround - *turnaround_) / 8 : turnaround;
    // A byte arrives when the last of its bits does.
    const auto* serial = std::get_if<serial_settings>(&definition_.wire);
    const auto first_byte = serial ? character_time(serial->line) : nanoseconds(0);
    const auto cost = cost_of(definition_.wire, std::max(*turnaround_ - first_byte, nanoseconds(0)));
    const auto change = cost.fixed > cost_.fixed ? cost.fixed - cost_.fixed : cost_.fixed - cost.fixed;
    if (change * worthwhile_change <= cost_.fixed) return;  // Not enough to make another plan pay.
    cost_ = cost;
    plans_.clear();
}

// ---- Refusals ----------------------------------------------------------------------------------------------------------

void device_memory::answered(table from, const block& what) {
    if (learned(from).answered(what)) changed();
}

bool device_memory::refused(table from, const block& what, std::span<const std::uint32_t> points, std::uint8_t code,
                            nanoseconds now) {
    const bool split = learned(from).refused(what, items_of(points), code, now);
    changed();
    return split;
}

void device_memory::ask_again() {
    for (auto& table : learned_) table.ask_again();
}

void device_memory::changed() {
    make_rules();
    plans_.clear();
    to_be_kept_ = true;
}

const refusal* device_memory::let_alone(std::uint32_t index, nanoseconds now) const {
    const point& which = definition_.points[index];
    if (which.source) return nullptr;
    return learned(which.from).let_alone(which.whole, now);
}

// ---- Over a restart ----------------------------------------------------------------------------------------------------

std::optional<std::string> device_memory::news_to_keep() {
    if (!std::exchange(to_be_kept_, false)) return std::nullopt;
    std::string text = text_of(learned_, TIDEGATE_LEARNED_MAX);
    if (text == kept_ || (kept_.empty() && says_nothing(text))) return std::nullopt;
    kept_ = text;
    return text;
}

void device_memory::recall(std::string_view text, nanoseconds now) {
    modbus::recall(learned_, text, now);
    make_rules();
    plans_.clear();
    kept_ = text_of(learned_, TIDEGATE_LEARNED_MAX);
}

}  // namespace modbus
