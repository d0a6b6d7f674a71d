// gateway/site.cpp: file → model → adapters → buses, with every fault on the way.
#include "gateway/site.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "gateway/delivery/broker.hpp"
#include "gateway/service/config_digest.hpp"
#include "gateway/template_folders.hpp"
#include "gateway/text_file.hpp"

namespace gateway {
namespace {

/// A point that commands may write, on a bus that has no way to.
void check_writable(const config::bus& bus, const adapter_bus& made, std::vector<config::diagnostic>& faults) {
    if (made.can_write()) return;
    for (const auto& device : bus.devices)
        for (const auto& point : device.points)
            if (point.writable)
                faults.push_back({config::severity::error, point.writable->where, std::string_view("writable").size(),
                                  "the adapter '" + bus.adapter + "' can't write; leave out 'writable'"});
}

void create_buses(site& of) {
    const std::size_t before = of.diagnostics.size();
    for (const auto& bus : of.config->buses) {
        const installed_adapter* adapter = of.adapters.find(bus.adapter);  // config::read has seen that it is there
        auto made = adapter->open(bus, of.diagnostics);
        if (!made) continue;
        check_writable(bus, *made, of.diagnostics);
        of.buses.push_back(std::move(made));
    }
    if (of.diagnostics.size() == before) return;
    of.buses.clear();
    of.config.reset();
}

/// For who looks at the service.
std::vector<config_warning> warnings_of(const site& of) {
    std::vector<config_warning> found;
    for (const auto& each : of.diagnostics) {
        if (each.severity != config::severity::warning) continue;
        const bool in_template = each.where.file > 0 && each.where.file <= of.templates.size();
        found.push_back({in_template ? of.templates[each.where.file - 1].path : std::string(), each.where.line, each.where.column,
                         each.message});
    }
    return found;
}

}  // namespace

std::unique_ptr<site> load_site(const std::string& path, std::string& why, foreign_adapters where) {
    auto loaded = std::make_unique<site>(where);
    loaded->path = path;
    if (!read_text(path, config::largest_file, loaded->text, why)) return nullptr;
    const template_folders templates(path);
    config::outcome read = config::read(loaded->text, loaded->adapters.vocabularies(), &templates);
    loaded->templates = std::move(read.templates);
    loaded->config = std::move(read.config);
    loaded->diagnostics = std::move(read.diagnostics);
    if (loaded->config) {
        note_digests(*loaded->config);
        loaded->adapters.keep_only(*loaded->config);
        create_buses(*loaded);
    }
    if (loaded->config) check_tls_files(loaded->config->mqtt, loaded->diagnostics);
    auto& found = loaded->diagnostics;
    const auto place = [](const config::diagnostic& d) {
        return std::tie(d.where.file, d.where.line, d.where.column, d.message);
    };
    const auto use = [](const config::diagnostic& d) { return std::tie(d.used_at.line, d.used_at.column); };
    std::sort(found.begin(), found.end(),
              [&](const auto& a, const auto& b) { return place(a) != place(b) ? place(a) < place(b) : use(a) < use(b); });
    // What is wrong in a template is so for each of its devices, and said once.
    const auto is_same = [&](const auto& a, const auto& b) { return a.where.file > 0 && place(a) == place(b); };
    found.erase(std::unique(found.begin(), found.end(), is_same), found.end());
    return loaded;
}

void forget_source(site& of) {
    of.held = held_buses(*of.config);
    of.warnings = warnings_of(of);
    std::string().swap(of.text);
    std::vector<config::template_file>().swap(of.templates);
    of.diagnostics.clear();
    const auto release = [](std::vector<config::setting>& settings) { std::vector<config::setting>().swap(settings); };
    for (auto& bus : of.config->buses) {  // its own settings stay: they say where it is
        for (auto& device : bus.devices) {
            release(device.settings);
            for (auto& point : device.points) release(point.settings);
        }
    }
    malloc_trim(0);  // the tree that the file was read into is gone, but its pages would stay
}

void print_diagnostics(const site& of) {
    std::size_t errors = 0;
    for (const auto& each : of.diagnostics) {
        errors += each.severity == config::severity::error ? 1 : 0;
        std::fputs(config::render(each, of.path, of.text, of.templates).c_str(), stderr);
    }
    for (const auto& problem : of.adapters.problems()) std::fprintf(stderr, "warning: adapter %s\n", problem.c_str());
    if (errors > 0) std::fprintf(stderr, "%zu error%s in %s\n", errors, errors == 1 ? "" : "s", of.path.c_str());
}

}  // namespace gateway
