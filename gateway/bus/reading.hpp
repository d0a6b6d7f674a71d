// gateway/bus/reading.hpp: what a bus thread hands to the pipeline: values, and when they were taken.
// Not here: what becomes of them (pipeline.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "store/queue.hpp"

namespace gateway {

/// The device itself says that it has no value now.
struct no_value {
    bool operator==(const no_value&) const = default;
};
using value = std::variant<no_value, bool, std::int64_t, std::uint64_t, float, double, std::string>;

/// A point's number on its bus: its place in the config's order, counted over all devices of the bus.
using point_index = std::uint32_t;

struct reading {
    point_index point = 0;
    gateway::value value;
    bool operator==(const reading&) const = default;
};

/// What one polling of a device's points of one period brought, whole or in part.
struct cycle {
    std::size_t bus = 0;
    std::size_t device = 0;                              // on its bus
    std::vector<reading> readings;                       // in the order of the config
    store::stamp taken;                                  // when the last response arrived
    std::chrono::steady_clock::time_point taken_steady;  // the same moment, for intervals
};

}  // namespace gateway
