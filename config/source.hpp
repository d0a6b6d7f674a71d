// config/source.hpp: the text of a config file by lines and characters, so that every part counts places alike.
// Not here: what the text means (tree.hpp), and how a place is shown (render.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/model.hpp"

namespace config {

/// Where something stands and how many characters of that line it takes.
struct place {
    position where;
    std::size_t width = 1;
};

/// The first character of a text. A byte that isn't UTF-8 is a character of its own, with the byte as its code.
struct character {
    std::uint32_t code = 0;
    std::size_t bytes = 0;
    bool valid = false;
};

/// Requires: `text` isn't empty.
character first_character(std::string_view text);
std::size_t count_characters(std::string_view text);
/// The text without its first characters; empty if it has no more.
std::string_view without_first(std::string_view text, std::size_t characters);

/// Takes the first line off `rest`, with its break; what it takes off is returned without. Requires: `rest` isn't empty.
std::string_view take_line(std::string_view& rest);
/// The text after a byte order mark at its start.
std::string_view without_mark(std::string_view text);

/// Lines end with \n, \r\n or a lone \r, as in libyaml. A byte order mark at the start belongs to no line. There is always
/// at least one line; a break at the very end starts no further one.
class source {
public:
    /// `text` must outlive the source.
    explicit source(std::string_view text);

    std::string_view text() const { return text_; }  // without the byte order mark
    std::size_t line_count() const { return lines_.size(); }
    /// Requires: 1 <= number <= line_count().
    std::string_view line(std::size_t number) const { return lines_[number - 1]; }
    /// The nearest place that the file has: an existing line, at most one character beyond its end.
    place nearest(place wanted) const;

private:
    std::string_view text_;
    std::vector<std::string_view> lines_;
};

}  // namespace config
