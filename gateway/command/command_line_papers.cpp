// gateway/command/command_line_papers.cpp: the parser's commands and options as a tree, and what is made of it.
#include "gateway/command/command_line_papers.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "gateway/command/man_pages.hpp"
#include "gateway/command/papers.hpp"
#include "gateway/command/shell_completion.hpp"

namespace gateway {
namespace {

command_option option_of(const CLI::Option& from) {
    command_option to;
    for (const auto& name : from.get_snames()) to.names.push_back("-" + name);
    for (const auto& name : from.get_lnames()) to.names.push_back("--" + name);
    to.takes_value = from.get_items_expected_max() > 0;
    if (!from.nonpositional()) {
        to.names = {from.get_name(true)};
        to.takes_value = false;
    }
    to.help = from.get_description();
    to.type = to.takes_value ? from.get_type_name() : "";
    to.type.resize(std::min(to.type.find(':'), to.type.size()));  // behind it is what a validator says of itself
    to.group = from.get_group();
    to.required = from.get_required();
    to.repeats = from.get_items_expected_max() > 1;
    return to;
}

command_node tree_of(const CLI::App& from, const std::string& parent) {
    command_node to;
    to.name = from.get_name();
    to.path = parent.empty() ? to.name : parent + ' ' + to.name;
    to.help = from.get_description();
    to.footer = from.get_footer();
    for (const CLI::Option* each : from.get_options()) {
        if (each->get_group().empty()) continue;  // hidden
        (each->nonpositional() ? to.options : to.arguments).push_back(option_of(*each));
    }
    for (const CLI::App* each : from.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
        to.commands.push_back(tree_of(*each, to.path));
    return to;
}

struct paper_options {
    std::string shell, file;
    std::string page, texts, folder;
};

int print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
    std::fprintf(stderr, "tidegate: stdout: %s\n", std::strerror(errno));
    return 1;
}

int completion(const command_node& root, const paper_options& typed) {
    if (typed.shell == "bash") return print(bash_completion(root));
    if (typed.shell == "zsh") return print(zsh_completion(root));
    if (typed.shell == "fish") return print(fish_completion(root));
    return print(names_in(typed.file, typed.shell == "devices"));
}

}  // namespace

void add_paper_commands(CLI::App& app, const std::function<void(std::function<int()>)>& choose) {
    const auto options = std::make_shared<paper_options>();
    const auto root = [&app] { return tree_of(app, ""); };
    CLI::App* complete = app.add_subcommand("completion", "Print the completion script of a shell")->group("");
    complete->add_option("SHELL", options->shell, "bash, zsh or fish; buses or devices: the names in a config FILE")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish", "buses", "devices"}));
    complete->add_option("FILE", options->file, "The config file");
    complete->callback([=] { choose([=] { return completion(root(), *options); }); });

    CLI::App* man = app.add_subcommand("man", "Print a manual page in roff, or write all of them into a folder")->group("");
    man->add_option("PAGE", options->page, "tidegate, tidegate-run, …, tidegate.yaml");
    man->add_option("--texts", options->texts, "The folder of docs/man, whose texts are taken in")->type_name("FOLDER");
    man->add_option("--all", options->folder, "Write all into this folder")->type_name("FOLDER");
    man->callback([=] {
        choose([=] {
            return options->folder.empty() ? print_page(root(), options->page, options->texts)
                                           : write_pages(root(), options->folder, options->texts);
        });
    });
}

}  // namespace gateway
