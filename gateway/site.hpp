// gateway/site.hpp: a config file with everything loaded that it names: adapters, and a bus of each. The start of every command.
// Not here: doing anything with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/read.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/bus/held_buses.hpp"
#include "gateway/service/live.hpp"

namespace gateway {

struct site {
    explicit site(foreign_adapters where) : adapters(where) {}
    std::string path;
    std::string text;  // of the config file
    adapter_host adapters;
    std::optional<config::file> config;               // absent: the file has errors
    std::vector<std::unique_ptr<adapter_bus>> buses;  // in the order of the config; complete if config is there
    std::vector<config::diagnostic> diagnostics;      // in order of position
    std::vector<held_bus> held;                       // of each bus; from forget_source() on
    std::vector<config_warning> warnings;             // of a file that is good; they outlive `diagnostics` and `templates`
    std::vector<config::template_file> templates;     // that the file uses; a position's `file` counts them
};

/// Reads the file, and lets each adapter check its part. Null, with `why`, if the file can't be read at all.
std::unique_ptr<site> load_site(const std::string& path, std::string& why,
                                foreign_adapters where = foreign_adapters::own_processes);

/// Frees what only reading and checking needed: the file's text, and the adapters' settings. For a process that stays.
void forget_source(site& of);

/// Every diagnostic as `file:line:column: error: …` with its source line, to stderr. Ends with a count if there are errors.
void print_diagnostics(const site& of);

}  // namespace gateway
