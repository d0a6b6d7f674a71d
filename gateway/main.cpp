// gateway/main.cpp: the command line, and nothing else: parses, calls one function, returns its exit code.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "gateway/commands.hpp"

namespace {

CLI::App* add_command(CLI::App& to, const char* name, const char* help, gateway::command_options& options) {
    CLI::App* command = to.add_subcommand(name, help);
    command->add_option("-c,--config", options.config_path, "The config file")->required()->type_name("FILE");
    return command;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a connection that is gone is an error code, not the end of the process
    mallopt(M_ARENA_MAX, 2);        // an arena for each thread would cost more than it saves

    gateway::command_options options;
    int (*chosen)(const gateway::command_options&) = nullptr;

    CLI::App app("Tidegate: polls Modbus devices, keeps their readings in a durable queue, delivers them over MQTT.", "tidegate");
    app.set_version_flag("--version", "tidegate " TIDEGATE_VERSION);
    app.require_subcommand(1);
    app.footer("Exit codes: 0 done, 1 what was asked failed, 2 usage.");

    CLI::App* run = add_command(app, "run", "The service, in the foreground; logs to stderr", options);
    run->add_flag("-v,--verbose", options.verbose, "Log details, too");
    run->callback([&] { chosen = gateway::run_command; });

    CLI::App* check =
        add_command(app, "check", "Check a config file: all errors at once, then the poll plan and load of each bus", options);
    check->add_flag("--json", options.json, "For programs");
    check->callback([&] { chosen = gateway::check_command; });

    CLI::App* simulate = add_command(app, "simulate", "Serve every device of a config file as a simulated one", options);
    simulate->callback([&] { chosen = gateway::simulate_command; });

    CLI::App* queue = app.add_subcommand("queue", "Look at the durable queue, also beside a running service");
    queue->require_subcommand(1);
    CLI::App* stats = add_command(*queue, "stats", "Accepted, acknowledged, queued, dropped", options);
    stats->add_flag("--json", options.json, "For programs");
    stats->callback([&] { chosen = gateway::queue_stats_command; });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return chosen(options);
}
