// gateway/command/papers.cpp: see papers.hpp.
#include "gateway/command/papers.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/findings.hpp"
#include "config/read.hpp"
#include "config/tree.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/command/man_pages.hpp"
#include "gateway/text_file.hpp"

namespace gateway {
namespace {

constexpr const char* config_page = "tidegate.yaml";

std::string text_for(const std::string& folder, const std::string& page) {
    if (folder.empty()) return {};
    std::ifstream file(folder + '/' + page + ".md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const command_node* node_of(const command_node& root, const std::string& page) {
    if (page.empty() || page == root.name) return &root;
    for (const auto& each : root.commands)
        if (page == each.name || page == page_name(each)) return &each;
    return nullptr;
}

std::string config_text(const std::string& texts) {
    const adapter_host adapters;
    return man_page_of_config(adapters.vocabularies(), TIDEGATE_VERSION, text_for(texts, config_page));
}

std::string command_text(const command_node& of, const command_node& root, const std::string& texts) {
    return man_page(of, root, TIDEGATE_VERSION, text_for(texts, page_name(of)));
}

bool write(const std::filesystem::path& to, const std::string& text) {
    std::ofstream file(to);
    file << text;
    file.close();
    if (file) return true;
    std::fprintf(stderr, "tidegate man: %s: %s\n", to.c_str(), std::strerror(errno));
    return false;
}

}  // namespace

int print_page(const command_node& root, const std::string& page, const std::string& texts) {
    const command_node* const of = node_of(root, page);
    if (!of && page != config_page) {
        std::fprintf(stderr, "tidegate man: there is no page '%s'\n", page.c_str());
        return 2;
    }
    const std::string text = of ? command_text(*of, root, texts) : config_text(texts);
    if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
    std::fprintf(stderr, "tidegate man: stdout: %s\n", std::strerror(errno));
    return 1;
}

int write_pages(const command_node& root, const std::string& folder, const std::string& texts) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);  // what can't be made can't be written into either, which is told
    bool all = write(std::filesystem::path(folder) / "tidegate.1", command_text(root, root, texts));
    for (const auto& each : root.commands)
        all = write(std::filesystem::path(folder) / (page_name(each) + ".1"), command_text(each, root, texts)) && all;
    all = write(std::filesystem::path(folder) / "tidegate.yaml.5", config_text(texts)) && all;
    return all ? 0 : 1;
}

std::string names_in(const std::string& config_path, bool devices) {
    std::string text, why, names;
    if (!read_text(config_path, config::largest_file, text, why)) return {};  // while a line is typed nobody is told
    const config::source source(text);
    config::findings found(source);
    const auto tree = config::parse_tree(source, found);
    if (!tree) return {};
    const auto inside = [](const config::node& of, std::string_view name) -> const config::node* {
        for (const auto& each : of.entries)
            if (each.key == name) return &each.value;
        return nullptr;
    };
    const config::node* const buses = inside(*tree, "buses");
    if (!buses) return {};
    for (const auto& bus : buses->entries) {
        if (!devices) names += bus.key + '\n';
        const config::node* const of_bus = devices ? inside(bus.value, "devices") : nullptr;
        if (of_bus)
            for (const auto& device : of_bus->entries) names += device.key + '\n';
    }
    return names;
}

}  // namespace gateway
