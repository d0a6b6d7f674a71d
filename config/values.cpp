// config/values.cpp: one value against one key.
#include "config/values.hpp"

#include <algorithm>
#include <cassert>

#include "config/expectation.hpp"
#include "config/suggest.hpp"
#include "config/units.hpp"

namespace config {
namespace {

bool is_fraction(const entry& one) {
    return one.value.null && !one.key.empty() && one.key.find_first_not_of("0123456789") == std::string::npos;
}

class map_reader {
public:
    map_reader(section where, const grammar& rules, findings& out, unknown_keys unknown)
        : where_(where), rules_(rules), out_(out), unknown_(unknown) {}

    void read(const node& map, const std::string& inside);
    values take() { return std::move(found_); }
    const values& found() const { return found_; }

private:
    void read_entry(const entry& one, const std::string& inside);
    void read_inner_map(const entry& one, const std::string& path);
    void read_unknown(const entry& one, const std::string& inside);
    void read_value(const entry& one, const definition& key);
    void read_scalar(const node& scalar, value one);
    void read_list(const entry& one, value item);
    void read_numbered_texts(const entry& one, value item);
    void read_unbuilt(const entry& one, const definition& key);
    bool is_of_kind(const entry& one, const definition& key, node_kind kind);

    bool read_text(value& one);
    bool read_choice(const value& one);
    bool read_boolean(value& one);
    bool read_integer(value& one);
    bool read_duration(value& one);
    bool read_size(value& one);
    bool read_number(value& one);
    bool read_listed_number(value& one);
    bool fail(const value& one, const std::string& problem) const;
    bool is_in_range(const value& one, std::string (*show)(std::int64_t)) const;

