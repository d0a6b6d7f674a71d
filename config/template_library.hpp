// config/template_library.hpp: what reading a config asks of whoever has the templates' files.
// Not here: folders and files (the library's own business), what a template means (templates.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace config {

class template_library {
public:
    struct found {
        std::string path;
        std::string text;
        std::string problem;  // why it can't be read; empty: it was
    };

    template_library() = default;
    template_library(const template_library&) = delete;
    template_library& operator=(const template_library&) = delete;
    virtual ~template_library() = default;

    /// Nothing: there is none of this name. Of a text that is longer than `largest_template` only a byte more is needed.
    virtual std::optional<found> find(const std::string& name) const = 0;
    /// All names, sorted.
    virtual std::vector<std::string> names() const = 0;
    /// Where it looks, in this order.
    virtual std::vector<std::string> places() const = 0;
};

constexpr std::size_t largest_template = 512u << 10;  // bytes

}  // namespace config
