// gateway/command/command_line_status.cpp: see command_line_status.hpp.
#include "gateway/command/command_line_status.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/command/status_options.hpp"

namespace gateway {

void add_status(CLI::App& app, const std::function<void(std::function<int()>)>& choose) {
    const auto how = std::make_shared<status_options>();
    CLI::App* command = app.add_subcommand("status", "How the running service is: broker, queue, buses, and what is wrong");
    command->add_option("-c,--config", how->config_path, "The config file")->required()->type_name("FILE");
    command->add_flag("--json", how->json, "For programs: everything, as /api/state has it (docs/api.md)");
    command->callback([how, choose] { choose([how] { return status_command(*how); }); });
}

}  // namespace gateway
