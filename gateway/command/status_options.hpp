// gateway/command/status_options.hpp: what `tidegate status` is told. Not here: how it is typed (command_line_status.hpp).
#pragma once

#include <string>

namespace gateway {

struct status_options {
    std::string config_path;
    bool json = false;
};

int status_command(const status_options& how);

}  // namespace gateway
