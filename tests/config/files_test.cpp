// tests/config/files_test.cpp: the example files: what is broken is reported word for word, what is valid is accepted.
// Not here: what the values become (read_test.cpp).
#include "tests/config/files.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/source.hpp"
#include "tests/config/modbus_like.hpp"

namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::string fault_of(const config::diagnostic& what, const config::source& lines) {
    if (what.where.line < 1 || what.where.line > lines.line_count()) return "a line outside of the file: " + what.message;
    const auto length = config::count_characters(lines.line(what.where.line));
    if (what.where.column < 1 || what.where.column > length + 1) return "a column outside of the line: " + what.message;
    if (what.width < 1 || what.where.column + what.width > length + 2) return "a width beyond the line: " + what.message;
    if (what.message.empty() || what.message.find('\n') != std::string::npos) return "not a phrase: " + what.message;
    return {};
}

}  // namespace

std::vector<example> examples(const std::string& folder) {
    std::vector<example> out;
    for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(TEST_FILES) / folder)) {
        if (file.path().extension() != ".yaml") continue;
        auto expected = file.path();
        expected.replace_extension(".txt");
        out.push_back({file.path().filename().string(), contents(file.path()), contents(expected)});
    }
    std::sort(out.begin(), out.end(), [](const example& a, const example& b) { return a.name < b.name; });
    return out;
}

std::optional<config::template_library::found> example_templates::find(const std::string& name) const {
    const auto path = std::filesystem::path(TEST_FILES) / "templates" / (name + ".yaml");
    if (!std::filesystem::exists(path)) return std::nullopt;
    if (name == "unreadable") return found{"templates/unreadable.yaml", {}, "Permission denied"};
    return found{"templates/" + name + ".yaml", contents(path), {}};
}

std::vector<std::string> example_templates::names() const {
    std::vector<std::string> all;
    for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(TEST_FILES) / "templates"))
        all.push_back(file.path().stem().string());
    std::sort(all.begin(), all.end());
    return all;
}

std::string render_all(const config::outcome& what, std::string_view name, std::string_view text) {
    std::string out;
    for (const auto& one : what.diagnostics) out += config::render(one, name, text, what.templates);
    return out;
}

std::string fault_of(const config::outcome& what, std::string_view text) {
    const auto is_error = [](const config::diagnostic& one) { return one.severity == config::severity::error; };
    const bool any_error = std::any_of(what.diagnostics.begin(), what.diagnostics.end(), is_error);
    if (any_error == what.config.has_value()) return "both a model and an error, or neither";
    const config::source lines(text);
    for (const auto& one : what.diagnostics) {
        if (one.where.file > what.templates.size()) return "a file that wasn't read: " + one.message;
        const auto fault =
            one.where.file == 0 ? fault_of(one, lines) : fault_of(one, config::source(what.templates[one.where.file - 1].text));
        if (!fault.empty()) return fault;
        if (one.where.file > 0 && one.used_at.line == 0) return "a template that nobody uses: " + one.message;
    }
    return {};
}

TEST_CASE("config files: every broken one is explained word for word", "[config][files]") {
    const auto all = examples("broken");
    REQUIRE(all.size() >= 40);
    for (const auto& one : all) {
        INFO(one.name);
        const example_templates templates;
        const auto outcome = config::read(one.text, modbus_like(), &templates);
        CHECK_FALSE(outcome.config.has_value());
        CHECK(fault_of(outcome, one.text).empty());
        CHECK(render_all(outcome, one.name, one.text) == one.expected);
    }
}

TEST_CASE("config files: every valid one is accepted, with its warnings if any", "[config][files]") {
    const auto all = examples("valid");
    REQUIRE(all.size() >= 5);
    for (const auto& one : all) {
        INFO(one.name);
        const example_templates templates;
        const auto outcome = config::read(one.text, modbus_like(), &templates);
        CHECK(outcome.config.has_value());
        CHECK(render_all(outcome, one.name, one.text) == one.expected);
    }
}