    section where_;
    const grammar& rules_;
    findings& out_;
    unknown_keys unknown_;
    values found_;
};

void map_reader::read(const node& map, const std::string& inside) {
    if (inside.empty()) found_.incomplete = map.incomplete;
    for (const auto& one : map.entries) read_entry(one, inside);
}

void map_reader::read_entry(const entry& one, const std::string& inside) {
    const auto path = inside + one.key;
    const bool dotted = one.key.find('.') != std::string::npos;  // "serial.port" is how we write it, not how a file does
    if (inside.empty()) found_.mentioned.insert(one.key);
    const auto* key = dotted ? nullptr : rules_.find(where_, path);
    const bool has_keys = !dotted && rules_.is_map(where_, path);
    if (key == nullptr && !has_keys) return read_unknown(one, inside);
    if (key != nullptr) read_value(one, *key);
    if (has_keys && (key == nullptr || one.value.kind == node_kind::map)) read_inner_map(one, path);
}

void map_reader::read_unknown(const entry& one, const std::string& inside) {
    if (out_.full()) return out_.error(one.at, "unknown key");
    const auto meant = rules_.meant(where_, inside, one.key);
    const bool slip = meant && inside.empty() && !found_.mentions(*meant);
    if (slip) found_.mentioned.insert(*meant);
    // Where the adapter isn't known only what looks like one of the file's own keys can be called a mistake.
    if (unknown_ == unknown_keys::are_left_alone && !slip) return;
    if (is_fraction(one))
        return out_.error(one.at, "unknown key " + quoted(one.key) + "; if it is part of a number, the decimal sign is a point");
    out_.error(one.at, rules_.unknown_key(where_, inside, one.key));
}

void map_reader::read_inner_map(const entry& one, const std::string& path) {
    if (!expect_map(one.value, one.key, one.at, out_)) return;
    if (one.value.entries.empty() && !one.value.incomplete)
        return out_.error(one.at, quoted(one.key) + " is empty; write its keys, or remove it");
    read(one.value, path + ".");
}

void map_reader::read_unbuilt(const entry& one, const definition& key) {
    const auto reason = key.unbuilt.empty() ? "" : "; " + key.unbuilt;
    out_.error(one.at, quoted(one.key) + " is designed but not built yet" + reason);
}

bool map_reader::is_of_kind(const entry& one, const definition& key, node_kind kind) {
    if (one.value.kind == node_kind::unusable) return false;
    if (one.value.kind == node_kind::list && !key.unbuilt_list.empty()) {
        out_.error(one.at, key.unbuilt_list);
        return false;
    }
    if (one.value.kind == kind && !one.value.null) return true;
    out_.error(one.at, quoted(one.key) + mismatch(one.value, key));
    return false;
}

void map_reader::read_value(const entry& one, const definition& key) {
    value checked{&key, &one.value, one.at, one.value.at, {}, 0, 0};
    switch (key.form) {
        case form::unbuilt:
            return read_unbuilt(one, key);
        case form::number_list:
            return read_list(one, std::move(checked));
        case form::text_by_number:
            return read_numbered_texts(one, std::move(checked));
        case form::url_list:
        case form::text_list:
            if (key.of_adapter) return read_list(one, std::move(checked));
            if (is_of_kind(one, key, node_kind::list)) found_.all.push_back(std::move(checked));
            return;
        case form::named:
        case form::text_by_name:
        case form::map:
            if (is_of_kind(one, key, node_kind::map)) found_.all.push_back(std::move(checked));
            return;
        default:
            if (is_of_kind(one, key, node_kind::scalar)) read_scalar(one.value, std::move(checked));
    }
}

bool map_reader::fail(const value& one, const std::string& problem) const {
    const auto path = std::string_view(one.key->path);
    out_.error(one.at, quoted(path.substr(path.rfind('.') + 1)) + ": " + problem);
    return false;
}

void map_reader::read_scalar(const node& scalar, value one) {
    one.text = scalar.text;
    one.at = scalar.at;
    const auto good = [&] {
        switch (one.key->form) {
            case form::text:
                return read_text(one);
            case form::choice:
                return read_choice(one);
            case form::boolean:
                return read_boolean(one);
            case form::integer:
                return read_integer(one);
            case form::duration:
                return read_duration(one);
            case form::size:
                return read_size(one);
            case form::number:
                return read_number(one);
            case form::number_list:
                return read_listed_number(one);
            default:
                return true;
        }
    }();
    if (good) found_.all.push_back(std::move(one));
}

bool map_reader::read_text(value& one) {
    if (one.key->of_adapter) return true;
    if (one.text.empty() && !one.key->empty_allowed) return fail(one, "may not be empty");
    const auto size = static_cast<std::int64_t>(one.text.size());
    if (one.key->most > 0 && size > one.key->most)
        return fail(one, std::to_string(size) + " bytes are too long; at most " + std::to_string(one.key->most));
    return true;
}

bool map_reader::read_choice(const value& one) {
    const auto& choices = one.key->choices;
    const auto& unbuilt = one.key->unbuilt_choices;
    if (std::find(choices.begin(), choices.end(), one.text) != choices.end()) return true;
    if (std::find(unbuilt.begin(), unbuilt.end(), one.text) != unbuilt.end())
        return fail(one, quoted(one.text) + " is designed but not built yet; use " + one_of(choices));
    if (const auto hint = did_you_mean(one.text, choices); !hint.empty())
        return fail(one, quoted(one.text) + " is not possible" + hint);
    return fail(one, quoted(one.text) + " is not possible; expected " + expectation(*one.key));
}

bool map_reader::read_boolean(value& one) {
    if (one.text == "true" || one.text == "false") {
        one.integer = one.text == "true" ? 1 : 0;
        return true;
    }
    for (const auto* word : {"yes", "on", "1", "true", "y"})
        if (distance(one.text, word) == 0) return fail(one, "write 'true' instead of " + quoted(one.text));
    for (const auto* word : {"no", "off", "0", "false", "n"})
        if (distance(one.text, word) == 0) return fail(one, "write 'false' instead of " + quoted(one.text));
    return fail(one, quoted(one.text) + " is neither 'true' nor 'false'");
}

bool map_reader::is_in_range(const value& one, std::string (*show)(std::int64_t)) const {
    const auto& key = *one.key;
    if (key.zero_allowed && one.integer == 0) return true;
    if (key.least == 0 && key.most == 0) return true;
    if (one.integer >= key.least && one.integer <= key.most) return true;
    const auto range = show(key.least) + " to " + show(key.most) + (key.zero_allowed ? ", or 0s" : "");
    return fail(one, quoted(one.text) + " is out of range; possible is " + range);
}

bool map_reader::read_integer(value& one) {
    const auto read = parse_integer(one.text);
    if (!read.value) return fail(one, read.problem);
    one.integer = *read.value;
    one.number = static_cast<double>(*read.value);
    return is_in_range(one, [](std::int64_t number) { return std::to_string(number); });
}

bool map_reader::read_duration(value& one) {
    const auto read = parse_duration(one.text);
    if (!read.value) return fail(one, read.problem);
    one.integer = read.value->count();
    if (!is_in_range(one, [](std::int64_t time) { return show_duration(std::chrono::nanoseconds(time)); })) return false;
    if (one.key->step == 0 || one.integer % one.key->step == 0) return true;
    return fail(one, quoted(one.text) + " is finer than possible; use a multiple of " +
                         show_duration(std::chrono::nanoseconds(one.key->step)));
}

bool map_reader::read_size(value& one) {
    const auto read = parse_size(one.text);
    if (!read.value) return fail(one, read.problem);
    one.integer = *read.value;
    return is_in_range(one, show_size);
}

bool map_reader::read_number(value& one) {
    const auto read = parse_number(one.text);
    if (!read.value) return fail(one, read.problem);
    one.number = *read.value;
    return true;
}

/// Data sheets give the values that mean "no value" in hexadecimal.
bool map_reader::read_listed_number(value& one) {
    const auto hexadecimal = one.text.find("0x") != std::string::npos || one.text.find("0X") != std::string::npos;
    if (!hexadecimal) return read_number(one);
    if (const auto bits = parse_bits(one.text)) {
        one.integer = static_cast<std::int64_t>(*bits);
        one.number = static_cast<double>(*bits);
        return true;
    }
    return read_integer(one);
}

void map_reader::read_list(const entry& one, value item) {
    if (one.value.kind != node_kind::list) {
        if (is_of_kind(one, *item.key, node_kind::scalar)) read_scalar(one.value, std::move(item));
        return;
    }
    if (one.value.items.empty()) return out_.error(one.at, quoted(one.key) + " is empty; write its items, or remove it");
    for (const auto& number : one.value.items) {
        if (number.kind == node_kind::scalar && !number.null) {
            read_scalar(number, item);
        } else if (number.kind != node_kind::unusable) {
            out_.error(number.at, quoted(one.key) + " is a list of " + (item.key->form == form::text_list ? "texts" : "numbers") +
                                      ", found " + (number.null ? "nothing" : kind_name(number)));
        }
    }
}

void map_reader::read_numbered_texts(const entry& one, value item) {
    if (!is_of_kind(one, *item.key, node_kind::map)) return;
    if (one.value.entries.empty() && !one.value.incomplete)
        return out_.error(one.at, quoted(one.key) + " is empty; write its entries, or remove it");
    std::unordered_set<std::int64_t> seen;
    for (const auto& line : one.value.entries) {
        const auto number = parse_integer(line.key);
        if (!number.value) {
            out_.error(line.at, quoted(one.key) + " is a map from numbers to text, but " + number.problem);
        } else if (seen.contains(*number.value)) {
            out_.error(line.at, "the number " + quoted(line.key) + " is already there");
        } else if (line.value.kind == node_kind::scalar && !line.value.null) {
            item.integer = *number.value;
            item.text = line.value.text;
            item.at = line.value.at;
            found_.all.push_back(item);
        } else if (line.value.kind != node_kind::unusable) {
            out_.error(line.at,
                       quoted(line.key) + " needs a text, found " + (line.value.null ? "nothing" : kind_name(line.value)));
        }
        if (number.value) seen.insert(*number.value);
    }
}

}  // namespace

const value* values::find(std::string_view path) const {
    const auto found = std::find_if(all.begin(), all.end(), [&](const value& one) { return one.key->path == path; });
    return found == all.end() ? nullptr : &*found;
}

bool values::mentions(std::string_view key) const { return incomplete || mentioned.contains(std::string(key)); }

std::vector<setting> values::settings() const {
    std::vector<setting> out;
    for (const auto& one : all)
        if (one.key->of_adapter) out.push_back({one.key->path, one.text, one.integer, one.number, one.at.where});
    return out;
}

values read_map(const node& map, section where, const grammar& rules, findings& out, place at, const std::string& owner,
                unknown_keys unknown) {
    assert(map.kind == node_kind::map);
    map_reader reader(where, rules, out, unknown);
    reader.read(map, "");
    for (const auto* key : rules.keys(where))
        if (key->required && !reader.found().mentions(key->path) && !reader.found().mentions(key->replaced_by))
            out.error(at, owner + " has no " + quoted(key->path));
    return reader.take();
}

std::vector<value> read_texts(const value& from, findings& out) {
    std::vector<value> texts;
    const auto& name = from.key->path;
    if (from.source->items.empty()) out.error(from.key_at, quoted(name) + " is empty; write its items, or remove it");
    for (const auto& one : from.source->items) {
        const bool is_text = one.kind == node_kind::scalar && !one.null && !one.text.empty();
        if (is_text) {
            texts.push_back({from.key, &one, from.key_at, one.at, one.text, 0, 0});
        } else if (one.kind != node_kind::unusable) {
            const bool nothing = one.null || one.kind == node_kind::scalar;
            out.error(one.at, quoted(name) + " is a list of texts, found " + (nothing ? "nothing" : kind_name(one)));
        }
    }
    return texts;
}

bool expect_map(const node& value, std::string_view key, place at, findings& out) {
    if (value.kind == node_kind::map) return true;
    if (value.kind == node_kind::unusable) return false;
    if (value.null) {
        out.error(at, quoted(key) + " is empty; its keys belong below it, indented deeper");
    } else {
        out.error(at, quoted(key) + " expects a map of keys, found " + kind_name(value));
    }
    return false;
}

place part_of(const node& scalar, std::size_t from, std::size_t size) {
    const auto shown = count_characters(scalar.text);
    if (scalar.at.width != shown && scalar.at.width != shown + 2) return scalar.at;
    const std::string_view text = scalar.text;
    const std::size_t quote = scalar.at.width == shown ? 0 : 1;
    const auto offset = quote + count_characters(text.substr(0, from));
    const auto& start = scalar.at.where;
    return {{start.line, start.column + offset, start.file}, count_characters(text.substr(from, size))};
}

}  // namespace config
