// config/values.hpp: checks one map of the file against the keys that may stand in it, and types its values.
// Not here: what the values mean together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "config/grammar.hpp"
#include "config/tree.hpp"

namespace config {

/// A key with its value, checked as far as its form says. Forms with a reader of their own (url, topic, ...) only have
/// `source`.
struct value {
    const definition* key = nullptr;
    const node* source = nullptr;
    place key_at;
    place at;  // of the value, or of one item of it
    std::string text;
    std::int64_t integer = 0;
    double number = 0;
};

struct values {
    std::vector<value> all;  // in the order of the file; a list or map of an adapter's has one for each item

    std::unordered_set<std::string> mentioned;  // keys that stand in the map itself, right, wrong or misspelt
    bool incomplete = false;                    // the map is

    const value* find(std::string_view path) const;
    /// True too if it can't be known, as part of the map is unreadable.
    bool mentions(std::string_view key) const;
    /// The adapter's part, as the model keeps it.
    std::vector<setting> settings() const;
};

/// Which keys there are is known only if the adapter is; otherwise the unknown ones are left alone.
enum class unknown_keys : std::uint8_t { are_errors, are_left_alone };

/// Requires: `map` is one. `owner` names the map in messages, where a required key is missing: at `at`.
values read_map(const node& map, section where, const grammar& rules, findings& out, place at, const std::string& owner,
                unknown_keys unknown = unknown_keys::are_errors);

/// The texts of a list that `from` is the key of; says what in it is none.
std::vector<value> read_texts(const value& from, findings& out);

/// Whether `value` is a map; says so at `at` if not.
bool expect_map(const node& value, std::string_view key, place at, findings& out);

/// A part of a scalar, counted in bytes of its text, where the scalar shows it letter by letter; else all of it.
place part_of(const node& scalar, std::size_t from, std::size_t size);

}  // namespace config
