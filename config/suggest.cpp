// config/suggest.cpp: distance between words, and the nearest known one.
#include "config/suggest.hpp"

#include <algorithm>
#include <cctype>

#include "config/findings.hpp"

namespace config {
namespace {

constexpr std::size_t longest_word = 64;  // Longer ones aren't slips of known words, and would cost.

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// How many slips make `known` of `word`, if they are few enough.
std::optional<std::size_t> slips(std::string_view word, std::string_view known) {
    if (word.size() > longest_word || word.empty()) return std::nullopt;
    const auto longer = std::max(word.size(), known.size());
    const auto shorter = std::min(word.size(), known.size());
    const std::size_t allowed = longer < 5 ? 1 : longer / 3;
    const bool begins_alike = shorter >= 4 && (word.starts_with(known) || known.starts_with(word));
    if (longer - shorter > allowed && !begins_alike) return std::nullopt;
    const auto count = distance(word, known);
    if (begins_alike || (count <= allowed && count < shorter)) return count;
    return std::nullopt;
}

}  // namespace

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0u : 1u)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

bool resembles(std::string_view word, std::string_view known) { return slips(word, known).has_value(); }

std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known) {
    const std::string* best = nullptr;
    std::size_t fewest = 0;
    for (const auto& candidate : known) {
        const auto count = slips(word, candidate);
        if (!count || (best != nullptr && *count >= fewest)) continue;
        best = &candidate;
        fewest = *count;
    }
    if (best == nullptr) return std::nullopt;
    return *best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
    const auto meant = closest(word, known);
    return meant ? " (did you mean " + quoted(*meant) + "?)" : "";
}

}  // namespace config
