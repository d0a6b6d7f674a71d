// config/grammar.cpp: joins the file's own keys and an adapter's, the file's first.
#include "config/grammar.hpp"

#include <algorithm>
#include <array>

#include "config/findings.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

constexpr std::array all_sections = {section::file, section::gateway, section::mqtt,  section::buffer, section::publish,
                                     section::bus,  section::device,  section::point, section::http};
constexpr std::size_t most_words_listed = 40;

section section_of(scope where) {
    if (where == scope::bus) return section::bus;
    return where == scope::device ? section::device : section::point;
}

form form_of(value_kind kind) {
    switch (kind) {
        case value_kind::text:
            return form::text;
        case value_kind::choice:
            return form::choice;
        case value_kind::integer:
            return form::integer;
        case value_kind::number:
            return form::number;
        case value_kind::boolean:
            return form::boolean;
        case value_kind::duration:
            return form::duration;
        case value_kind::number_list:
            return form::number_list;
        case value_kind::text_by_number:
            return form::text_by_number;
        case value_kind::text_list:
            return form::text_list;
        case value_kind::unbuilt:
            break;
    }
    return form::unbuilt;
}

definition define(const adapter_key& key) {
    definition out;
    out.section = section_of(key.scope);
    out.form = form_of(key.kind);
    out.path = key.path;
    out.choices = key.choices;
    out.least = key.least;
    out.most = key.most;
    out.help = key.help;
    out.of_adapter = true;
    return out;
}

/// "serial." for "serial.port", "" for "timeout".
std::string_view map_of(std::string_view path) {
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? "" : path.substr(0, dot + 1);
}

std::string_view last_part(std::string_view path) { return path.substr(map_of(path).size()); }

/// Where keys of a section stand, after "belongs".
std::string home(section where, std::string_view inside) {
    if (!inside.empty()) return "inside " + quoted(inside.substr(0, inside.size() - 1));
    switch (where) {
        case section::file:
            return "at the top level";
        case section::gateway:
            return "inside 'gateway'";
        case section::mqtt:
            return "inside 'mqtt'";
        case section::buffer:
            return "inside 'buffer'";
        case section::publish:
            return "inside 'publish'";
        case section::http:
            return "inside 'http'";
        case section::bus:
            return "to a bus";
        case section::device:
            return "to a device";
        case section::template_file:
            return "at the top level of a template";
        case section::template_header:
            return "inside 'template' of a template";
        case section::point:
            break;
    }
    return "to a point";
}

void add_once(std::vector<std::string>& to, std::string one) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(std::move(one));
}

/// "inside 'serial'" after another "inside ..." is only "'serial'".
std::string_view without_repetition(const std::vector<std::string>& phrases, std::size_t i) {
    constexpr std::string_view inside = "inside ";
    const bool repeats = i > 0 && phrases[i].starts_with(inside) && phrases[i - 1].starts_with(inside);
    return std::string_view(phrases[i]).substr(repeats ? inside.size() : 0);
}

std::string either(const std::vector<std::string>& phrases) {
    std::string out;
    for (std::size_t i = 0; i < phrases.size(); ++i) {
        if (i > 0) out += i + 1 == phrases.size() ? " or " : ", ";
        out += without_repetition(phrases, i);
    }
    return out;
}

}  // namespace

grammar::grammar(const vocabulary* adapter) {
    const auto add = [this](section where, const definition& one) { keys_[static_cast<std::size_t>(where)].push_back(&one); };
    for (const auto& one : schema()) {
        add(one.section, one);
        if (one.section == section::publish) add(section::point, one);
    }
    if (adapter == nullptr) return;
    of_adapter_.reserve(adapter->keys.size());  // They are pointed to.
    for (const auto& key : adapter->keys) of_adapter_.push_back(define(key));
    for (const auto& one : of_adapter_) add(one.section, one);  // Last, so that find() meets the file's own key first.
}

