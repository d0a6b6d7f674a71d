// tests/tidy/source_text.cpp: one pass over the characters.
// Not here: any knowledge of this repository.
#include "tests/tidy/source_text.hpp"

#include <algorithm>
#include <cctype>

namespace tidy {
namespace {

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class stripper {
public:
    explicit stripper(std::string_view text) : text_(text), code_(text) {}

    std::string run() {
        while (at_ < text_.size()) step();
        return std::move(code_);
    }

private:
    void step() {
        const char c = text_[at_];
        if (text_.substr(at_).starts_with("//")) return blank_to(std::min(text_.find('\n', at_), text_.size()));
        if (text_.substr(at_).starts_with("/*")) return blank_to(after(text_.find("*/", at_ + 2), 2));
        if (c == '\n') {
            in_directive_ = in_directive_ && at_ > 0 && text_[at_ - 1] == '\\';
            line_is_blank_ = true;
        } else if (c == '#' && line_is_blank_) {
            in_directive_ = true;
        }
        if (c != '\n' && std::isspace(static_cast<unsigned char>(c)) == 0) line_is_blank_ = false;
        if (c == '"') return literal(c);
        // A quote within a number is a separator: 60'000.
        if (c == '\'' && (at_ == 0 || !is_name(text_[at_ - 1]) || prefixes_character())) return literal(c);
        ++at_;
    }

    bool prefixes_character() const {
        std::size_t from = at_;
        while (from > 0 && is_name(text_[from - 1])) --from;
        const auto name = text_.substr(from, at_ - from);
        return name == "u" || name == "U" || name == "L" || name == "u8";
    }

    void literal(char quote) {
        const bool raw = quote == '"' && at_ > 0 && text_[at_ - 1] == 'R';
        const std::size_t end = raw ? raw_end() : plain_end(quote);
        if (!in_directive_) return blank_to(end, 1);
        at_ = end;
    }

    std::size_t raw_end() const {
        const std::size_t open = text_.find('(', at_);
        if (open == std::string_view::npos) return text_.size();
        const std::string close = std::string(")").append(text_.substr(at_ + 1, open - at_ - 1)).append("\"");
        return after(text_.find(close, open), close.size());
    }

    std::size_t plain_end(char quote) const {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
        return std::min(end + 1, text_.size());
    }

    std::size_t after(std::size_t found, std::size_t length) const {
        return found == std::string_view::npos ? text_.size() : found + length;
    }

    /// Keeps `keep` characters at both ends (a literal's quotes), and every line break.
    void blank_to(std::size_t end, std::size_t keep = 0) {
        for (std::size_t i = at_ + keep; i + keep < end; ++i)
            if (code_[i] != '\n') code_[i] = ' ';
        at_ = end;
    }

    std::string_view text_;
    std::string code_;
    std::size_t at_ = 0;
    bool in_directive_ = false;
    bool line_is_blank_ = true;
};

}  // namespace

source_text::source_text(std::string_view text) : first_line(text.substr(0, text.find('\n'))), code(stripper(text).run()) {}

std::size_t source_text::line_at(std::size_t offset) const {
    return 1 + static_cast<std::size_t>(std::count(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

std::vector<std::size_t> find_word(std::string_view code, std::string_view word) {
    std::vector<std::size_t> places;
    for (std::size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !is_name(code[at - 1])) && (end == code.size() || !is_name(code[end]))) places.push_back(at);
    }
    return places;
}

std::vector<include> includes_of(const source_text& text) {
    std::vector<include> found;
    for (const std::size_t at : find_word(text.code, "include")) {
        std::size_t before = at;
        while (before > 0 && (text.code[before - 1] == ' ' || text.code[before - 1] == '\t')) --before;
        if (before == 0 || text.code[before - 1] != '#') continue;
        const std::size_t open = text.code.find_first_not_of(" \t", at + 7);
        if (open == std::string::npos || (text.code[open] != '"' && text.code[open] != '<')) continue;
        const bool quoted = text.code[open] == '"';
        const std::size_t close = text.code.find(quoted ? '"' : '>', open + 1);
        if (close != std::string::npos) found.push_back({text.code.substr(open + 1, close - open - 1), quoted, at});
    }
    return found;
}

}  // namespace tidy
