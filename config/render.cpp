#include <algorithm>
#include <string>

#include "config/findings.hpp"
#include "config/mask.hpp"
#include "config/read.hpp"
#include "config/source.hpp"

namespace config {
namespace {

constexpr std::size_t widest_line = 120;  // characters; of a longer line only the part around the column is shown
constexpr std::size_t lead_in = 40;       // characters of that part before the column

/// Part of a line, safe for a terminal, with a caret line of the same width under it.
class excerpt {
public:
    excerpt(const diagnostic& what, std::string_view line)
        : column_(what.where.column), end_(column_ + std::max<std::size_t>(what.width, 1)) {
        const auto length = count_characters(line);
        if (length > widest_line) choose_window(length);
        add_dots(first_ > 1);
        std::size_t column = 1;
        for (; !line.empty(); ++column) {
            const auto c = first_character(line);
            if (column >= first_ && column < behind_) add(c, line.substr(0, c.bytes), column);
            line.remove_prefix(c.bytes);
        }
        if (column_ >= column) carets_ += '^';  // Behind the last character.
        add_dots(behind_ <= length);
    }

    std::string text() const { return "    " + text_ + "\n    " + carets_.substr(0, carets_.find_last_of("^~") + 1) + "\n"; }

private:
    void choose_window(std::size_t length) {
        first_ = column_ > lead_in ? column_ - lead_in : 1;
        behind_ = std::min(first_ + widest_line, length + 1);
    }

    void add_dots(bool wanted) {
        if (!wanted) return;
        text_ += "...";
        carets_ += "   ";
    }

    void add(const character& c, std::string_view bytes, std::size_t column) {
        text_ += c.code == '\t' ? "\t" : printable(c, bytes);
        if (column == column_) {
            carets_ += '^';
        } else if (column > column_ && column < end_) {
            carets_ += '~';
        } else {
            carets_ += c.code == '\t' ? '\t' : ' ';
        }
    }

    std::size_t column_;
    std::size_t end_;
    std::size_t first_ = 1;
    std::size_t behind_ = static_cast<std::size_t>(-1);
    std::string text_;
    std::string carets_;
};

}  // namespace

std::string render(const diagnostic& what, std::string_view name, std::string_view text) {
    const auto* kind = what.severity == severity::error ? "error" : "warning";
    auto out = std::string(name) + ":" + std::to_string(what.where.line) + ":" + std::to_string(what.where.column) + ": " + kind +
               ": " + what.message + "\n";
    const source lines(text);
    if (what.where.line < 1 || what.where.line > lines.line_count()) return out;
    return out + excerpt(what, mask_secrets(lines.line(what.where.line))).text();
}

}  // namespace config
