// gateway/command/command_line_diagnostics.cpp: their options.
#include "gateway/command/command_line_diagnostics.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/command/diagnostics_options.hpp"

namespace gateway {
namespace {

using chooser = std::function<void(std::function<int()>)>;

void add_config(CLI::App& to, std::string& path) {
    to.add_option("-c,--config", path, "The config file")->required()->type_name("FILE");
}

void add_doctor(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<doctor_options>();
    CLI::App* doctor =
        app.add_subcommand("doctor", "Check all that a gateway needs: ports, disk, clock, broker, service; with remedies");
    add_config(*doctor, options->config_path);
    doctor->add_flag("--json", options->json, "For programs");
    doctor->callback([=] { choose([=] { return doctor_command(*options); }); });
}

void add_bundle(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<bundle_options>();
    CLI::App* bundle = app.add_subcommand("support-bundle", "Pack what somebody needs who is to help, without secrets");
    add_config(*bundle, options->config_path);
    bundle->add_option("-o,--output", options->output, "Where to [tidegate-support-TIME.tar.gz here]")->type_name("FILE");
    bundle->add_option("--journal", options->journal_lines, "So many of the service's last log lines [2000]")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{100'000}));
    bundle->callback([=] { choose([=] { return bundle_command(*options); }); });
}

void add_trace(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<trace_options>();
    CLI::App* trace = app.add_subcommand("trace", "Show every frame on a bus, live from the running service");
    trace->add_option("BUS", options->bus, "The bus, as the config file names it")->required()->type_name("");
    add_config(*trace, options->config_path);
    trace->add_option("--pcap", options->pcap, "A pcap file for Wireshark instead; -: stdout")->type_name("FILE");
    trace->add_flag("--json", options->json, "For programs: an object a line");
    trace->add_option("-n,--count", options->count, "End after so many frames [never]")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62));
    trace->add_option("--for", options->for_time, "End after this time [never]")->type_name("TIME");
    trace->callback([=] { choose([=] { return trace_command(*options); }); });
}

}  // namespace

void add_diagnostics_commands(CLI::App& app, const chooser& choose) {
    add_doctor(app, choose);
    add_bundle(app, choose);
    add_trace(app, choose);
}

}  // namespace gateway