const definition* grammar::find(section where, std::string_view path) const {
    const auto& all = keys(where);
    const auto found = std::find_if(all.begin(), all.end(), [&](const definition* one) { return one->path == path; });
    return found == all.end() ? nullptr : *found;
}

bool grammar::is_map(section where, std::string_view path) const {
    const auto& all = keys(where);
    return std::any_of(all.begin(), all.end(), [&](const definition* one) {
        return one->path.size() > path.size() && one->path.starts_with(path) && one->path[path.size()] == '.';
    });
}

/// The keys that may stand directly in this map.
std::vector<std::string> grammar::words(section where, std::string_view inside) const {
    std::vector<std::string> out;
    for (const auto* one : keys(where)) {
        if (!one->path.starts_with(inside)) continue;
        const auto rest = std::string_view(one->path).substr(inside.size());
        add_once(out, std::string(rest.substr(0, rest.find('.'))));
    }
    return out;
}

/// Where else a key of just this name stands: "inside 'serial' or inside 'tcp'".
std::string grammar::homes_of(section where, std::string_view inside, std::string_view key) const {
    std::vector<std::string> homes;
    for (const auto other : all_sections) {
        for (const auto* one : keys(other)) {
            const auto map = map_of(one->path);
            const bool same_place = other == where && map == inside;
            if (same_place || last_part(one->path) != key) continue;
            // A point's own publish keys are the same as those of `publish`; one home is enough to say.
            if (one->section != other) continue;
            add_once(homes, home(other, map));
        }
    }
    return homes.size() <= 3 ? either(homes) : "";
}

std::string grammar::misspelt_elsewhere(section where, std::string_view inside, std::string_view key) const {
    const definition* best = nullptr;
    for (const auto other : all_sections) {
        for (const auto* one : keys(other)) {
            const auto name = last_part(one->path);
            if ((other == where && map_of(one->path) == inside) || one->section != other || !resembles(key, name)) continue;
            if (best == nullptr || distance(key, name) < distance(key, last_part(best->path))) best = one;
        }
    }
    if (best == nullptr) return "";
    return quoted(last_part(best->path)) + ", which belongs " + home(best->section, map_of(best->path));
}

std::optional<std::string> grammar::synonym(section where, std::string_view inside, std::string_view key) const {
    for (const auto* one : keys(where))
        if (map_of(one->path) == inside && std::find(one->synonyms.begin(), one->synonyms.end(), key) != one->synonyms.end())
            return std::string(last_part(one->path));
    return std::nullopt;
}

std::optional<std::string> grammar::meant(section where, std::string_view inside, std::string_view key) const {
    if (auto other = synonym(where, inside, key)) return other;
    const auto known = closest(key, words(where, inside));
    if (known && distance(key, *known) <= 1) return known;
    if (!homes_of(where, inside, key).empty()) return std::nullopt;
    return known;
}

std::string grammar::unknown_key(section where, std::string_view inside, std::string_view key) const {
    // What is behind the colon isn't repeated: it may be a password.
    if (const auto colon = key.find(':'); colon != std::string_view::npos && colon > 0)
        return "a space is missing after " + quoted(key.substr(0, colon + 1));
    const auto start = "unknown key " + quoted(key);
    if (const auto path = std::string(inside) + std::string(key); find(where, path) != nullptr)
        return start + "; write " + quoted(last_part(path)) + " " + home(where, map_of(path));
    if (where == section::point && inside.empty() && key == "publish")
        return start + " here; in a point its keys stand inline, such as 'qos: 1'";
    if (const auto here = meant(where, inside, key)) return start + " (did you mean " + quoted(*here) + "?)";
    if (const auto homes = homes_of(where, inside, key); !homes.empty())
        return start + " here; " + quoted(key) + " belongs " + homes;
    if (const auto there = misspelt_elsewhere(where, inside, key); !there.empty())
        return start + " (did you mean " + there + "?)";
    const auto known = words(where, inside);
    if (known.size() > most_words_listed) return start;
    return start + "; known here: " + one_of(known);
}

}  // namespace config
