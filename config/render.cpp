// config/render.cpp: one diagnostic with its source line and a caret under the place.
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
constexpr std::size_t longest_secret = 1000;

/// Part of a line, safe for a terminal, with a caret line of the same width under it.
class excerpt {
public:
    excerpt(const diagnostic& what, std::string_view line)
        : column_(what.where.column), end_(column_ + std::max<std::size_t>(what.width, 1)) {
        const auto length = count_characters(line);
        choose_window(length);
        add_dots(first_ > 1);
        const auto masked = mask_around_window(line);
        auto rest = std::string_view(masked);
        for (auto column = first_; column < behind_ && !rest.empty(); ++column) {
            const auto c = first_character(rest);
            add(c, rest.substr(0, c.bytes), column);
            rest.remove_prefix(c.bytes);
        }
        if (column_ > length) carets_ += '^';
        add_dots(behind_ <= length);
    }

    std::string text() const { return "    " + text_ + "\n    " + carets_.substr(0, carets_.find_last_of("^~") + 1) + "\n"; }

private:
    void choose_window(std::size_t length) {
        if (length > widest_line && column_ > lead_in) first_ = column_ - lead_in;
        behind_ = length > widest_line ? std::min(first_ + widest_line, length + 1) : length + 1;
    }

    /// The line from the window's first character on. What is masked there may begin before it, but not farther than a
    /// secret is long.
    std::string mask_around_window(std::string_view line) const {
        const auto skipped = first_ > longest_secret ? first_ - longest_secret : 0;
        auto part = without_first(line, skipped);
        part = part.substr(0, part.size() - without_first(part, behind_ - skipped + longest_secret).size());
        const auto masked = mask_secrets(part);
        return std::string(without_first(masked, first_ - 1 - skipped));
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
    std::size_t behind_ = 1;
    std::string text_;
    std::string carets_;
};

}  // namespace

std::string render(const diagnostic& what, std::string_view name, std::string_view text) {
    const auto* kind = what.severity == severity::error ? "error" : "warning";
    auto out = std::string(name) + ":" + std::to_string(what.where.line) + ":" + std::to_string(what.where.column) + ": " + kind +
               ": " + what.message + "\n";
    if (what.where.line < 1) return out;
    auto rest = without_mark(text);
    std::string_view line;
    for (std::size_t number = 0; number < what.where.line; ++number) {
        if (rest.empty() && number > 0) return out;
        line = rest.empty() ? rest : take_line(rest);
    }
    return out + excerpt(what, line).text();
}

std::string render(const diagnostic& what, std::string_view name, std::string_view text,
                   std::span<const template_file> templates) {
    if (what.where.file == 0 || what.where.file > templates.size()) return render(what, name, text);
    const auto& file = templates[what.where.file - 1];
    auto out = render(what, file.path, file.text);
    if (what.used_at.line < 1) return out;
    return out + "  used at " + std::string(name) + ":" + std::to_string(what.used_at.line) + ":" +
           std::to_string(what.used_at.column) + "\n";
}

}  // namespace config
