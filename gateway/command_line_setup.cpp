// gateway/command_line_setup.cpp: their options.
#include "gateway/command_line_setup.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/schema_options.hpp"

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

}  // namespace

void add_setup_commands(CLI::App& app, const chooser& choose) { add_schema(app, choose); }

}  // namespace gateway
