// config/syntax.cpp: libyaml's words, and what they usually mean.
#include "config/syntax.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "config/findings.hpp"

namespace config {
namespace {

/// The rest of a line from a column on.
std::string_view from_column(std::string_view line, std::size_t column) { return without_first(line, column - 1); }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

bool is_blank(std::string_view line) {
    const auto rest = trimmed(line);
    return rest.empty() || rest.front() == '#';
}

std::string line_number(std::size_t line) { return "line " + std::to_string(line); }

std::string spaces(std::size_t count) { return std::to_string(count) + (count == 1 ? " space" : " spaces"); }

class interpreter {
public:
    interpreter(const complaint& what, const source& text) : what_(what), text_(text), at_(text.nearest({what.where})) {}

    explanation explain() const;

private:
    static bool is_reference(std::string_view value);
    explanation bad_start() const;
    explanation unexpected_colon() const;
    explanation no_colon(place line_start) const;
    explanation not_closed() const;
    explanation no_key() const;
    explanation no_dash() const;
    explanation bad_quotation() const;
    explanation bad_indentation() const;
    explanation unknown() const;

    bool says(std::string_view part) const { return what_.problem.find(part) != std::string_view::npos; }
    bool while_doing(std::string_view part) const { return what_.context.find(part) != std::string_view::npos; }
    bool last_runs_on() const { return what_.last.from.line != 0 && what_.last.from.line != what_.last.to.line; }
    place context() const { return text_.nearest({what_.context_where}); }
    std::string_view line(std::size_t number) const { return text_.line(std::min(number, text_.line_count())); }
    std::string_view here() const { return from_column(line(at_.where.line), at_.where.column); }
    place start_of_line(std::size_t number) const {
        const auto all = line(number);
        return {{number, indentation(all) + 1}, count_characters(trimmed(all))};
    }

