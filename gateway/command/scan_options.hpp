// gateway/command/scan_options.hpp: what `tidegate scan` was asked for.
// Not here: the command line (command_line_setup.hpp).
#pragma once

#include <string>

namespace gateway {

struct scan_options {
    std::string bus;
    std::string config_path;
    std::string units;
    std::string bauds;
    std::string parities;
    std::string timeout;
    std::string output_path;
    bool replace = false;
    bool json = false;
    bool thorough = false;
    bool identify = true;
};

int scan_command(const scan_options& how);

}  // namespace gateway
