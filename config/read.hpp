// config/read.hpp: config text in; model, or everything that is wrong with it, out.
// No side effects: opens no file, resolves no secret, loads no adapter.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "config/template_library.hpp"
#include "config/vocabulary.hpp"

namespace config {

enum class severity : std::uint8_t { error, warning };

/// One thing wrong, for a person: what, where, and what would be right.
struct diagnostic {
    config::severity severity = severity::error;
    position where;
    std::size_t width = 1;  // characters to underline from `where`
    std::string message;    // a phrase without a full stop
    position used_at = {};  // where the config names the template that `where` is in
    bool operator==(const diagnostic&) const = default;
};

struct outcome {
    std::optional<file> config;            // present unless there is an error
    std::vector<diagnostic> diagnostics;   // in order of position
    std::vector<template_file> templates;  // all that were read; a position's `file` counts them
};

/// Reads a whole config file. Every error is reported, not only the first; input of any kind and size up to
/// `largest_file` is safe. A key that belongs to an adapter which isn't in `vocabularies` makes that bus an error.
/// `templates`: where templates come from; null: there are none.
outcome read(std::string_view text, std::span<const vocabulary> vocabularies, const template_library* templates = nullptr);

/// Reads a template by itself, as a device of its name that uses it would get it; adds 'every: 0s' where a period is missing.
/// The outcome's config has one bus with that device; the place of `name` is line 1.
outcome read_template(const std::string& name, std::span<const vocabulary> vocabularies, const template_library& templates);

constexpr std::size_t largest_file = 4u << 20;  // bytes

/// `name:line:column: error: message`, the source line, and a caret line under it. Ends in a newline.
std::string render(const diagnostic& what, std::string_view name, std::string_view text);
/// The same for what may be in a template; then a line follows that tells where the config names it.
std::string render(const diagnostic& what, std::string_view name, std::string_view text,
                   std::span<const template_file> templates);

}  // namespace config
