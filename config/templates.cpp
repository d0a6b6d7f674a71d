// config/templates.cpp: a name → its file → its tree, joined with what it extends.
#include "config/templates.hpp"

#include <algorithm>

#include "config/suggest.hpp"
#include "config/template_merge.hpp"
#include "config/units.hpp"

namespace config {
namespace {

bool is_name(std::string_view name) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; };
    return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), good);
}

void set_file(node& to, std::size_t file) {
    to.at.where.file = file;
    for (auto& one : to.items) set_file(one, file);
    for (auto& one : to.entries) {
        one.at.where.file = file;
        set_file(one.value, file);
    }
}

/// The tree's places are in that file of `out`.
std::optional<node> parse(const source& text, std::size_t file, findings& out) {
    findings found(text);
    auto root = parse_tree(text, found, "'device'");
    for (auto& one : found.take()) {
        one.where.file = file;
        const place at{one.where, one.width};
        one.severity == severity::error ? out.error(at, std::move(one.message)) : out.warning(at, std::move(one.message));
    }
    if (root) set_file(*root, file);
    return root;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : between) + word;
    return out;
}

}  // namespace

const template_reader::result& template_reader::read(const std::string& name, place at) {
    const auto [found, fresh] = results_.try_emplace(name);
    if (std::find(chain_.begin(), chain_.end(), name) != chain_.end()) {
        out_.error(at, "templates extend each other in a circle: " + joined(chain_, " > ") + " > " + name);
        static const result none;
        return none;
    }
    if (fresh) {
        chain_.push_back(name);
        load(name, at, found->second);
        chain_.pop_back();
    }
    return found->second;
}

std::string template_reader::unknown(const std::string& name) const {
    const auto start = "unknown template " + quoted(name);
    if (library_ == nullptr) return start + "; there are none here";
    const auto places = joined(library_->places(), ", ");
    return start + did_you_mean(name, library_->names()) + "; looked for " + name + ".yaml in " + places +
           "; 'tidegate templates' lists those that there are";
}

bool template_reader::may_load(const std::string& name, place at) {
    if (!is_name(name)) {
        out_.error(at, quoted(name) +
                           " is no template's name: that is its file's without '.yaml', of the letters a-z, digits, '-', "
                           "'_' and '.'");
        return false;
    }
    if (chain_.size() > longest_chain) {
        out_.error(at, "templates extend each other too deep: " + joined(chain_, " > "));
        return false;
    }
    if (files_.size() < most_templates) return true;
    out_.error(at, "more than " + std::to_string(most_templates) + " different templates; a larger plant needs several gateways");
    return false;
}

void template_reader::load(const std::string& name, place at, result& to) {
    if (!may_load(name, at)) return;
    auto found = library_ == nullptr ? std::nullopt : library_->find(name);
    if (!found) return out_.error(at, unknown(name));
    if (!found->problem.empty()) return out_.error(at, "template " + quoted(name) + " can't be read: " + found->problem);
    if (found->text.size() > largest_template)
        return out_.error(
            at, "template " + quoted(name) + " (" + found->path + ") is too long; at most " + show_size(largest_template));
    auto& file = files_.emplace_back();
    file.about.name = name;
    file.about.path = std::move(found->path);
    file.about.text = std::move(found->text);
    file.lines.emplace(file.about.text);
    read_file(file, to);
}

void template_reader::read_file(loaded_file& file, result& to) {
    const auto number = out_.add_file(*file.lines);
    const auto root = parse(*file.lines, number, out_);
    if (!root || root->kind == node_kind::unusable) return;
    const place start{{1, 1, number}};
    if (root->kind != node_kind::map)
        return out_.error(start, "expected the keys 'template', 'extends' and 'device', found " +
                                     std::string(root->kind == node_kind::list ? "a list" : "text"));
    const auto keys = read_map(*root, section::template_file, rules_, out_, start, "template " + quoted(file.about.name));
    if (const auto* header = keys.find("template")) read_header(*header, file.about);
    to.adapter = file.about.adapter;
    to.device.kind = node_kind::map;
    to.device.at = start;
    to.good = !keys.incomplete;
    if (const auto* base = keys.find("extends")) {
        file.about.extends = base->text;
        const auto& from = read(base->text, base->at);
        to.good &= from.good;
        to.device = from.device;
        if (to.adapter.empty()) to.adapter = from.adapter;
        if (!from.good) return;
    }
    const auto* device = keys.find("device");
    if (device == nullptr) {
        to.good &= keys.find("extends") != nullptr;
        return;
    }
    for (const auto& one : device->source->entries)
        if (one.key == "template")
            out_.error(one.at, "a template's device can't have a template; write 'extends' at the top level of this file");
    to.device = merge_device(to.device, *device->source, out_);
}

std::vector<std::string> template_reader::texts(const values& from, std::string_view path) {
    std::vector<std::string> out;
    if (const auto* list = from.find(path))
        for (const auto& one : read_texts(*list, out_)) out.push_back(one.text);
    return out;
}

void template_reader::read_header(const value& from, template_file& to) {
    const auto keys = read_map(*from.source, section::template_header, rules_, out_, from.key_at, "'template'");
    const auto text = [&](std::string_view path) {
        const auto* one = keys.find(path);
        return one == nullptr ? std::string() : one->text;
    };
    to.description = text("description");
    to.manufacturer = text("manufacturer");
    to.model = text("model");
    to.adapter = text("adapter");
    to.sources = texts(keys, "sources");
    to.notes = texts(keys, "notes");
    const auto* defaults = keys.find("defaults");
    if (defaults == nullptr) return;
    for (const auto& one : defaults->source->entries) {
        if (one.value.kind == node_kind::scalar && !one.value.null)
            to.defaults.emplace_back(one.key, one.value.text);
        else if (one.value.kind != node_kind::unusable)
            out_.error(one.at, quoted(one.key) + " needs a text");
    }
}

std::vector<template_file> template_reader::take() {
    std::vector<template_file> out;
    for (auto& one : files_) out.push_back(std::move(one.about));
    return out;
}

}  // namespace config
