// gateway/template_folders.cpp: looks for NAME.yaml in one folder after the other.
#include "gateway/template_folders.hpp"

#include <algorithm>
#include <cstdlib>

#include "gateway/text_file.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;

void add_shipped(std::vector<fs::path>& folders) {
    if (const char* chosen = std::getenv("TIDEGATE_TEMPLATES"); chosen != nullptr && *chosen != '\0') {
        folders.emplace_back(chosen);
        return;
    }
    std::error_code ignored;  // without /proc the installed folder is still tried
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    const auto beside = program / "templates";
    if (!program.empty() && fs::is_directory(beside, ignored)) folders.push_back(beside);
    // A package may be unpacked anywhere: what belongs to the program lies where its prefix is.
    const auto installed = program.parent_path() / "share" / "tidegate" / "templates";
    if (!program.empty() && fs::is_directory(installed, ignored)) folders.push_back(installed);
    const fs::path usual = TIDEGATE_TEMPLATE_FOLDER;
    if (installed != usual) folders.push_back(usual);
}

}  // namespace

template_folders::template_folders(const std::string& config_path) {
    if (!config_path.empty()) folders_.push_back(fs::path(config_path).parent_path() / "templates");
    add_shipped(folders_);
}

std::optional<config::template_library::found> template_folders::find(const std::string& name) const {
    for (const auto& folder : folders_) {
        const auto path = folder / (name + ".yaml");
        std::error_code missing;  // what can't be looked at isn't there
        if (!fs::exists(path, missing)) continue;
        found one{path.string(), {}, {}};
        std::string why;
        if (!read_text(one.path, config::largest_template, one.text, why)) one.problem = why;
        return one;
    }
    return std::nullopt;
}

std::vector<std::string> template_folders::names() const {
    std::vector<std::string> all;
    for (const auto& folder : folders_) {
        std::error_code missing;  // a folder that isn't there holds none
        for (const auto& entry : fs::directory_iterator(folder, missing))
            if (entry.path().extension() == ".yaml") all.push_back(entry.path().stem().string());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::vector<std::string> template_folders::places() const {
    std::vector<std::string> all;
    for (const auto& folder : folders_) all.push_back(folder.string());
    return all;
}

}  // namespace gateway
