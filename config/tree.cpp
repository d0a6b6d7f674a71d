// config/tree.cpp: libyaml's events → nodes, within bounds.
#include "config/tree.hpp"

#include <yaml.h>

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

#include "config/encoding.hpp"
#include "config/syntax.hpp"

namespace config {
namespace {

/// Owns what libyaml allocates for one event.
struct event {
    event() = default;
    ~event() { yaml_event_delete(&raw); }
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    yaml_event_t raw{};
};

/// libyaml counts from 0. Its columns count characters and start anew after what source takes for the end of a line too:
/// what else it would take for one (U+0085, U+2028, U+2029) clean() has replaced.
position to_position(const yaml_mark_t& mark) { return {mark.line + 1, mark.column + 1}; }

std::string to_text(const yaml_char_t* text, std::size_t length) {
    return std::string(reinterpret_cast<const char*>(text), length);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_null(const yaml_event_t& scalar, const std::string& text) {
    if (scalar.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

class builder {
public:
    builder(const source& original, const std::string& text, findings& out)
        : original_(original), out_(out), was_clean_(!out.any_error()) {
        const bool ready = yaml_parser_initialize(&parser_) == 1;
        assert(ready && "no memory");
        std::ignore = ready;  // With asserts off.
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    ~builder() { yaml_parser_delete(&parser_); }
    builder(const builder&) = delete;
    builder& operator=(const builder&) = delete;

    std::optional<node> document(std::string_view needs);

private:
    bool next(event& to);
    bool complain();
    bool build(const event& first, std::size_t depth, node& to);
    bool build_map(std::size_t depth, node& to);
    bool build_list(std::size_t depth, node& to);
    bool build_entry(const event& key, std::size_t depth, node& to, std::unordered_map<std::string, position>& seen);
    void build_scalar(const yaml_event_t& scalar, node& to);
    bool check_key(const entry& one, const std::unordered_map<std::string, position>& seen);
    void refuse_properties(const yaml_event_t& raw);
    void refuse_tag(const std::string& tag, place at);
    void look_at_line_break(const yaml_event_t& scalar);
    void report_line_break();
    bool no_second_document();
    place place_of(const yaml_event_t& raw) const;

    const source& original_;
    findings& out_;
    bool was_clean_;
    yaml_parser_t parser_{};
    complaint::scalar last_;
    bool runs_on_ = false;  // `last_` goes over several lines, and that hasn't been reported yet
    std::size_t count_ = 0;
};

bool builder::complain() {
    complaint what;
    what.problem = parser_.problem == nullptr ? "no memory" : parser_.problem;
    what.where = to_position(parser_.problem_mark);
    what.context = parser_.context == nullptr ? "" : parser_.context;
    what.context_where = to_position(parser_.context_mark);
    what.last = last_;
    const auto said = explain(what, original_);
    out_.error(said.at, said.message);
    return false;
}

bool builder::next(event& to) {
    if (yaml_parser_parse(&parser_, &to.raw) == 0) return complain();
    report_line_break();
    if (++count_ <= 2 * largest_tree) return true;
    out_.error({to_position(to.raw.start_mark)}, "the file has too many values; a larger plant needs several gateways");
    return false;
}

place builder::place_of(const yaml_event_t& raw) const {
    const auto from = to_position(raw.start_mark);
    const auto to = to_position(raw.end_mark);
    if (to.line != from.line) return {from, original_.text().size()};  // To the end of its line.
    return {from, std::max<std::size_t>(to.column - from.column, 1)};
}

void builder::look_at_line_break(const yaml_event_t& scalar) {
    const auto style = scalar.data.scalar.style;
    const bool quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    last_ = {to_position(scalar.start_mark), to_position(scalar.end_mark), quoted,
             to_text(scalar.data.scalar.value, scalar.data.scalar.length)};
    runs_on_ = last_.from.line != last_.to.line && (quoted || style == YAML_PLAIN_SCALAR_STYLE);
}

/// YAML joins lines silently, where in a config file it is nearly always a lost ':' or '"', or a wrong indentation.
/// Reported one event late: if the next can't be read, the reason of that is the better message.
void builder::report_line_break() {
    if (!std::exchange(runs_on_, false)) return;
    const place at{last_.from, original_.text().size()};
    const auto until = "line " + std::to_string(last_.to.line);
    if (last_.quoted) return out_.error(at, "this quote is only closed on " + until + "; a value must end on its line");
    out_.error(at, "this value runs on to " + until + "; is a ':' missing, or the indentation of the next line wrong?");
}

void builder::refuse_tag(const std::string& tag, place at) {
    if (tag == "!secret")
        return out_.error(at, "'!secret' is not supported; write \"@env:NAME\", \"@file:/path\" or \"@cred:NAME\"");
    out_.error(at, "YAML tags are not supported; write the value without '!'");
}

void builder::refuse_properties(const yaml_event_t& raw) {
    const yaml_char_t* anchor = nullptr;
    const yaml_char_t* tag = nullptr;
    if (raw.type == YAML_SCALAR_EVENT) anchor = raw.data.scalar.anchor, tag = raw.data.scalar.tag;
    if (raw.type == YAML_MAPPING_START_EVENT) anchor = raw.data.mapping_start.anchor, tag = raw.data.mapping_start.tag;
    if (raw.type == YAML_SEQUENCE_START_EVENT) anchor = raw.data.sequence_start.anchor, tag = raw.data.sequence_start.tag;
    const place at{to_position(raw.start_mark)};
    if (anchor != nullptr) {
        const auto name = quoted(std::string("&").append(reinterpret_cast<const char*>(anchor)));
        out_.error(at, "YAML anchors (" + name + ") are not supported; write the value out where it is used");
    }
    if (tag != nullptr) refuse_tag(reinterpret_cast<const char*>(tag), at);
}

void builder::build_scalar(const yaml_event_t& scalar, node& to) {
    to.kind = node_kind::scalar;
    to.text = to_text(scalar.data.scalar.value, scalar.data.scalar.length);
    to.null = is_null(scalar, to.text);
    if (to.text.find('\n') != std::string::npos && last_.from.line == last_.to.line) {
        out_.error(to.at, "a value can't contain a line break");
        to.kind = node_kind::unusable;
    } else if (to.text.find('\n') != std::string::npos) {
        if (!runs_on_) out_.error({to.at.where}, "a value can't go over several lines; write it on one");
        to.kind = node_kind::unusable;
    } else if (std::any_of(to.text.begin(), to.text.end(), is_control)) {
        out_.error(to.at, "a value can't contain a tab or another control character");
        to.kind = node_kind::unusable;
    }
    // What stands there instead of unreadable bytes has been complained about, and would only be so again.
    const bool repaired = !was_clean_ && to.text.find("\xEF\xBF\xBD") != std::string::npos;
    if (runs_on_ || repaired || scalar.data.scalar.tag != nullptr) to.kind = node_kind::unusable;
}

bool builder::build(const event& first, std::size_t depth, node& to) {
    const auto& raw = first.raw;
    to.at = place_of(raw);
    refuse_properties(raw);
    if (raw.type == YAML_ALIAS_EVENT) {
        const auto name = quoted(std::string("*").append(reinterpret_cast<const char*>(raw.data.alias.anchor)));
        out_.error(to.at, "YAML aliases (" + name + ") are not supported; write the value out, or quote it if it is text");
        return true;
    }
    if (raw.type == YAML_SCALAR_EVENT) {
        look_at_line_break(raw);
        build_scalar(raw, to);
        return true;
    }
    if (depth == deepest_tree) {
        out_.error(to.at, "maps and lists are nested too deep here");
        return false;
    }
    return raw.type == YAML_MAPPING_START_EVENT ? build_map(depth + 1, to) : build_list(depth + 1, to);
}

bool builder::build_list(std::size_t depth, node& to) {
    to.kind = node_kind::list;
    while (true) {
        event item;
        if (!next(item)) return false;
        if (item.raw.type == YAML_SEQUENCE_END_EVENT) return true;
        if (!build(item, depth, to.items.emplace_back())) return false;
    }
}

bool builder::build_map(std::size_t depth, node& to) {
    to.kind = node_kind::map;
    std::unordered_map<std::string, position> seen;
    while (true) {
        event key;
        if (!next(key)) return false;
        if (key.raw.type == YAML_MAPPING_END_EVENT) return true;
        if (!build_entry(key, depth, to, seen)) return false;
    }
}

bool builder::check_key(const entry& one, const std::unordered_map<std::string, position>& seen) {
    if (const auto first = seen.find(one.key); first != seen.end()) {
        out_.error(one.at, "the key " + quoted(one.key) + " is already there on line " + std::to_string(first->second.line));
        return false;
    }
    if (one.key.empty()) {
        out_.error(one.at, "a key is missing before ':'");
        return false;
    }
    if (one.key == "<<") {
        out_.error(one.at, "YAML merge keys ('<<') are not supported; write the keys out");
        return false;
    }
    return true;
}

bool builder::build_entry(const event& key, std::size_t depth, node& to, std::unordered_map<std::string, position>& seen) {
    node name;
    if (!build(key, depth, name)) return false;
    if (name.kind == node_kind::map || name.kind == node_kind::list)
        out_.error(name.at, "a key must be text; put text that begins with '{' or '[' in quotes");
    event value;
    if (!next(value)) return false;
    entry one{std::move(name.text), name.at, {}};
    if (!build(value, depth, one.value)) return false;
    if (name.kind != node_kind::scalar || !check_key(one, seen)) {
        to.incomplete = true;
        return true;
    }
    seen.emplace(one.key, one.at.where);
    to.entries.push_back(std::move(one));
    return true;
}

bool builder::no_second_document() {
    event end;  // of the document
    event following;
    if (!next(end) || !next(following)) return false;
    if (following.raw.type == YAML_STREAM_END_EVENT) return true;
    out_.error({to_position(following.raw.start_mark), 3}, "a second YAML document begins here; a config file is one document");
    return false;
}

std::optional<node> builder::document(std::string_view needs) {
    event stream;
    event start;
    if (!next(stream) || !next(start)) return std::nullopt;
    if (start.raw.type == YAML_STREAM_END_EVENT) {
        out_.error({{1, 1}}, "the file is empty; it needs at least " + std::string(needs));
        return std::nullopt;
    }
    event first;
    node root;
    if (!next(first) || !build(first, 0, root) || !no_second_document()) return std::nullopt;
    return root;
}

}  // namespace

std::optional<node> parse_tree(const source& text, findings& out, std::string_view needs) {
    const auto cleaned = clean(text, out);
    if (!cleaned) return std::nullopt;
    builder parse(text, *cleaned, out);
    return parse.document(needs);
}

}  // namespace config
