// adapters/modbus/plan.cpp: the cost model and the interval dynamic program.
// Not here: which points are due.
#include "adapters/modbus/plan.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace modbus {
namespace {

// A serial server doesn't say what its line runs at; with this one, gaps of up to 25 registers are read along.
constexpr line_format likely_line{19200, 'E', 8, 1};

request_cost cost_on_line(const line_format& line, nanoseconds spacing, nanoseconds turnaround) {
    const nanoseconds gap = frame_gap(line);
    return {read_time(line, 0, turnaround) + std::max(spacing - gap, nanoseconds(0)), character_time(line)};
}

request_cost cost_in_ascii(const line_format& line, nanoseconds spacing, nanoseconds turnaround) {
    const nanoseconds gap = frame_gap(line);
    return {ascii_read_time(line, 0, turnaround) + std::max(spacing - gap, nanoseconds(0)), 2 * character_time(line)};
}

bool touches_any(std::span<const item> unreadable, std::uint32_t from, std::uint32_t to) {
    return std::any_of(unreadable.begin(), unreadable.end(),
                       [&](const item& bad) { return bad.address < to && from < bad.end(); });
}

bool cut_between(std::span<const std::uint32_t> cuts, const item& before, const item& after) {
    return std::any_of(cuts.begin(), cuts.end(), [&](std::uint32_t cut) { return before.address < cut && cut <= after.address; });
}

/// The cheapest way to read the items before some place: what it costs, and where its last request begins.
struct best_way {
    nanoseconds time{std::numeric_limits<std::int64_t>::max()};
    std::size_t requests = 0;
    std::size_t last_begins = 0;
    std::uint32_t last_ends = 0;  // address

    bool is_better_than(const best_way& other) const {
        return time != other.time ? time < other.time : requests < other.requests;
    }
};

}  // namespace

request_limits limits_of(const device& which, table from) {
    const std::uint32_t each = is_bits(from) ? 16 : 1;
    request_limits limits{std::min<std::uint32_t>(which.max_read * each, is_bits(from) ? 2000 : 125), std::nullopt};
    if (which.max_gap) limits.max_gap = *which.max_gap * each;
    return limits;
}

request_cost cost_of(const wire_settings& wire, nanoseconds turnaround) {
    if (const auto* serial = std::get_if<serial_settings>(&wire)) {
        const auto cost = serial->mode == serial_mode::ascii ? cost_in_ascii : cost_on_line;
        return cost(serial->line, serial->request_spacing, turnaround);
    }
    if (std::holds_alternative<ascii_over_tcp_settings>(wire))
        return cost_in_ascii(likely_line, manners_of(wire).request_spacing, turnaround);
    if (!has_mbap(wire)) return cost_on_line(likely_line, manners_of(wire).request_spacing, turnaround);
    // A round trip outweighs the 250 bytes of the longest answer on every network that devices are on: the fewest requests
    // win, and of equally many the shortest.
    return {nanoseconds(1'000'000), nanoseconds(80)};
}

nanoseconds time_of(const request_cost& cost, table from, std::uint32_t count) {
    const std::int64_t bytes = is_bits(from) ? (count + 7) / 8 : 2 * count;
    return cost.fixed + cost.per_byte * bytes;
}

std::vector<block> plan_blocks(std::span<const item> items, table from, const request_limits& limits, const request_cost& cost,
                               const obstacles& around) {
    assert(std::is_sorted(items.begin(), items.end()));
    // best[j] is the best way for items 0..j-1. Since the items are ordered by where they begin, some best plan has only
    // blocks of neighbours: an item between two of another block is inside it, or takes the second one into its own.
    std::vector<best_way> best(items.size() + 1);
    best[0].time = nanoseconds(0);
    for (std::size_t i = 0; i < items.size(); ++i) {
        std::uint32_t end = items[i].end();
        for (std::size_t j = i; j < items.size(); ++j) {
            if (j > i) {
                const std::uint32_t gap = items[j].address > end ? items[j].address - end : 0;
                end = std::max(end, items[j].end());
                if (limits.max_gap && gap > *limits.max_gap) break;
                if (end - items[i].address > limits.max_read) break;
                if (cut_between(around.cuts, items[j - 1], items[j])) break;
                if (touches_any(around.unreadable, items[i].address, end)) break;
            }
            const best_way way{best[i].time + time_of(cost, from, end - items[i].address), best[i].requests + 1, i, end};
            if (way.is_better_than(best[j + 1])) best[j + 1] = way;
        }
    }
    std::vector<block> blocks;
    for (std::size_t j = items.size(); j > 0; j = best[j].last_begins) {
        const auto& first = items[best[j].last_begins];
        blocks.push_back({first.address, static_cast<std::uint16_t>(best[j].last_ends - first.address),
                          static_cast<std::uint32_t>(j - best[j].last_begins)});
    }
    std::reverse(blocks.begin(), blocks.end());
    return blocks;
}

}  // namespace modbus
