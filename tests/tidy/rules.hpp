// tests/tidy/rules.hpp: what would be a bug to break in this tree, as functions from a file's path and text to findings.
// Not here: style that a formatter or the compiler sees to.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

struct finding {
    std::size_t line = 0;
    std::string what;
};
using findings = std::vector<finding>;

/// Paths are relative to the root of the tree, with slashes.
struct rule {
    std::string name;
    std::function<findings(const std::string& path, std::string_view text)> check;
};

findings include_direction(const std::string& path, std::string_view text);
findings coroutine_lines(const std::string& path, std::string_view text);
findings sans_io(const std::string& path, std::string_view text);
findings library_owners(const std::string& path, std::string_view text);
findings no_sleep_in_tests(const std::string& path, std::string_view text);
findings opening_comment(const std::string& path, std::string_view text);
findings file_names(const std::string& path, std::string_view text);
findings machine_paths(const std::string& path, std::string_view text);  // any text file

std::vector<rule> source_rules();

}  // namespace tidy
