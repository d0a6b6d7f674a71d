// adapters/modbus/modbus_device.cpp: see the header.
// Not here: the wire.
#include "adapters/modbus/modbus_device.hpp"

#include <algorithm>
#include <cassert>

namespace modbus {
namespace {

constexpr std::size_t most_plans = 32;  // kept of one device
constexpr nanoseconds least_probe_timeout{50'000'000};
constexpr unsigned full_probe_every = 4;  // a device that has become slow is found again, too

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
    : definition_(definition), device_(definition.devices[index]), cost_(cost_of(definition.wire, usual_turnaround)) {}

// ---- Plans -------------------------------------------------------------------------------------------------------------

block device_memory::block_for(std::span<const tidegate_candidate> candidates) {
    const point& first = definition_.points[candidates[0].point];
    due_.clear();
    for (const auto& candidate : candidates) {
        const bool wanted = candidate.due_in <= 0 || &candidate == &candidates[0];
        const point& which = definition_.points[candidate.point];
        if (wanted && !which.source && which.from == first.from) due_.push_back(candidate.point);
    }
    const auto& blocks = cached(first.from, due_);
    const std::uint32_t end = std::uint32_t{first.address} + first.count;
    // Where a value that was refused lies around another one, both have a block of their own: the shorter is meant.
    const block* found = nullptr;
    for (const auto& each : blocks)
        if (each.covers(first.address, end) && (!found || each.count < found->count)) found = &each;
    assert(found);
    return *found;
}

std::vector<block> device_memory::plan(table from, std::span<const std::uint32_t> points) const {
    const auto items = items_of(points);
    return plan_blocks(items, from, limits_of(device_, from), cost_, learned(from).obstacles());
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
    for (const auto index : points) items.push_back({definition_.points[index].address, definition_.points[index].count});
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    return items;
}

// ---- Pace --------------------------------------------------------------------------------------------------------------

nanoseconds device_memory::probe_timeout(table from, std::uint16_t count) {
    ++probes_in_a_row_;
    if (!turnaround_ || probes_in_a_row_ % full_probe_every == 0) return nanoseconds(0);
    const auto wait = std::max(*turnaround_ * 4, least_probe_timeout) + line_time(definition_.wire, from, count);
    return std::min(wait, timeout_of(definition_.wire));
}

void device_memory::heard(nanoseconds turnaround) {
    probes_in_a_row_ = 0;
    turnaround_ = turnaround_ ? *turnaround_ + (turnaround - *turnaround_) / 8 : turnaround;
    const auto cost = cost_of(definition_.wire, *turnaround_);
    const auto change = cost.fixed > cost_.fixed ? cost.fixed - cost_.fixed : cost_.fixed - cost.fixed;
    if (change * 4 <= cost_.fixed) return;  // Not enough to make another plan pay.
    cost_ = cost;
    plans_.clear();
}

// ---- Refusals ----------------------------------------------------------------------------------------------------------

void device_memory::answered(table from, const block& what) {
    if (learned(from).answered(what)) plans_.clear();
}

bool device_memory::refused(table from, const block& what, std::span<const std::uint32_t> points) {
    const auto items = items_of(points);
    learned(from).refused(what, items);
    plans_.clear();
    return items.size() > 1;
}

}  // namespace modbus
