// config/suggest.hpp: which known word was probably meant.
// Not here: where the words come from.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

/// Damerau-Levenshtein (optimal string alignment), letters compared without case: how many letters are added, left out,
/// replaced, or swapped with their neighbour.
std::size_t distance(std::string_view a, std::string_view b);

/// Whether `word` is likely to be a slip for `known`.
bool resembles(std::string_view word, std::string_view known);

/// The one of `known` that `word` resembles most.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known);

/// " (did you mean 'x'?)", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace config
