// gateway/command/man_text.cpp: text and Markdown into roff (man_pages.hpp).
#include <algorithm>

#include "gateway/command/man_pages.hpp"

namespace gateway {
namespace {

/// Words of a paragraph: `code` becomes bold.
std::string with_code(std::string_view text) {
    std::string result;
    bool code = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('`'), text.size());
        if (end > 0) result += (code ? "\\fB" : "") + in_roff(text.substr(0, end)) + (code ? "\\fP" : "");
        text.remove_prefix(std::min(end + 1, text.size()));
        code = !code;
    }
    // A full stop or a quote at a line's beginning would be a command.
    return result.starts_with('.') || result.starts_with('\'') ? "\\&" + result : result;
}

}  // namespace

std::string in_roff(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char each = text[i];
        if (each == '\\')
            result += "\\e";
        else if (each == '-')
            result += "\\-";
        else if (each == '\'')
            result += "\\(aq";
        else if (each == '^')
            result += "\\(ha";
        else if (each == '~')
            result += "\\(ti";
        else if (each == '.' && (i == 0 || text[i - 1] == '\n'))
            result += "\\&.";
        else
            result += each;
    }
    return result;
}

std::string roff_of_markdown(std::string_view text) {
    std::string result;
    enum class in { nothing, paragraph, item, code } state = in::nothing;
    const auto become = [&](in next) {
        if (state == in::code && next != in::code) result += ".EE\n";
        if (state != in::code && next == in::code) result += ".PP\n.EX\n";
        state = next;
    };
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.empty()) {
            // Within an example an empty line is one; behind it, it ends it.
            const std::size_t next = text.find_first_not_of('\n');
            if (state == in::code && next != std::string_view::npos && text.substr(next).starts_with("    "))
                result += "\n";
            else
                become(in::nothing);
        } else if (line.starts_with("## ")) {
            become(in::nothing);
            result += ".SH " + in_roff(line.substr(3)) + '\n';
            state = in::paragraph;
        } else if (line.starts_with("    ")) {
            become(in::code);
            result += in_roff(line.substr(4)) + '\n';
        } else if (line.starts_with("- ")) {
            become(in::item);
            result += ".IP \\(bu 2\n" + with_code(line.substr(2)) + '\n';
        } else {
            if (state == in::nothing || state == in::code) {
                become(in::paragraph);
                result += ".PP\n";
            }
            const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
            result += with_code(line.substr(begin)) + '\n';
        }
    }
    become(in::nothing);
    return result;
}

}  // namespace gateway
