// gateway/command/command_line_commission.cpp: see command_line_commission.hpp.
#include "gateway/command/command_line_commission.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>

namespace gateway {
namespace {

constexpr const char* bus_help =
    "/dev/ttyUSB0?baud=19200 (or ascii:///dev/ttyUSB0), tcp://host[:502], tls://host[:802], udp://host[:502], "
    "rtu+tcp://host:port, "
    "ascii+tcp://host:port, rtu+udp://host:port; settings behind '?', with '&' between them; with -c the name of a bus";

/// One argument each time, so that it doesn't take what follows for another of its own.
template <typename T>
void text(CLI::App& to, const char* group, const char* names, T& value, const char* type, const char* help) {
    to.add_option(names, value, help)->type_name(type)->group(group)->allow_extra_args(false);
}

void number(CLI::App& to, const char* names, std::uint64_t& value, std::uint64_t most, const char* help) {
    const auto range = [most](const std::string& typed) -> std::string {
        std::uint64_t found = 0;
        const auto [end, error] = std::from_chars(typed.data(), typed.data() + typed.size(), found);
        if (error == std::errc() && end == typed.data() + typed.size() && found >= 1 && found <= most) return "";
        return "'" + typed + "' is not a whole number from 1 to " + std::to_string(most);
    };
    to.add_option(names, value, help)->type_name("N")->group("Options")->check(CLI::Validator(range, ""));
}

CLI::App* add(CLI::App& app, const char* name, const char* help, commission_options& o) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("BUS", o.bus.bus, bus_help)->required()->type_name("");
    text(*command, "Options", "-c,--config", o.bus.config_path, "FILE", "A config file: BUS is the name of one of its buses");
    text(*command, "Options", "-u,--unit", o.where.unit, "N", "The device's unit address");
    command->get_option("--unit")->required();
    text(*command, "Options", "--timeout", o.timeout, "TIME", "How long to wait for an answer [500ms; over a network 1s]");
    command->add_flag("--json", o.json, "For programs: an object a line")->group("Options");
    return command;
}

void add_place(CLI::App& to, commission_options& o) {
    const char* const group = "Where (one of them)";
    text(to, group, "--holding", o.where.holding, "ADDRESS", "A holding register; counts from 0");
    text(to, group, "--input", o.where.input, "ADDRESS", "An input register");
    text(to, group, "--coil", o.where.coil, "ADDRESS", "A coil");
    text(to, group, "--discrete", o.where.discrete, "ADDRESS", "A discrete input");
    text(to, group, "--register", o.where.modicon, "NUMBER", "In Modicon notation, which counts from 1: 40108 is --holding 107");
}

void add_type(CLI::App& to, commission_options& o, const char* without) {
    const char* const group = "What";
    text(to, group, "--type", o.where.type, "TYPE", without);
    text(to, group, "--order", o.where.order, "ABCD|CDAB|BADC|DCBA", "Of its bytes [ABCD]");
    text(to, group, "--scale", o.where.scale, "NUMBER", "The value is the raw number times this [1]");
    text(to, group, "--length", o.where.length, "N", "Registers of a string or of bytes");
}

}  // namespace

commission_commands::commission_commands(CLI::App& app) {
    CLI::App* read = add(app, "read", "Read registers of a device: their words, and as values", options_);
    add_place(*read, options_);
    add_type(*read, options_, "int16, uint32, float32, string, … as in the config file [the words as they are]");
    number(*read, "-n,--count", options_.count, 2000, "So many values, one after the other [1]");
    text(*read, "Options", "--every", options_.every, "TIME", "Again and again, until Ctrl-C");
    read->add_flag("--identify", options_.identify, "Instead: what the device says it is (functions 43/14 and 17)")
        ->group("Options");
    read->footer(
        "  tidegate read tcp://10.0.0.5 --unit 1 --holding 107 --type float32\n"
        "  tidegate read '/dev/ttyUSB0?baud=19200' --unit 5 --input 0 --count 20\n"
        "  tidegate read -c plant.yaml line1 --unit 5 --identify");
    read->callback([this] { chosen_ = read_command; });

    CLI::App* guess = add(app, "guess", "Find out how registers are to be read: which type, which byte order", options_);
    add_place(*guess, options_);
    text(*guess, "Options", "-e,--expect", options_.expect, "VALUE", "What it should be now, in any unit: 230, or 0.23");
    text(*guess, "Options", "--tolerance", options_.tolerance, "PERCENT", "How near that must be [2%]");
    number(*guess, "--reads", options_.reads, 1000, "Read it so often, to see what moves [1]");
    text(*guess, "Options", "--every", options_.every, "TIME", "With so much time between [1s]");
    guess->add_flag("--all", options_.all, "Everything that it could be, not the best ten alone")->group("Options");
    guess->footer(
        "  tidegate guess tcp://10.0.0.5 --unit 1 --holding 107 --expect 230\n"
        "  tidegate guess /dev/ttyUSB0 --unit 5 --input 0 --reads 5 --every 2s");
    guess->callback([this] { chosen_ = guess_command; });

    CLI::App* write = add(app, "write", "Write a value to a device, after asking, and read it back", options_);
    add_place(*write, options_);
    add_type(*write, options_, "int16, uint32, float32, string, … as in the config file");
    write->add_option("VALUE", options_.value, "The value, as it would be read: scaled, or true and false")
        ->required()
        ->type_name("");
    write->add_flag("-y,--yes", options_.yes, "Don't ask")->group("Options");
    write
        ->add_flag_callback(
            "--no-verify", [this] { options_.verify = false; }, "Don't read it back")
        ->group("Options");
    write->footer(
        "  tidegate write tcp://10.0.0.5 --unit 1 --holding 12 --type int16 --scale 0.1 21.5\n"
        "  tidegate write -c plant.yaml line1 --unit 5 --coil 3 --yes true");
    write->callback([this] { chosen_ = write_command; });
}

std::optional<int> commission_commands::run() const {
    if (chosen_ == nullptr) return std::nullopt;
    return chosen_(options_);
}

}  // namespace gateway
