// gateway/bus/bus_statistics.hpp: what a bus has done and how well: counted by its thread, handed to the loop now and then as a
// value. Pure. Not here: what is told of it (bus_news.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/bus/adapter_bus.hpp"
#include "gateway/bus/schedule.hpp"

namespace gateway {

/// Of requests, since the start.
struct exchange_counts {
    std::uint64_t requests = 0;    // all that were made: the sum of the next four
    std::uint64_t answers = 0;     // … with what was asked for
    std::uint64_t exceptions = 0;  // … that said why not
    std::uint64_t timeouts = 0;
    std::uint64_t damaged = 0;
    std::uint64_t unreachable = 0;  // couldn't be made: no port, no connection
    bool operator==(const exchange_counts&) const = default;
};

struct device_statistics {
    exchange_counts exchanges;
    std::optional<nanoseconds> turnaround;  // from request to answer, moving average; nothing: never heard
    std::uint64_t missed_cycles = 0;        // since the start
    bool overdue = false;                   // cycles were missed lately: its interval isn't met
};

struct bus_statistics {
    std::size_t bus = 0;
    exchange_counts exchanges;
    std::uint64_t missed_cycles = 0;
    double busy = 0;       // share of the last stretch of time that was spent on requests
    double load = 0;       // share of the bus that what has a period needs, by what it was measured to cost
    nanoseconds sweep{0};  // bus time to read everything once, as measured
    double requests_per_second = 0;
    bool down = false;
    std::vector<device_statistics> devices;
};

/// Gathers them. A stretch is the time between two calls of take().
class bus_gauge {
public:
    bus_gauge(std::size_t bus, const std::vector<poll_group>& groups, std::size_t devices, time_point start);

    void took(std::size_t device, const adapter_bus::poll_result& came, time_point began, time_point ended);
    const bus_statistics& take(const schedule& plan, time_point now);

private:
    std::vector<std::size_t> device_of_;  // by group
    bus_statistics now_;
    nanoseconds busy_{0};
    std::uint64_t requests_before_ = 0;
    time_point since_;
};

}  // namespace gateway
