// adapters/modbus/plan.hpp: puts the registers of one table of one device into as few and as short requests as pays.
// Not here: when to ask (the host decides), what a device refused (plan_learned.hpp). Pure.
//
// An interval dynamic program, always optimal: best(j) = min over i of best(i) + cost(block of items i..j-1). A greedy choice
// by gap is up to 10 % worse on maps with a low limit, and no simpler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adapters/modbus/points.hpp"

namespace modbus {

/// The registers of one value or group, or a coil: never cut.
using item = extent;

/// One request: registers, or coils, from `address`, gaps included.
struct block {
    std::uint16_t address = 0;
    std::uint16_t count = 1;
    std::uint32_t items = 1;  // distinct ones in it
    std::uint32_t end() const { return std::uint32_t{address} + count; }
    bool covers(std::uint16_t from, std::uint32_t to) const { return address <= from && to <= end(); }
    bool operator==(const block&) const = default;
};

/// What limits a request to one table of a device. Counts are registers, or coils.
struct request_limits {
    std::uint32_t max_read = 125;
    std::optional<std::uint32_t> max_gap;
};
request_limits limits_of(const device& which, table from);

/// The time that the bus is taken: `fixed` for a request, and for each byte of data.
struct request_cost {
    nanoseconds fixed{0};
    nanoseconds per_byte{0};
};
/// `turnaround`: what the device takes to begin its answer. For TCP, and for a serial server whose line isn't known, a
/// likeness that is good for planning only.
request_cost cost_of(const wire_settings& wire, nanoseconds turnaround);
nanoseconds time_of(const request_cost& cost, table from, std::uint32_t count);
constexpr nanoseconds usual_turnaround{20'000'000};  // of a device not yet heard

/// What a request mustn't do, since the config says so or the device refused it.
struct obstacles {
    std::span<const std::uint32_t> cuts;  // no request has items that begin before and items that begin at or after a cut
    std::span<const item> alone;          // no request with other items touches these
};

/// Whether one request may read what lies in `what` beside the items of `more`, both ordered.
bool may_join(const block& what, const block& more, const request_limits& limits, const obstacles& around);

/// Ordered by address. Requires: `items` ordered and distinct; each of them fits the limits.
std::vector<block> plan_blocks(std::span<const item> items, table from, const request_limits& limits, const request_cost& cost,
                               const obstacles& around);

}  // namespace modbus
