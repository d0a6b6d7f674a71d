// gateway/command/watch_options.hpp: what `tidegate watch` was asked for.
// Not here: the command line (command_line_setup.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gateway {

struct watch_options {
    std::vector<std::string> what;  // devices of the config, or a bus
    std::string config_path;
    std::string unit;
    std::string template_name;
    std::string every;        // between two rounds
    std::string timeout;      // of a bus that was typed
    std::uint64_t count = 0;  // rounds; 0: until stopped
    bool json = false;
    bool plain = false;  // lines on a terminal, too
};

int watch_command(const watch_options& how);

}  // namespace gateway
