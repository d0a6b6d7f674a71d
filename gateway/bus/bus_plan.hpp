// gateway/bus/bus_plan.hpp: what a bus will be asked, how often, what that costs, and in words: for `check`.
// Not here: the requests themselves (the adapter's plan), and what it came to in reality (bus_statistics.hpp).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/adapter_host.hpp"

namespace gateway {

struct planned_group {
    const config::device* device = nullptr;
    std::chrono::nanoseconds period{0};
    config::priority priority = config::priority::normal;
    std::vector<adapter_bus::planned_request> requests;
    double load = 0;  // share of the bus time; 0 without a period
};

struct planned_bus {
    const config::bus* bus = nullptr;
    std::vector<planned_group> groups;
    std::size_t points = 0;
    double load = 0;                 // of all groups with a period
    double requests_per_second = 0;  // of those
    bool fills = false;              // some have none: they take what is left
    bool timed = false;              // the adapter knows what a request costs
    // Everything once, the points of a device together whatever their periods.
    std::chrono::nanoseconds sweep{0};
    std::size_t sweep_requests = 0;
};

planned_bus plan_of(const config::bus& config, adapter_bus& bus);
std::string in_words(const planned_bus& plan);
/// {"name":"line","requests_per_second":4.5,"load":0.31,…}
std::string in_json(const planned_bus& plan);

}  // namespace gateway
