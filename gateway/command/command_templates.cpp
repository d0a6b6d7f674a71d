// gateway/command/command_templates.cpp: `tidegate templates`: which device templates there are, and what one of them says.
// Not here: what becomes of a device that uses one; `tidegate check` shows that.
#include <algorithm>
#include <cstdio>

#include "config/source.hpp"
#include "config/units.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/command/commands.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/template_folders.hpp"

namespace gateway {
namespace {

/// A template with the device that it makes; none if it has errors.
struct listed {
    std::string name;
    config::outcome read;

    const config::template_file* file() const { return read.templates.empty() ? nullptr : &read.templates.front(); }
    const config::device* device() const { return read.config ? &read.config->buses.front().devices.front() : nullptr; }
};

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string out;
    for (const auto& word : words) out += (out.empty() || word.empty() ? "" : between) + word;
    return out;
}

std::string made_by(const config::template_file& of) {
    return of.manufacturer.empty() || of.model.empty() ? of.manufacturer + of.model : of.manufacturer + ' ' + of.model;
}

void pad(std::string& text, std::size_t width) {
    const auto size = config::count_characters(text);
    if (size < width) text.append(width - size, ' ');
}

/// "input 0, type float32, enum 0=off 1=on"
std::string settings_text(const std::vector<config::setting>& all) {
    std::string out;
    std::string last;
    for (const auto& one : all) {
        const bool goes_on = one.path == last;  // an item of a list or a map
        out += out.empty() ? "" : goes_on ? " " : ", ";
        if (!goes_on) out += one.path + ' ';
        last = one.path;
        out += one.path == "enum" || one.path == "flags" ? std::to_string(one.integer) + '=' + one.text : one.text;
    }
    return out;
}

void print_faults(const listed& of) {
    for (auto fault : of.read.diagnostics) {
        fault.used_at = {};
        if (fault.where.file == 0)
            std::fprintf(stderr, "error: %s\n", fault.message.c_str());
        else
            std::fputs(config::render(fault, of.name, of.name, of.read.templates).c_str(), stderr);
    }
}

void print_list(const std::vector<listed>& all) {
    std::size_t width = 0;
    for (const auto& one : all) width = std::max(width, one.name.size());
    for (const auto& one : all) {
        auto name = one.name;
        pad(name, width);
        if (one.device() == nullptr) {
            std::printf("%s  has errors: see 'tidegate templates %s'\n", name.c_str(), one.name.c_str());
            continue;
        }
        const auto& file = *one.file();
        const auto count = one.device()->points.size();
        std::printf("%s  %4zu point%s  %s\n", name.c_str(), count, count == 1 ? " " : "s",
                    joined({made_by(file), file.description}, ": ").c_str());
    }
}

void print_texts(const char* label, const std::vector<std::string>& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) std::printf("  %-9s %s\n", i == 0 ? label : "", texts[i].c_str());
}

void print_one(const listed& of) {
    const auto& file = *of.file();
    const auto& device = *of.device();
    std::vector<std::string> defaults;
    for (const auto& [key, value] : file.defaults) defaults.push_back(key + ' ' + value);
    std::printf("%s\n", joined({file.name, file.description}, ": ").c_str());
    if (const auto model = made_by(file); !model.empty()) print_texts("device", {model});
    print_texts("adapter", {of.read.config->buses.front().adapter});
    print_texts("file", {file.path});
    if (!file.extends.empty()) print_texts("extends", {file.extends});
    if (!defaults.empty()) print_texts("factory", {joined(defaults, ", ")});
    print_texts("sources", file.sources);
    print_texts("notes", file.notes);
    if (!device.settings.empty()) print_texts("keys", {settings_text(device.settings)});
    std::size_t widest = 0;
    std::size_t widest_unit = 0;
    for (const auto& point : device.points) {
        widest = std::max(widest, config::count_characters(point.name));
        widest_unit = std::max(widest_unit, config::count_characters(point.unit));
    }
    std::printf("  %zu points:\n", device.points.size());
    for (const auto& point : device.points) {
        std::string name = point.name;
        std::string unit = point.unit;
        pad(name, widest);
        pad(unit, widest_unit);
        std::printf("    %s  %s  %6s  %s\n", name.c_str(), unit.c_str(), config::show_duration(point.every).c_str(),
                    settings_text(point.settings).c_str());
    }
}

