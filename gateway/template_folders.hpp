// gateway/template_folders.hpp: the folders that device templates lie in, as files NAME.yaml.
// Not here: what is in them (config/templates.hpp).
//
// In this order: `templates` beside the config file, for the user's own; then, unless the environment has TIDEGATE_TEMPLATES
// with another folder instead, `templates` beside the program (a build folder's) and the installed folder, for those that come
// with Tidegate. The first file of a name counts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/template_library.hpp"

namespace gateway {

class template_folders final : public config::template_library {
public:
    /// `config_path` may be empty: there is no config file.
    explicit template_folders(const std::string& config_path);

    std::optional<found> find(const std::string& name) const override;
    std::vector<std::string> names() const override;
    std::vector<std::string> places() const override;

private:
    std::vector<std::filesystem::path> folders_;
};

}  // namespace gateway
