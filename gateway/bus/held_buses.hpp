// gateway/bus/held_buses.hpp: which ports and hosts the buses of a config hold, for those who want to visit one (visits.hpp).
// Pure. Not here: whether two names are of one port, which only the system knows.
#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/limits.hpp"

namespace gateway {

/// What of a bus's settings has to be known as long as the service runs (forget_source frees them).
struct held_bus {
    std::string place;                                   // as place_of(); empty: it holds none
    std::bitset<256> units;                              // that its devices answer to
    bool on_a_line = false;                              // an answer doesn't say to which request it is
    std::chrono::nanoseconds wait = limits::visit_wait;  // for an answer
};
std::vector<held_bus> held_buses(const config::file& config);

}  // namespace gateway