    const complaint& what_;
    const source& text_;
    place at_;
};

/// Whether text is a reference to a secret, and so no secret itself: messages end up in logs.
bool interpreter::is_reference(std::string_view value) {
    return value.starts_with("@env:") || value.starts_with("@file:") || value.starts_with("@cred:");
}

explanation interpreter::bad_start() const {
    const auto rest = here();
    if (rest.starts_with('\t')) return {at_, "a tab; YAML is indented with spaces only"};
    if (rest.empty()) return unknown();
    const auto value = trimmed(rest.substr(0, std::min(rest.find(" #"), rest.find_first_of(",}]"))));
    auto message = "a value can't begin with " + quoted(rest.substr(0, 1)) + " unless it is in quotes";
    if (is_reference(value)) message.append(": ").append(quoted(value));
    return {{at_.where, count_characters(value)}, std::move(message)};
}

/// At the start of a line that has no ': '.
explanation interpreter::no_colon(place line_start) const {
    const auto rest = trimmed(from_column(line(line_start.where.line), line_start.where.column));
    const auto colon = rest.find(':');
    if (colon != std::string_view::npos && colon > 0 && colon + 1 < rest.size())
        return {line_start, "a space is missing after " + quoted(rest.substr(0, colon + 1))};
    return {line_start, "expected 'key: value', but there is no ':' here"};
}

explanation interpreter::unexpected_colon() const {
    const auto& last = what_.last;
    if (!last_runs_on() || last.quoted) {
        if (last_runs_on()) return not_closed();
        return {at_, "a second ':' on this line; if it belongs to the value, put the value in quotes"};
    }
    const auto first = start_of_line(last.from.line);
    if (first.where == last.from) return no_colon(first);
    // The value above took this line for its continuation, as it is indented deeper than the key of that value.
    const auto deeper = start_of_line(at_.where.line);
    if (deeper.where.column <= first.where.column) return {at_, "':' is not expected here"};
    return {{deeper.where, 1},
            "indented deeper than " + line_number(last.from.line) + ", which has a value already; indent it by " +
                spaces(first.where.column - 1) + " like that line, or remove the value there"};
}

explanation interpreter::bad_quotation() const {
    if (says("unexpected end of stream") || says("document indicator"))
        return {context(), "the quote that opens here is never closed"};
    if (says("unknown escape character") || says("hexdecimal") || says("Unicode"))
        return {at_, "not an escape that YAML knows; in double quotes write '\\\\' for a backslash, or use single quotes"};
    return unknown();
}

/// Inside { } or [ ].
explanation interpreter::not_closed() const {
    const auto& last = what_.last;
    if (last_runs_on() && last.quoted)
        return {{last.from, text_.text().size()}, "the quote that opens here is not closed on its line"};
    const auto opened = context();
    const auto bracket = from_column(line(opened.where.line), opened.where.column).substr(0, 1);
    const std::string closing = bracket == "[" ? "]" : "}";
    const auto end = last_runs_on() ? last.to.line : at_.where.line;
    if (opened.where.line != end || trimmed(here()).empty()) {
        const bool nothing_more = at_.where.line == text_.line_count() && trimmed(here()).empty();
        const auto until = nothing_more ? "the end of the file" : line_number(end);
        return {opened, quoted(bracket) + " is not closed by " + quoted(closing) + ", or a ',' is missing, before " + until};
    }
    const auto space = last.text.rfind(' ');
    if (here().starts_with(':') && !last.quoted && space != std::string::npos)
        return {at_, "a ',' is missing before " + quoted(last.text.substr(space + 1))};
    return {at_, "expected ',' or " + quoted(closing) + (last.quoted ? " after the closing quote" : " here")};
}

/// The line fits none of the maps and lists that are open.
explanation interpreter::bad_indentation() const {
    const auto start = start_of_line(at_.where.line);
    std::vector<std::size_t> open;
    std::size_t least = line(at_.where.line).size() + 1000;
    for (auto number = at_.where.line - 1; number > 0 && least > 0; --number) {
        if (is_blank(line(number)) || indentation(line(number)) >= least) continue;
        least = indentation(line(number));
        open.push_back(least);
    }
    std::string fits;
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (i > 0) fits += i + 1 == open.size() ? " or " : ", ";
        fits += std::to_string(open[i]);
    }
    return {{start.where, 1}, "indented by " + spaces(start.where.column - 1) + ", but what is above by " + fits};
}

explanation interpreter::no_dash() const {
    return {at_, "a list item begins with '-', as the lines above, or this line is indented too deep"};
}

/// After a value, where only another key could follow.
explanation interpreter::no_key() const {
    const auto& last = what_.last;
    if (last_runs_on() && last.quoted) return not_closed();
    const auto start = start_of_line(at_.where.line);
    if (at_.where != start.where) {
        const auto before = line(at_.where.line).substr(0, line(at_.where.line).size() - here().size());
        if (here().starts_with('}') || here().starts_with(']'))
            return {at_, "nothing is open that " + quoted(here().substr(0, 1)) + " could close"};
        if (trimmed(before).ends_with('}'))
            return {at_, "nothing can follow '}'; text that begins with '{' must be in quotes, such as \"{gateway}/{device}\""};
        return {at_, "nothing can follow the value on this line; if this belongs to it, put all of it in one pair of quotes"};
    }
    if (here().starts_with("- ") || here() == "-")
        return {at_, "a list item where a key was expected; keys are written 'key: value'"};
    return bad_indentation();
}

explanation interpreter::unknown() const {
    return {at_,
            "this is not YAML: " + std::string(what_.problem) + (what_.context.empty() ? "" : " " + std::string(what_.context))};
}

explanation interpreter::explain() const {
    if (says("tab character")) return {at_, "a tab; YAML is indented with spaces only"};
    if (says("cannot start any token")) return bad_start();
    if (says("mapping values are not allowed")) return unexpected_colon();
    if (says("could not find expected ':'")) return no_colon({context().where, start_of_line(context().where.line).width});
    if (while_doing("quoted scalar")) return bad_quotation();
    if (while_doing("flow mapping") || while_doing("flow sequence")) return not_closed();
    if (says("did not find expected key")) return no_key();
    if (says("'-' indicator")) return no_dash();
    if (says("block sequence entries"))
        return {at_, "a list can't begin behind a ':'; put '- ' on a line of its own, or write [a, b]"};
    if (says("expected node content")) return {at_, "a value is missing before " + quoted(here().substr(0, 1))};
    if (while_doing("alias") || while_doing("anchor") || while_doing("tag"))
        return {context(), "a value can't begin with " +
                               quoted(from_column(line(context().where.line), context().where.column).substr(0, 1)) +
                               " unless it is in quotes"};
    if (says("<document start>")) return {at_, "nothing can follow here; the document ends above"};
    return unknown();
}

}  // namespace

explanation explain(const complaint& what, const source& text) { return interpreter(what, text).explain(); }

}  // namespace config
