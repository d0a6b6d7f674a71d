// gateway/command/command_line_setup.cpp: their options.
#include "gateway/command/command_line_setup.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/command/import_options.hpp"
#include "gateway/command/scan_options.hpp"
#include "gateway/command/schema_options.hpp"
#include "gateway/command/watch_options.hpp"

namespace gateway {
namespace {

using chooser = std::function<void(std::function<int()>)>;

void add_schema(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<schema_options>();
    CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of the config file, from which editors complete");
    schema->add_flag("--template", options->of_template, "That of a device template's file");
    schema->add_flag("--markdown", options->markdown, "A table of all keys instead, for people");
    schema->callback([=] { choose([=] { return schema_command(*options); }); });
}

void add_scan(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<scan_options>();
    CLI::App* scan = app.add_subcommand("scan", "Find the devices of a bus or a small network, and what they are");
    scan->add_option("BUS", options->bus,
                     "/dev/ttyUSB0, rtu:///dev/ttyUSB0?baud=19200, tcp://10.0.0.5, tcp://10.0.0.0/28, rtu+tcp://10.0.0.6:4001; "
                     "or with -c a "
                     "bus of the config")
        ->required()
        ->type_name("");
    scan->add_option("-c,--config", options->config_path, "A config file, of which BUS is a bus")->type_name("FILE");
    scan->add_option("--units", options->units, "1,5,10-12 [1-247]")->type_name("LIST");
    scan->add_option("--baud", options->bauds, "Speeds to try: 9600,19200 [BUS's, or the usual ones]")->type_name("LIST");
    scan->add_option("--parity", options->parities, "N,E,O [BUS's, or the usual ones]")->type_name("LIST");
    scan->add_option("--timeout", options->timeout, "How long the slowest device may take [500ms, of hosts 1s]")
        ->type_name("TIME");
    scan->add_flag("--thorough", options->thorough, "Give every silent unit the full time-out, at every speed");
    scan->add_flag_callback(
        "--no-identify", [=] { options->identify = false; }, "Only who answers, not what they are");
    scan->add_option("-o,--output", options->output_path, "Write a config with what was found")->type_name("FILE");
    scan->add_flag("--force", options->replace, "Replace that file if it is there");
    scan->add_flag("--json", options->json, "For programs: an object a line");
    scan->callback([=] { choose([=] { return scan_command(*options); }); });
}

void add_watch(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<watch_options>();
    CLI::App* watch =
        app.add_subcommand("watch", "Show a device's values as they come, from the running service or from the bus");
    watch->add_option("WHAT", options->what, "With -c: devices of the config [all]; else a bus: /dev/ttyUSB0, tcp://10.0.0.5")
        ->type_name("");
    watch->add_option("-c,--config", options->config_path, "The config file; its service is asked if it runs")->type_name("FILE");
    watch->add_option("--unit", options->unit, "Of a bus: the unit")->type_name("N");
    watch->add_option("--template", options->template_name, "Of a bus: the device template")->type_name("NAME");
    watch->add_option("--every", options->every, "How often [1s]")->type_name("TIME");
    watch->add_option("--timeout", options->timeout, "Of a bus: how long to wait for an answer")->type_name("TIME");
    watch->add_option("-n,--count", options->count, "End after so many rounds [never]")->type_name("N");
    watch->add_flag("--json", options->json, "For programs: an object a line for each new value");
    watch->add_flag("--plain", options->plain, "A line for each new value, on a terminal, too");
    watch->callback([=] { choose([=] { return watch_command(*options); }); });
}

void add_import(CLI::App& app, const chooser& choose) {
    const auto options = std::make_shared<import_options>();
    CLI::App* importing = app.add_subcommand("import", "Turn a maker's register list (CSV) into a device template or a config");
    importing->add_option("FILE", options->list_path, "The list; -: stdin")->required()->type_name("");
    importing->add_option("-o,--output", options->output_path, "Where to [stdout]")->type_name("FILE");
    importing->add_flag("--config", options->whole_config, "A config to begin with instead of a template");
    importing->add_flag("--force", options->replace, "Replace the output file if it is there");
    importing->add_option("--base", options->base, "What addresses count from: 0, 1, or modicon (40001) [guessed, and said]")
        ->type_name("N")
        ->check(CLI::IsMember({"0", "1", "modicon"}));
    importing->add_option("--table", options->table, "Of lines that name none: holding, input, coil, discrete [holding]")
        ->type_name("NAME");
    importing->add_option("--order", options->order, "Of values that name none [ABCD]")->type_name("ABCD|CDAB|BADC|DCBA");
    importing->add_flag("--divide", options->divide, "The scale column holds divisors");
    importing->add_option("--column", options->columns, "A column by its head: address='Reg. Nr.'; see docs/import.md")
        ->type_name("WHAT=HEAD")
        ->allow_extra_args(false);
    importing->add_option("--description", options->description, "Of the device, for the template")->type_name("TEXT");
    importing->callback([=] { choose([=] { return import_command(*options); }); });
}

}  // namespace

void add_setup_commands(CLI::App& app, const chooser& choose) {
    add_scan(app, choose);
    add_watch(app, choose);
    add_import(app, choose);
    add_schema(app, choose);
}

}  // namespace gateway
