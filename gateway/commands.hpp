// gateway/commands.hpp: what each command of the command line does. main.cpp only parses; here a command is one function.
// Exit codes of all: 0 done, 1 what was asked failed, 2 usage.
#pragma once

#include <string>

namespace gateway {

struct command_options {
    std::string config_path;
    bool json = false;
    bool verbose = false;
};

int run_command(const command_options& how);
int check_command(const command_options& how);
int simulate_command(const command_options& how);
int queue_stats_command(const command_options& how);

}  // namespace gateway
