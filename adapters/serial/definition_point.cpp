// adapters/serial/definition_point.cpp: reads which message a point comes from, where in it, and what it means.
// Not here: reading it out of a frame (fields.cpp).
#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/serial/definition.hpp"

namespace serial {
namespace {

using tidegate::faults;
using tidegate::settings;

template <typename Number>
bool parse_whole(std::string_view text, Number& to) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return error == std::errc() && stop == text.data() + text.size();
}

/// "4..13", or "4" for both.
template <typename Number>
bool parse_range(std::string_view text, Number& first, Number& last) {
    const std::size_t dots = text.find("..");
    return parse_whole(text.substr(0, dots), first) && parse_whole(dots == text.npos ? text : text.substr(dots + 2), last) &&
           first <= last;
}

class point_reader {
public:
    point_reader(const settings& written, std::size_t index, const device& owner, faults& to)
        : written_(written), index_(index), owner_(owner), to_(to) {}

    void read(point& made) {
        made.message = read_message();
        made.how.separator = owner_.separator;
        if (!read_place(made.how)) return;
        read_type(made.how);
        read_number(made.how);
        read_time(made.how);
        read_lists(made.how);
        read_companions(made.how);
    }

private:
    void fault(const char* path, const std::string& why) { to_.point(index_, path, why); }
    std::string text(std::string_view path) const {
        const auto* setting = written_.find(path);
        return setting ? setting->text : "";
    }
    std::int64_t integer(std::string_view path, std::int64_t otherwise) const {
        const auto* setting = written_.find(path);
        return setting ? setting->integer : otherwise;
    }

    std::string names_of_messages() const {
        std::string names;
        for (const message& one : owner_.messages) names += (names.empty() ? "" : ", ") + one.name;
        return names;
    }

    std::size_t read_message() {
        const std::string name = text("message");
        if (name.empty()) {
            if (owner_.messages.size() > 1)
                fault("", "a point of a device with several messages says which it comes from: message: one of " +
                              names_of_messages());
            return 0;
        }
        for (std::size_t i = 0; i < owner_.messages.size(); ++i)
            if (owner_.messages[i].name == name) return i;
        fault("message", "device \"" + owner_.name + "\" has no message " + name +
                             (owner_.messages.front().name.empty() ? "" : "; it has " + names_of_messages()));
        return 0;
    }

    bool read_place(field& made) {
        struct row {
            const char* key;
            place_kind kind;
        };
        constexpr std::array rows = {row{"field", place_kind::field}, row{"regex", place_kind::group},
                                     row{"key", place_kind::key}, row{"columns", place_kind::columns},
                                     row{"at", place_kind::offset}};
        const char* found = nullptr;
        for (const row& one : rows) {
            if (!written_.find(one.key)) continue;
            if (found) {
                fault(one.key, std::string("a value stands at one place: ") + found + " or " + one.key + ", not both");
                return false;
            }
            found = one.key;
            made.place = one.kind;
        }
        if (!found) fault("", "a point needs its place: one of field: 3, regex: \"…\", key: \"1.8.0\", columns: 4..13, at: 2");
        if (!found) return false;
        only_with("group", place_kind::group, made);
        only_with("value", place_kind::key, made);
        only_with("unit_sent", place_kind::key, made);
        only_with("order", place_kind::offset, made);
        only_with("length", place_kind::offset, made);
        only_with("bits", place_kind::offset, made);
        return read_where(made);
    }

    void only_with(const char* key, place_kind kind, const field& made) {
        constexpr std::array<const char*, 5> places = {"field", "regex", "key", "columns", "at"};
        if (written_.find(key) && made.place != kind)
            fault(key, std::string(key) + " belongs to " + places[static_cast<std::size_t>(kind)] + ":");
    }

    bool read_where(field& made) {
        const std::size_t before = to_.count();
        switch (made.place) {
            case place_kind::field:
                made.where = static_cast<std::size_t>(integer("field", 0));
                break;
            case place_kind::group: {
                std::string why;
                made.pattern = pattern::compile(text("regex"), why);
                if (!made.pattern) {
                    fault("regex", why);
                    break;
                }
                // An expression without groups is meant as a whole.
                made.where = static_cast<std::size_t>(integer("group", made.pattern->groups() > 0 ? 1 : 0));
                check_group(made, "group", made.where);
                break;
            }
            case place_kind::key:
                made.key = text("key");
                made.value_number = static_cast<int>(integer("value", 0));
                made.unit = text("unit_sent");
                if (made.key.empty()) fault("key", "a key has characters");
                break;
            case place_kind::columns:
                if (!parse_range(text("columns"), made.where, made.last) || made.where == 0 || made.last > 65536)
                    fault("columns", "columns are the first and the last one, counted from 1: 4..13");
                --made.where;
                --made.last;
                break;
            case place_kind::offset:
                made.where = static_cast<std::size_t>(integer("at", 0));
        }
        return to_.count() == before;
    }

    void check_group(const field& made, const char* path, std::size_t number) {
        if (made.place == place_kind::group && number > made.pattern->groups())
            fault(path, "the expression has " + std::to_string(made.pattern->groups()) + " groups");
    }

    void read_type(field& made) {
        const auto* written = written_.find("type");
        if (written) made.type = find_type(written->text)->type;
        const type_row& row = row_of(made.type);
        const bool in_bytes = row.bytes > 0 || made.type == field_type::bcd;
        if (made.place != place_kind::offset) {
            if (in_bytes) fault("type", std::string(row.name) + " is made of bytes, at: an offset");
            return;
        }
        if (!written) fault("", "a value at an offset needs its type, such as uint16");
        made.little = text("order") == "little";
        made.length = static_cast<std::size_t>(integer("length", 0));
        if (written && row.bytes == 0 && made.length == 0)
            fault("", std::string(row.name) + " at an offset needs its length in bytes");
        if (row.bytes > 0 && made.length > 0) fault("length", std::string(row.name) + " has its own length");
        if (made.type == field_type::bcd && made.length > 9) fault("length", "bcd has at most 9 bytes");
        if (const auto* bits = written_.find("bits")) read_bits(made, bits->text);
    }

