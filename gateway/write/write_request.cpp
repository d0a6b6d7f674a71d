// gateway/write/write_request.cpp: see write_request.hpp.
#include "gateway/write/write_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "config/units.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"

namespace gateway {
namespace {

constexpr std::size_t longest_text = 512;  // of a value
constexpr auto longest_ttl = std::chrono::hours{24};

std::string quoted(std::string_view text) {
    std::string shown;
    append_json_string(shown, text.substr(0, 40));
    return shown;
}

/// A digit's worth of numbers at a fixed place; nothing: other characters are there.
std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
    int number = 0;
    if (at + count > text.size()) return std::nullopt;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

bool is_no_number(std::string_view text) {
    std::string word;
    for (const char c : text)
        if (c != '+' && c != '-') word.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
    return word == "nan" || word == "inf" || word == "infinity";
}

std::optional<refusal> check_plain(const value& what, const std::string& name) {
    if (std::holds_alternative<no_value>(what))
        return refusal{write_reason::wrong_type, quoted(name) + " is null; a command needs a value"};
    const auto* text = std::get_if<std::string>(&what);
    if (text == nullptr) return std::nullopt;
    if (is_no_number(*text)) return refusal{write_reason::not_a_number, quoted(*text) + " can't be written"};
    if (text->empty() || text->size() > longest_text || !is_text(*text))
        return refusal{write_reason::wrong_type, "a text must be UTF-8 of 1 to " + std::to_string(longest_text) + " bytes"};
    return std::nullopt;
}

std::optional<refusal> take_id(const value& from, write_request& to) {
    if (const auto* text = std::get_if<std::string>(&from)) to.id = *text;
    if (const auto* number = std::get_if<std::int64_t>(&from)) to.id = std::to_string(*number);
    if (!to.id.empty() && to.id.size() <= longest_command_id && is_text(to.id)) return std::nullopt;
    to.id.clear();
    return refusal{write_reason::not_readable,
                   "'id' must be a whole number or a text of 1 to " + std::to_string(longest_command_id) + " bytes"};
}

std::optional<refusal> take_time(const value& from, write_request& to) {
    if (const auto* text = std::get_if<std::string>(&from)) to.made_at_ms = parse_timestamp(*text);
    if (const auto* number = std::get_if<std::int64_t>(&from); number != nullptr && *number > 0) to.made_at_ms = *number;
    if (to.made_at_ms) return std::nullopt;
    return refusal{write_reason::not_readable, "'ts' must be as \"2026-11-22T20:15:10.123Z\", or Unix time in milliseconds"};
}

std::optional<refusal> take_life(const value& from, write_request& to) {
    using std::chrono::milliseconds;
    if (const auto* number = std::get_if<std::int64_t>(&from); number != nullptr && *number > 0 && *number <= INT32_MAX)
        to.ttl = milliseconds(*number);
    if (const auto* text = std::get_if<std::string>(&from)) {
        const auto read = config::parse_duration(*text);
        if (read.value) to.ttl = std::chrono::duration_cast<milliseconds>(*read.value);
    }
    if (to.ttl && *to.ttl > milliseconds{0} && *to.ttl <= longest_ttl) return std::nullopt;
    to.ttl.reset();
    return refusal{write_reason::not_readable, "'ttl' must be a time such as \"5s\", or milliseconds; at most a day"};
}

std::optional<refusal> take_flag(const value& from, const char* name, bool& to) {
    const auto* flag = std::get_if<bool>(&from);
    if (flag == nullptr) return refusal{write_reason::not_readable, std::string("'") + name + "' must be true or false"};
    to = *flag;
    return std::nullopt;
}

/// Nothing in `known`: it is no key of a command itself.
std::optional<refusal> take_key(const std::string& name, const value& what, write_request& to, bool& known) {
    known = true;
    if (name == "ts") return take_time(what, to);
    if (name == "ttl") return take_life(what, to);
    if (name == "force") return take_flag(what, "force", to.force);
    if (name == "confirm") return take_flag(what, "confirm", to.confirm);
    if (name == "id") return std::nullopt;  // taken before all others
    known = false;
    return std::nullopt;
}

std::optional<refusal> read_object(std::string_view payload, write_request& to) {
    const auto object = read_flat_object(payload, most_points_of_command + 5);
    if (!object) return refusal{write_reason::not_readable, "the payload is no JSON object of plain values, or has a key twice"};
    if (const auto* id = object->find("id"))
        if (auto fault = take_id(*id, to)) return fault;
    for (const auto& [name, what] : object->members) {
        bool known = false;
        if (auto fault = take_key(name, what, to, known)) return fault;
        if (known) continue;
        if (!to.point.empty() && name != "value")
            return refusal{write_reason::not_readable,
                           "unknown key " + quoted(name) + "; known are value, id, ts, ttl, force and confirm"};
        if (auto fault = check_plain(what, name)) return fault;
        to.values.emplace_back(to.point.empty() ? name : to.point, what);
    }
    if (to.values.empty())
        return refusal{write_reason::not_readable, to.point.empty() ? "no point is named" : "there is no 'value'"};
    if (to.values.size() > most_points_of_command)
        return refusal{write_reason::too_large, "at most " + std::to_string(most_points_of_command) + " points at once"};
    return std::nullopt;
}

}  // namespace

std::string_view name_of(write_reason what) {
    constexpr std::array names{"none",           "writes_off",   "unknown_device", "unknown_point",     "not_writable",
                               "too_large",      "not_readable", "wrong_type",     "not_a_number",      "below_min",
                               "above_max",      "off_step",     "not_allowed",    "change_too_large",  "current_unknown",
                               "too_soon",       "expired",      "ts_ahead",       "ts_missing",        "clock_unset",
                               "retained",       "duplicate",    "interlock",      "not_confirmed",     "queue_full",
                               "superseded",     "stopping",     "does_not_fit",   "waited_too_long",   "offline",
                               "device_refused", "unanswered",   "not_verified",   "gateway_restarted", "unchanged"};
    static_assert(names.size() == static_cast<std::size_t>(write_reason::unchanged) + 1);
    return names[static_cast<std::size_t>(what)];
}

std::optional<write_request> target_of(std::string_view gateway_id, std::string_view topic) {
    const std::string before = "tidegate/" + std::string(gateway_id) + "/set/";
    if (!topic.starts_with(before)) return std::nullopt;
    topic.remove_prefix(before.size());
    const auto end = topic.find('/');
    write_request to;
    to.device = topic.substr(0, end);
    if (end != std::string_view::npos) to.point = topic.substr(end + 1);
    if (to.device.empty() || (end != std::string_view::npos && to.point.empty())) return std::nullopt;
    return to;
}

std::optional<refusal> read_payload(std::string_view payload, write_request& to) {
    if (payload.size() > largest_command)
        return refusal{write_reason::too_large, "the payload is longer than " + std::to_string(largest_command) + " bytes"};
    const auto first = payload.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return refusal{write_reason::not_readable, "the payload is empty"};
    if (payload[first] == '{') return read_object(payload, to);
    if (to.point.empty()) return refusal{write_reason::not_readable, "a device's command is a JSON object of its points"};
    if (auto plain = read_json_value(payload)) {
        if (auto fault = check_plain(*plain, to.point)) return fault;
        to.values.emplace_back(to.point, std::move(*plain));
        return std::nullopt;
    }
    if (payload[first] == '[' || payload[first] == '"')
        return refusal{write_reason::not_readable, "the payload is neither a value nor a JSON object"};
    value text{std::string(payload)};
    if (auto fault = check_plain(text, to.point)) return fault;
    to.values.emplace_back(to.point, std::move(text));
    return std::nullopt;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
    using namespace std::chrono;
    // 2026-11-22T20:15:10
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    if (text.size() <= shape.size()) return std::nullopt;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] != 'd' && text[i] != shape[i]) return std::nullopt;
    std::array<int, 6> parts{};
    constexpr std::array<std::size_t, 6> places{0, 5, 8, 11, 14, 17};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto number = digits_at(text, places[i], i == 0 ? 4 : 2);
        if (!number) return std::nullopt;
        parts[i] = *number;
    }
    const year_month_day date{year{parts[0]}, month{static_cast<unsigned>(parts[1])}, day{static_cast<unsigned>(parts[2])}};
    if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return std::nullopt;
    std::int64_t ms =
        duration_cast<milliseconds>(sys_days(date).time_since_epoch() + hours{parts[3]} + minutes{parts[4]} + seconds{parts[5]})
            .count();
    std::string_view rest = text.substr(shape.size());
    if (rest.starts_with('.')) {
        std::size_t size = 1;
        std::int64_t scale = 100;
        for (; size < rest.size() && rest[size] >= '0' && rest[size] <= '9'; ++size, scale /= 10)
            ms += (rest[size] - '0') * scale;
        if (size == 1 || size > 10) return std::nullopt;
        rest.remove_prefix(size);
    }
    if (rest == "Z") return ms;
    const bool ahead = rest.starts_with('+');
    if (rest.size() != 6 || rest[3] != ':' || (!ahead && rest[0] != '-')) return std::nullopt;
    const auto hour = digits_at(rest, 1, 2);
    const auto minute = digits_at(rest, 4, 2);
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    const std::int64_t offset = (*hour * 60 + *minute) * 60'000;
    return ahead ? ms - offset : ms + offset;
}

}  // namespace gateway
