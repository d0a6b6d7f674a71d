// gateway/command/command_line_reload.cpp: see command_line_reload.hpp.
#include "gateway/command/command_line_reload.hpp"

#include <CLI/CLI.hpp>

namespace gateway {

CLI::App* add_reload_command(CLI::App& to, reload_options& options) {
    CLI::App* command =
        to.add_subcommand("reload", "Have the running service read its config file anew, and change what it changes");
    command->add_option("-c,--config", options.config_path, "The config file that the service runs with")
        ->required()
        ->type_name("FILE");
    return command;
}

}  // namespace gateway
