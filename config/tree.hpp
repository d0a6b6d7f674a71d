// config/tree.hpp: YAML as a tree in which every value and every key knows its place. Scalars stay text.
// Not here: which keys there are and what they mean (schema.hpp); anchors, aliases, merge keys and tags, which are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/findings.hpp"
#include "config/source.hpp"

namespace config {

struct entry;

/// `unusable`: has been complained about already; whoever meets it says nothing more.
enum class node_kind : std::uint8_t { scalar, list, map, unusable };

struct node {
    node_kind kind = node_kind::unusable;
    bool null = false;  // nothing, ~ or null, unquoted
    std::string text;   // of a scalar
    place at;
    std::vector<entry> entries;  // of a map, in the order of the file; no key twice
    bool incomplete = false;     // a map: some of its keys can't be read and are left out
    std::vector<node> items;     // of a list
};

struct entry {
    std::string key;
    place at;
    node value;
};

/// Bounded whatever the text: this deep and with so many keys, values, maps and lists.
constexpr std::size_t deepest_tree = 24;
constexpr std::size_t largest_tree = 250'000;

/// The text's one document; `needs` is what an empty one lacks. Nothing if it can't be read as YAML to its end; then, and for
/// whatever else is wrong, `out` has an error.
std::optional<node> parse_tree(const source& text, findings& out, std::string_view needs = "'gateway', 'mqtt' and 'buses'");

}  // namespace config
