// gateway/command/reload_command.hpp: `tidegate reload`: asks the running service to read its config file anew.
// Not here: what the service does then (app_reload.cpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway {

struct reload_options {
    std::string config_path;
};

/// Prints what changed, or what is wrong with the file. Returns the exit code.
int reload_command(const reload_options& how);

/// Whose service a config file is for, though the file may have errors. Pure.
struct service_of_config {
    std::string gateway_id;
    std::string queue_path;
    bool operator==(const service_of_config&) const = default;
};
std::optional<service_of_config> service_of(std::string_view text);

}  // namespace gateway
