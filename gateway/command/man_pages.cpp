// gateway/command/man_pages.cpp: see man_pages.hpp. The macros are those of man(7).
#include "gateway/command/man_pages.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/schema.hpp"

namespace gateway {
namespace {

std::string in_capitals(std::string text) {
    for (char& each : text) each = static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
    return text;
}

std::string head(const std::string& name, const char* section, std::string_view version) {
    return "'\\\" t\n.\\\" Made from the program's own command line and keys; not to be edited.\n.TH " +
           in_roff(in_capitals(name)) + ' ' + section + " \"\" \"tidegate " + in_roff(version) + "\" \"Tidegate\"\n";
}

std::string bold(const std::string& text) { return "\\fB" + in_roff(text) + "\\fP"; }
std::string italic(const std::string& text) { return "\\fI" + in_roff(text) + "\\fP"; }

std::string synopsis(const command_node& of) {
    std::string text = bold(of.path);
    for (const auto& option : of.options)
        if (option.required)
            text += ' ' + bold(option.names.front()) +
                    (option.takes_value ? ' ' + italic(option.type.empty() ? "VALUE" : option.type) : "");
    const bool more = std::any_of(of.options.begin(), of.options.end(), [](const auto& each) { return !each.required; });
    if (more) text += " [" + italic("OPTION") + "]...";
    for (const auto& argument : of.arguments)
        text += (argument.required ? " " : " [") + italic(argument.names.front()) + (argument.required ? "" : "]") +
                (argument.repeats ? "..." : "");
    if (!of.commands.empty()) text += ' ' + italic("COMMAND");
    return text;
}

/// Ends with a full stop, as sentences of a page do.
std::string sentence(const std::string& help) {
    if (help.empty()) return "";
    const char last = help.back();
    return in_roff(help) + (last == '.' || last == ']' || last == ')' || last == '?' ? "" : ".");
}

void add_options(const command_node& of, const char* heading, const char* subheading, std::string& to) {
    if (!of.arguments.empty()) {
        to += std::string(heading) + " ARGUMENTS\n";
        for (const auto& each : of.arguments)
            to += ".TP\n" + italic(each.names.front()) + '\n' + sentence(each.help.empty() ? each.type : each.help) + '\n';
    }
    if (of.options.empty()) return;
    to += std::string(heading) + " OPTIONS\n";
    std::string group;
    for (const auto& each : of.options) {
        const bool plain = in_capitals(each.group) == "OPTIONS";
        if (each.group != group && !plain) to += std::string(subheading) + ' ' + in_roff(each.group) + '\n';
        group = each.group;
        std::string names;
        for (const auto& name : each.names) names += (names.empty() ? "" : ", ") + bold(name);
        to += ".TP\n" + names + (each.takes_value ? ' ' + italic(each.type.empty() ? "VALUE" : each.type) : "") + '\n';
        const std::string help = sentence(each.help);
        to += (help.empty() ? in_roff(each.takes_value ? "Its value." : "A switch.") : help) +
              (each.required ? " Required." : "") + (each.repeats ? " May be given again." : "") + '\n';
    }
}

/// The Markdown before the first heading, and from it on.
std::pair<std::string_view, std::string_view> parts_of(std::string_view more) {
    const std::size_t heading = more.starts_with("## ") ? 0 : more.find("\n## ");
    if (heading == std::string_view::npos) return {more, {}};
    return {more.substr(0, heading), more.substr(heading)};
}

std::string see_also(const command_node& of, const command_node& root) {
    std::string text = ".SH SEE ALSO\n";
    std::vector<std::string> pages;
    if (&of != &root) pages.push_back("tidegate");
    if (&of == &root)
        for (const auto& each : root.commands) pages.push_back(page_name(each));
    for (const auto& each : pages) text += ".BR " + in_roff(each) + " (1),\n";
    return text + ".BR tidegate.yaml (5)\n";
}

}  // namespace

std::string page_name(const command_node& of) {
    std::string name = of.path;
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string man_page(const command_node& of, const command_node& root, std::string_view version, std::string_view more) {
    std::string help = of.help;
    if (help.ends_with('.')) help.pop_back();
    std::string text = head(page_name(of), "1", version);
    text += ".SH NAME\n" + in_roff(page_name(of)) + " \\- " + in_roff(help) + '\n';
    text += ".SH SYNOPSIS\n";
    const bool has_parts = &of != &root && !of.commands.empty();
    for (const auto* each : has_parts ? all_of(of) : std::vector<const command_node*>{&of})
        if (each->commands.empty() || !has_parts) text += synopsis(*each) + "\n.br\n";
    const auto [description, sections] = parts_of(more);
    text += ".SH DESCRIPTION\n" + sentence(of.help) + '\n' + roff_of_markdown(description);
    if (!has_parts) {
        add_options(of, ".SH", ".SS", text);
    } else {
        add_options(of, ".SH", ".SS", text);
        for (const auto* each : all_of(of)) {
            if (each == &of) continue;
            text += ".SH " + in_roff(in_capitals(each->path)) + '\n' + sentence(each->help) + '\n';
            add_options(*each, ".SS", ".PP\n.B", text);
        }
    }
    if (&of == &root) {
        text += ".SH COMMANDS\n";
        for (const auto& each : root.commands)
            text += ".TP\n.BR " + in_roff(page_name(each)) + " (1)\n" + sentence(each.help) + '\n';
    }
    text += roff_of_markdown(sections);
    text += ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nWhat was asked failed.\n.TP\n2\nThe command line was wrong.\n";
    return text + see_also(of, root);
}

// ---- tidegate.yaml(5) ----

namespace {

const char* words_of(config::form how) {
    using config::form;
    switch (how) {
        case form::text:
        case form::topic:
            return "text";
        case form::choice:
            return "a word";
        case form::integer:
            return "a whole number";
        case form::number:
            return "a number";
        case form::boolean:
            return "true or false";
        case form::duration:
            return "a time, as 250ms, 5s, 1h";
        case form::size:
            return "a size, as 10MiB";
        case form::number_list:
            return "a number, or a list of numbers";
        case form::text_list:
            return "a text, or a list of texts";
        case form::text_by_number:
            return "a map from numbers to texts";
        case form::text_by_name:
            return "a map from names to texts";
        case form::deadband:
            return "a number, or percent";
        case form::secret:
            return "where a secret is: @env:NAME, @file:/path or @cred:NAME";
        case form::url:
            return "a URL";
        case form::url_list:
            return "a URL, or a list of URLs";
        default:
            return "a map";
    }
}

const char* words_of(config::value_kind kind) {
    using config::value_kind;
    switch (kind) {
        case value_kind::choice:
            return "a word";
        case value_kind::integer:
            return "a whole number";
        case value_kind::number:
            return "a number";
        case value_kind::boolean:
            return "true or false";
        case value_kind::duration:
            return "a time, as 250ms, 5s, 1h";
        case value_kind::number_list:
            return "a number, or a list of numbers";
        case value_kind::text_by_number:
            return "a map from numbers to texts";
        case value_kind::text_list:
            return "a text, or a list of texts";
        default:
            return "text";
    }
}

void add_key(const std::string& path, const std::string& form, const std::vector<std::string>& choices, const std::string& usual,
             bool required, const std::string& help, std::string& to) {
    to += ".TP\n" + bold(path) + " (" + in_roff(form);
    for (std::size_t i = 0; i < choices.size(); ++i) to += (i == 0 ? ": " : ", ") + in_roff(choices[i]);
    to += required ? "; required)\n" : ")\n";
    to += (help.empty() ? "A map of further keys." : sentence(help)) +
          (usual.empty() ? "" : " Default: " + in_roff(usual) + '.') + '\n';
}

constexpr auto section_titles =
    std::to_array<const char*>({"THE FILE", "gateway", "mqtt", "buffer", "publish", "A BUS", "A DEVICE", "A POINT",
                                "A TEMPLATE'S FILE", "A TEMPLATE'S HEADER", "http"});
static_assert(section_titles.size() == config::section_count);

}  // namespace

std::string man_page_of_config(std::span<const config::vocabulary> adapters, std::string_view version, std::string_view more) {
    std::string text = head("tidegate.yaml", "5", version);
    text += ".SH NAME\ntidegate.yaml \\- the config file of the gateway Tidegate\n";
    const auto [description, sections] = parts_of(more);
    text += ".SH DESCRIPTION\n" + roff_of_markdown(description);
    for (std::size_t section = 0; section < config::section_count; ++section) {
        text += ".SH KEYS: " + in_roff(in_capitals(section_titles[section])) + '\n';
        for (const auto& key : config::schema()) {
            if (static_cast<std::size_t>(key.section) != section || key.of_adapter || key.form == config::form::unbuilt) continue;
            add_key(key.path, words_of(key.form), key.choices, key.fallback, key.required, key.help, text);
        }
    }
    static constexpr std::array<std::pair<config::scope, const char*>, 3> scopes{
        {{config::scope::bus, "OF A BUS"}, {config::scope::device, "OF A DEVICE"}, {config::scope::point, "OF A POINT"}}};
    for (const auto& adapter : adapters) {
        text += ".SH ADAPTER " + in_roff(in_capitals(adapter.adapter)) + '\n';
        for (const auto& [scope, title] : scopes) {
            std::string keys;
            for (const auto& key : adapter.keys)
                if (key.scope == scope && key.kind != config::value_kind::unbuilt)
                    add_key(key.path, words_of(key.kind), key.choices, "", false, key.help, keys);
            if (!keys.empty()) text += std::string(".SS ") + title + '\n' + keys;
        }
    }
    return text + roff_of_markdown(sections) + ".SH SEE ALSO\n.BR tidegate (1),\n.BR tidegate\\-check (1)\n";
}

}  // namespace gateway
