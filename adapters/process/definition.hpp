// adapters/process/definition.hpp: a bus of the process adapter as its config says it.
// Not here: what is said to the program (lines.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"

namespace process {

struct point {
    std::string name;
    std::string address;
    std::vector<std::string> options;
    std::size_t device = 0;
};

struct device {
    std::string name;
    std::string address;
    std::vector<std::string> options;
};

struct bus_definition {
    std::string name;
    std::vector<std::string> command;  // not empty
    std::vector<std::string> options;
    std::chrono::nanoseconds timeout{std::chrono::seconds(5)};
    std::vector<device> devices;
    std::vector<point> points;  // by their numbers
};

/// Requires to.count() == 0 afterwards to be of use.
bus_definition read_definition(const tidegate_bus_config& config, tidegate::faults& to);

}  // namespace process
