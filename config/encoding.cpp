// config/encoding.cpp: byte order marks, control characters and UTF-8.
#include "config/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace config {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::uint32_t no_break_space = 0xA0;
constexpr std::size_t most_lines_reported = 10;

std::string hexadecimal(std::uint32_t code, std::size_t digits) {
    std::array<char, 8> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), code, 16).ptr;
    std::string out(buffer.data(), end);
    for (char& c : out)
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    return std::string(digits > out.size() ? digits - out.size() : 0, '0') + out;
}

bool is_line_separator(std::uint32_t code) { return code == 0x85 || code == 0x2028 || code == 0x2029; }

bool is_allowed(const character& c) {
    if (!c.valid) return false;
    if (c.code == '\t' || c.code == '\n' || c.code == '\r') return true;
    if (c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0) || is_line_separator(c.code)) return false;
    // A no-break space looks like a space, yet YAML takes it for a letter: an indentation of them becomes part of the key.
    return c.code != no_break_space && c.code != 0xFEFF && c.code != 0xFFFE && c.code != 0xFFFF;
}

/// Nearly: a '#' in quotes counts too, and there a no-break space does no harm either.
std::size_t start_of_comment(std::string_view line) {
    if (line.starts_with('#')) return 0;
    return std::min(line.find(" #"), line.find("\t#"));
}

bool is_plain(char c) { return (c >= ' ' && c < 0x7F) || c == '\t'; }

std::string what_is_wrong(const character& c) {
    if (!c.valid) return "byte 0x" + hexadecimal(c.code, 2) + " is not UTF-8; save the file as UTF-8";
    if (c.code == 0) return "a NUL byte; a config file is text";
    if (c.code == no_break_space) return "a no-break space, which only looks like a space; type a plain one";
    if (c.code == 0xFEFF) return "a byte order mark in the middle of the file; remove it";
    if (is_line_separator(c.code)) return "U+" + hexadecimal(c.code, 4) + ", a line separator that editors don't show; remove it";
    return "the control character U+" + hexadecimal(c.code, 4) + "; remove it";
}

bool is_utf16(std::string_view text) { return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"); }

class cleaner {
public:
    cleaner(const source& text, findings& out) : text_(text), out_(out) {}

    std::string clean() {
        std::string to;
        to.reserve(text_.text().size());
        for (std::size_t number = 1; number <= text_.line_count(); ++number) {
            const auto line = text_.line(number);
            to += text_.text().substr(end_of_last_, static_cast<std::size_t>(line.data() - text_.text().data()) - end_of_last_);
            clean_line(line, number, to);
            end_of_last_ = static_cast<std::size_t>(line.data() - text_.text().data()) + line.size();
        }
        to += text_.text().substr(end_of_last_);
        if (bad_lines_ > most_lines_reported)
            out_.error({last_bad_}, "and " + std::to_string(bad_lines_ - most_lines_reported) + " more lines like this");
        return to;
    }

private:
    void clean_line(std::string_view line, std::size_t number, std::string& to) {
        if (std::all_of(line.begin(), line.end(), is_plain)) {
            to += line;
            return;
        }
        bool reported = false;
        const auto comment = start_of_comment(line);
        auto rest = line;
        for (std::size_t column = 1; !rest.empty(); ++column) {
            const auto c = first_character(rest);
            const bool in_comment = line.size() - rest.size() > comment;
            const bool allowed = is_allowed(c) || (c.code == no_break_space && in_comment);
            to += allowed ? rest.substr(0, c.bytes) : c.valid && c.code == no_break_space ? " " : replacement;
            if (!allowed && !std::exchange(reported, true)) report(c, {number, column});
            rest.remove_prefix(c.bytes);
        }
    }

    void report(const character& c, position where) {
        if (++bad_lines_ > most_lines_reported) return;
        last_bad_ = where;
        out_.error({where}, what_is_wrong(c));
    }

    const source& text_;
    findings& out_;
    std::size_t end_of_last_ = 0;  // in bytes
    std::size_t bad_lines_ = 0;
    position last_bad_{1, 1};
};

}  // namespace

std::optional<std::string> clean(const source& text, findings& out) {
    if (is_utf16(text.text())) {
        out.error({{1, 1}}, "the file is UTF-16; save it as UTF-8");
        return std::nullopt;
    }
    return cleaner(text, out).clean();
}

}  // namespace config
