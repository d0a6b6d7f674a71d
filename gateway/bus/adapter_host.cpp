// gateway/bus/adapter_host.cpp: see adapter_host.hpp.
#include "gateway/bus/adapter_host.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <tuple>

#include "gateway/bus/adapter_loaded.hpp"
#include "gateway/bus/adapter_process.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;

/// Adapters that come with Tidegate run in its own process; by the names of their files.
constexpr std::array<std::string_view, 4> own_adapters = {"modbus", "process", "serial", "simulated"};

fs::path this_program() {
    std::error_code ignored;  // without /proc the installed folder is still tried
    return fs::read_symlink("/proc/self/exe", ignored);
}

std::vector<fs::path> adapter_folders() {
    if (const char* chosen = std::getenv("TIDEGATE_ADAPTERS"); chosen != nullptr && *chosen != '\0') return {chosen};
    std::vector<fs::path> folders;
    const fs::path program = this_program();
    if (!program.empty()) folders.push_back(program.parent_path() / "adapters");
    folders.emplace_back(TIDEGATE_ADAPTER_FOLDER);
    return folders;
}

bool is_own(const fs::path& object) {
    return std::find(own_adapters.begin(), own_adapters.end(), object.stem().string()) != own_adapters.end();
}

}  // namespace

adapter_host::adapter_host(foreign_adapters where, std::string program, const adapter_patience& patience) {
    if (program.empty()) program = this_program();
    for (const auto& folder : adapter_folders()) {
        std::error_code missing;  // a folder that isn't there holds no adapters
        std::vector<fs::path> objects;
        for (const auto& entry : fs::directory_iterator(folder, missing))
            if (entry.path().extension() == ".so") objects.push_back(entry.path());
        std::sort(objects.begin(), objects.end());
        for (const auto& object : objects) look_at(object, where, program, patience);
    }
}

adapter_host::~adapter_host() = default;

void adapter_host::look_at(const fs::path& object, foreign_adapters where, const std::string& program,
                           const adapter_patience& patience) {
    std::string why;
    std::unique_ptr<installed_adapter> found;
    if (is_own(object) || where == foreign_adapters::this_process)
        found = loaded_adapter::load(object, why);
    else
        found = process_adapter::look_at(object, program, patience, why);
    if (found == nullptr) {
        problems_.push_back(object.string() + ": " + why);
    } else if (find(found->name()) == nullptr) {
        adapters_.push_back(std::move(found));
    }
}

const installed_adapter* adapter_host::find(std::string_view name) const {
    for (const auto& each : adapters_)
        if (each->name() == name) return each.get();
    return nullptr;
}

std::vector<config::vocabulary> adapter_host::vocabularies() const {
    std::vector<config::vocabulary> all;
    for (const auto& each : adapters_) all.push_back(each->vocabulary());
    return all;
}

void adapter_host::keep_only(const config::file& used) {
    std::erase_if(adapters_, [&](const auto& each) {
        return std::none_of(used.buses.begin(), used.buses.end(),
                            [&](const config::bus& b) { return b.adapter == each->name(); });
    });
}

}  // namespace gateway
