// tests/tidy/source_text.hpp: C++ text with what isn't code blanked out, so that prose and test data trip no rule.
// Not here: the rules (rules.hpp). Not a compiler's front end: raw strings and comments, but no macros and no trigraphs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

struct source_text {
    explicit source_text(std::string_view text);

    std::string first_line;
    /// Comments and the insides of literals are spaces; lines stay where they are. In a preprocessor directive literals stay.
    std::string code;

    std::size_t line_at(std::size_t offset) const;  // counts from 1
};

/// The places where `word` stands alone in `code`, not as a part of a longer name.
std::vector<std::size_t> find_word(std::string_view code, std::string_view word);

struct include {
    std::string path;
    bool quoted = false;
    std::size_t offset = 0;
};
std::vector<include> includes_of(const source_text& text);

}  // namespace tidy
