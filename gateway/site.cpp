// gateway/site.cpp: file → model → adapters → buses, with every fault on the way.
#include "gateway/site.hpp"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <tuple>

#include "gateway/broker.hpp"

namespace gateway {
namespace {

struct close_file {
    void operator()(std::FILE* file) const { std::ignore = std::fclose(file); }  // it was only read
};

/// At most one byte more than a config file may have, so that config::read sees that it is too large.
bool read_text(const std::string& path, std::string& to, std::string& why) {
    const std::unique_ptr<std::FILE, close_file> file(std::fopen(path.c_str(), "rbe"));
    if (!file) {
        why = path + ": " + std::strerror(errno);
        return false;
    }
    char block[16384];
    while (to.size() <= config::largest_file) {
        const std::size_t size = std::fread(block, 1, sizeof block, file.get());
        if (size == 0) break;
        to.append(block, size);
    }
    if (std::ferror(file.get()) != 0) {
        why = path + ": " + std::strerror(errno);
        return false;
    }
    return true;
}

void create_buses(site& of) {
    const std::size_t before = of.diagnostics.size();
    for (const auto& bus : of.config->buses) {
        const installed_adapter* adapter = of.adapters.find(bus.adapter);  // config::read has seen that it is there
        if (auto made = adapter->open(bus, of.diagnostics)) of.buses.push_back(std::move(made));
    }
    if (of.diagnostics.size() == before) return;
    of.buses.clear();
    of.config.reset();
}

}  // namespace

std::unique_ptr<site> load_site(const std::string& path, std::string& why, foreign_adapters where) {
    auto loaded = std::make_unique<site>(where);
    loaded->path = path;
    if (!read_text(path, loaded->text, why)) return nullptr;
    config::outcome read = config::read(loaded->text, loaded->adapters.vocabularies());
    loaded->config = std::move(read.config);
    loaded->diagnostics = std::move(read.diagnostics);
    if (loaded->config) {
        loaded->adapters.keep_only(*loaded->config);
        create_buses(*loaded);
    }
    if (loaded->config) check_tls_files(loaded->config->mqtt, loaded->diagnostics);
    std::sort(loaded->diagnostics.begin(), loaded->diagnostics.end(), [](const auto& a, const auto& b) {
        return std::tie(a.where.line, a.where.column, a.message) < std::tie(b.where.line, b.where.column, b.message);
    });
    return loaded;
}

void forget_source(site& of) {
    std::string().swap(of.text);
    of.diagnostics.clear();
    const auto release = [](std::vector<config::setting>& settings) { std::vector<config::setting>().swap(settings); };
    for (auto& bus : of.config->buses) {
        release(bus.settings);
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
        std::fputs(config::render(each, of.path, of.text).c_str(), stderr);
    }
    for (const auto& problem : of.adapters.problems()) std::fprintf(stderr, "warning: adapter %s\n", problem.c_str());
    if (errors > 0) std::fprintf(stderr, "%zu error%s in %s\n", errors, errors == 1 ? "" : "s", of.path.c_str());
}

}  // namespace gateway
