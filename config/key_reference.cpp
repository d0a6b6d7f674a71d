// config/key_reference.cpp: a table for each place of the file, a row for each key.
#include "config/key_reference.hpp"

#include <algorithm>
#include <vector>

#include "config/grammar.hpp"
#include "config/key_words.hpp"

namespace config {
namespace {

/// A bar would end the cell.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string code(const std::string& text) { return text.empty() ? "" : '`' + cell(text) + '`'; }

std::string default_cell(const definition& key) {
    const auto given = default_of(key);
    if (key.required && key.replaced_by.empty()) return "required";
    if (key.required) return "required, unless there is `" + key.replaced_by + '`';
    if (given == "none" && key.of_adapter) return "none";
    return could_be(key, given) && given.find(' ') == std::string::npos ? code(given) : cell(given);
}

std::string row(const definition& key) {
    return "| `" + key.path + "` | " + cell(value_words(key)) + " | " + default_cell(key) + " | " + cell(meaning_of(key)) +
           " | " + code(example_of(key)) + " |\n";
}

std::string table(const std::string& title, const std::vector<const definition*>& keys) {
    std::string rows;
    for (const auto* one : keys)
        if (one->form != form::unbuilt) rows += row(*one);
    if (rows.empty()) return {};
    return "\n" + title + "\n\n| key | value | default | meaning | example |\n|---|---|---|---|---|\n" + rows;
}

std::vector<const definition*> keys_of(const grammar& rules, section where, bool of_adapter) {
    std::vector<const definition*> out;
    for (const auto* one : rules.keys(where))
        if (one->of_adapter == of_adapter && one->section == where) out.push_back(one);
    return out;
}

}  // namespace

std::string key_reference(std::span<const vocabulary> vocabularies) {
    std::string out =
        "# Every key of the config file\n\n"
        "Made by `tidegate schema --markdown` from the tables that `tidegate check` reads by; [config.md](config.md) tells what "
        "they are good\nfor. A dot means a map inside: `tls.ca` is the key `ca` inside `tls`. Durations: `250ms`, `5s`, `10min`, "
        "`1h`, `7d`. Sizes: `64KiB`, `500MB`,\n`2GiB`. Where no default is given there is none.\n";
    const grammar own(nullptr);
    const auto add = [&](const char* title, section where) { out += table(title, keys_of(own, where, false)); };
    add("## The file", section::file);
    add("## `gateway`", section::gateway);
    add("## `mqtt`", section::mqtt);
    add("## `buffer`", section::buffer);
    add("## `publish`, at the top, of a device, or inline in a point", section::publish);
    add("## A bus: `buses.NAME`", section::bus);
    add("## A device: `buses.NAME.devices.NAME`", section::device);
    add("## A point: `buses.NAME.devices.NAME.points.NAME`", section::point);
    for (const auto& one : vocabularies) {
        const grammar rules(&one);
        out += "\n## Adapter `" + one.adapter + "`\n";
        out += table("### Its bus", keys_of(rules, section::bus, true));
        out += table("### Its devices", keys_of(rules, section::device, true));
        out += table("### Its points", keys_of(rules, section::point, true));
    }
    add("## The file of a device template", section::template_file);
    add("## `template` in it", section::template_header);
    return out;
}

}  // namespace config