    void read_bits(field& made, std::string_view written) {
        unsigned first = 0, last = 0;
        const type_row& row = row_of(made.type);
        if (!row.is_integer)
            fault("bits", "only integers have bits: type: uint8");
        else if (!parse_range(written, first, last) || last >= row.bytes * 8u)
            fault("bits", "bits are the first and the last one, up to " + std::to_string(row.bytes * 8 - 1) + ": 4..6, or 3");
        else
            made.bits = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)};
    }

    void read_number(field& made) {
        const auto read = [&](const char* path, decimal& to) {
            const auto* written = written_.find(path);
            if (!written) return;
            const auto number = parse_decimal(written->text);
            if (!number || number->exponent > 30 || number->exponent < -30)
                fault(path, std::string(path) + " is a decimal number with at most 18 digits");
            else if (made.type == field_type::text || made.type == field_type::timestamp || made.type == field_type::coordinate)
                fault(path, std::string(path) + " is for numbers");
            else
                to = *number;
        };
        read("scale", made.scale);
        read("offset", made.offset);
        if (made.scale.digits == 0) fault("scale", "a scale of 0 would make everything the same");
    }

    void read_time(field& made) {
        made.format = text("time_format");
        if (const auto* zone = written_.find("zone")) {
            const std::string_view written = zone->text;
            int hours = 0, minutes = 0;
            if (written == "Z")
                made.zone_minutes = 0;
            else if (written.size() == 6 && (written[0] == '+' || written[0] == '-') && written[3] == ':' &&
                     parse_whole(written.substr(1, 2), hours) && parse_whole(written.substr(4), minutes) && hours <= 14 &&
                     hours >= 0 && minutes >= 0 && minutes <= 59)
                made.zone_minutes = (written[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
            else
                fault("zone", "a zone is Z, or +01:00");
        }
        if (made.type != field_type::timestamp) {
            for (const char* const key : {"time_format", "zone", "join"})
                if (written_.find(key)) fault(key, std::string(key) + " is for type: timestamp");
            return;
        }
        if (made.format.empty())
            fault("", "a timestamp needs its time_format, such as YYMMDDhhmmss");
        else if (const std::string why = fault_of_format(made.format, made.zone_minutes.has_value()); !why.empty())
            fault("time_format", why);
    }

    void read_lists(field& made) {
        for (const auto& setting : written_.all()) {
            const std::string_view path = setting.path;
            if (path == "null") made.null.emplace_back(setting.text);
            if (path != "enum") continue;
            const std::string_view written = setting.text;
            const std::size_t equals = written.find('=');
            if (equals == written.npos || equals == 0 || equals + 1 == written.size())
                fault("enum", "an entry is what is sent, =, and its name: [\"A=valid\", \"V=void\"]");
            else
                made.names.emplace_back(trimmed(written.substr(0, equals)), trimmed(written.substr(equals + 1)));
        }
    }

    /// Keys that point at another place of the same kind.
    void read_companions(field& made) {
        const auto read = [&](const char* path, std::optional<std::size_t>& to) {
            const auto* written = written_.find(path);
            if (!written) return;
            to = static_cast<std::size_t>(written->integer);
            if (made.place == place_kind::key || made.place == place_kind::offset)
                fault(path, std::string(path) + " is for field, regex and columns");
            if (made.place == place_kind::columns && *to == 0) fault(path, "columns count from 1");
            if (made.place == place_kind::columns) --*to;
            check_group(made, path, *to);
        };
        read("sign", made.sign);
        read("join", made.join);
        if (made.sign && made.type != field_type::number && made.type != field_type::coordinate)
            fault("sign", "sign is for numbers and coordinates");
        if (const auto* written = written_.find("valid_if")) read_condition(made, written->text);
    }

    void read_condition(field& made, std::string_view written) {
        condition only;
        const std::size_t equals = written.find('=');
        only.negated = equals != written.npos && equals > 0 && written[equals - 1] == '!';
        const std::string_view where = trimmed(written.substr(0, std::min(equals, written.size()) - (only.negated ? 1 : 0)));
        std::string_view texts = equals == written.npos ? std::string_view() : written.substr(equals + 1);
        while (!trimmed(texts).empty()) {
            const std::size_t bar = std::min(texts.find('|'), texts.size());
            only.texts.emplace_back(trimmed(texts.substr(0, bar)));
            texts.remove_prefix(std::min(bar + 1, texts.size()));
        }
        only.key = where;
        const bool numbered = made.place != place_kind::key;
        if (only.texts.empty() || where.empty() || (numbered && !parse_whole(where, only.where)) ||
            (made.place == place_kind::columns && only.where == 0)) {
            return fault("valid_if", std::string("a condition is a ") + (numbered ? "number" : "key") +
                                         " as the place has it, = or !=, and texts: " + (numbered ? "2 = A|D" : "0.0.0 = 1"));
        }
        if (made.place == place_kind::columns) --only.where;
        check_group(made, "valid_if", only.where);
        made.valid_if = std::move(only);
    }

    const settings& written_;
    std::size_t index_;
    const device& owner_;
    faults& to_;
};

}  // namespace

point read_point(const tidegate_point_config& config, std::size_t index, const device& owner, faults& to) {
    const settings written(config.settings, config.setting_count);
    point made;
    made.name = config.name;
    point_reader(written, index, owner, to).read(made);
    return made;
}

}  // namespace serial