void append_member(std::string& to, const char* key, const std::string& text) {
    to += std::string(to.back() == '{' ? "" : ",") + '"' + key + "\":";
    append_json_string(to, text);
}

void append_texts(std::string& to, const char* key, const std::vector<std::string>& texts) {
    to += std::string(",\"") + key + "\":[";
    for (const auto& text : texts) {
        if (&text != &texts.front()) to += ',';
        append_json_string(to, text);
    }
    to += ']';
}

void append_settings(std::string& to, const std::vector<config::setting>& all) {
    to += ",\"settings\":[";
    for (const auto& one : all) {
        to += to.back() == '[' ? "{" : ",{";
        append_member(to, "key", one.path);
        append_member(to, "value", one.path == "enum" ? std::to_string(one.integer) + '=' + one.text : one.text);
        to += '}';
    }
    to += ']';
}

std::string json_of(const listed& of, bool with_points) {
    std::string out = "{";
    append_member(out, "name", of.name);
    out += std::string(",\"valid\":") + (of.device() != nullptr ? "true" : "false");
    if (const auto* file = of.file(); file != nullptr) {
        append_member(out, "file", file->path);
        append_member(out, "extends", file->extends);
        append_member(out, "description", file->description);
        append_member(out, "manufacturer", file->manufacturer);
        append_member(out, "model", file->model);
        append_member(out, "adapter", of.device() == nullptr ? file->adapter : of.read.config->buses.front().adapter);
        append_texts(out, "sources", file->sources);
        append_texts(out, "notes", file->notes);
        out += ",\"defaults\":{";
        for (const auto& [key, value] : file->defaults) append_member(out, key.c_str(), value);
        out += '}';
    }
    if (const auto* device = of.device(); device != nullptr) {
        out += ",\"point_count\":" + std::to_string(device->points.size());
        if (with_points) {
            append_settings(out, device->settings);
            out += ",\"points\":[";
            for (const auto& point : device->points) {
                out += &point == &device->points.front() ? "{" : ",{";
                append_member(out, "name", point.name);
                append_member(out, "unit", point.unit);
                out +=
                    ",\"every_ms\":" + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(point.every).count());
                append_settings(out, point.settings);
                out += '}';
            }
            out += ']';
        }
    }
    return out + '}';
}

}  // namespace

int templates_command(const command_options& how) {
    const template_folders folders(how.config_path);
    const adapter_host adapters;
    const auto vocabularies = adapters.vocabularies();
    const auto read = [&](const std::string& name) { return listed{name, config::read_template(name, vocabularies, folders)}; };
    if (!how.template_name.empty()) {
        const auto one = read(how.template_name);
        if (how.json)
            std::printf("%s\n", json_of(one, true).c_str());
        else if (one.device() != nullptr)
            print_one(one);
        print_faults(one);
        return one.device() != nullptr ? 0 : 1;
    }
    std::vector<listed> all;
    for (const auto& name : folders.names()) all.push_back(read(name));
    if (how.json) {
        for (const auto& one : all) std::printf("%s\n", json_of(one, false).c_str());
        return 0;
    }
    if (all.empty()) {
        std::fprintf(stderr, "error: there are no templates in %s\n", joined(folders.places(), ", ").c_str());
        return 1;
    }
    print_list(all);
    std::printf("\n'tidegate templates NAME' shows one. A device uses it with 'template: NAME'.\n");
    return 0;
}

}  // namespace gateway
