// tests/config/files.hpp: the example files beside the tests, and what must hold of every outcome.
// Not here: the expectations of single files (files_test.cpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/read.hpp"

struct example {
    std::string name;  // "typo_register.yaml"
    std::string text;
    std::string expected;  // what check prints for it
};

/// All of a folder, sorted by name.
std::vector<example> examples(const std::string& folder);

/// The templates beside the examples.
class example_templates final : public config::template_library {
public:
    std::optional<found> find(const std::string& name) const override;
    std::vector<std::string> names() const override;
    std::vector<std::string> places() const override { return {"templates"}; }
};

std::string render_all(const config::outcome& what, std::string_view name, std::string_view text);

/// What is wrong with an outcome whatever the text was, or nothing: there is either a model or an error, and every place is
/// in the file and can be shown.
std::string fault_of(const config::outcome& what, std::string_view text);
