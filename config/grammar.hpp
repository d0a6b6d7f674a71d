// config/grammar.hpp: all keys that may stand on a bus of one adapter: the file's own and that adapter's.
// Not here: the values (values.hpp).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.hpp"
#include "config/vocabulary.hpp"

namespace config {

class grammar {
public:
    /// `adapter` may be null: only the file's own keys then.
    explicit grammar(const vocabulary* adapter);
    grammar(const grammar&) = delete;
    grammar& operator=(const grammar&) = delete;

    /// A point's keys include those of `publish`, as they stand inline there.
    const std::vector<const definition*>& keys(section where) const { return keys_[static_cast<std::size_t>(where)]; }
    const definition* find(section where, std::string_view path) const;
    /// Whether `path` is a map with keys inside, such as `serial`.
    bool is_map(section where, std::string_view path) const;

    /// The key of the map `inside` that an unknown one probably is.
    std::optional<std::string> meant(section where, std::string_view inside, std::string_view key) const;

    /// What to say about `key`, which is not known in the map `inside` ("" or "serial.") of a section: a phrase.
    std::string unknown_key(section where, std::string_view inside, std::string_view key) const;

private:
    std::vector<std::string> words(section where, std::string_view inside) const;
    std::string homes_of(section where, std::string_view inside, std::string_view key) const;
    std::string misspelt_elsewhere(section where, std::string_view inside, std::string_view key) const;
    std::optional<std::string> synonym(section where, std::string_view inside, std::string_view key) const;

    std::vector<definition> of_adapter_;
    std::array<std::vector<const definition*>, section_count> keys_;
};

}  // namespace config
