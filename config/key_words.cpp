// config/key_words.cpp: defaults, ranges and examples, from the tables and from what the help says.
#include "config/key_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/units.hpp"

namespace config {
namespace {

constexpr std::string_view mark = "(default";

/// Where "(default …)" stands in a help; npos, if it doesn't.
std::pair<std::size_t, std::size_t> default_in(std::string_view help) {
    const auto from = help.rfind(mark);
    if (from == std::string_view::npos) return {from, from};
    int depth = 0;
    for (auto i = from; i < help.size(); ++i) {
        depth += help[i] == '(' ? 1 : help[i] == ')' ? -1 : 0;
        if (depth == 0) return {from, i + 1};
    }
    return {std::string_view::npos, std::string_view::npos};
}

std::string trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" :");
    if (from == std::string_view::npos) return {};
    return std::string(text.substr(from, text.find_last_not_of(' ') + 1 - from));
}

std::string duration_text(std::int64_t nanoseconds) { return show_duration(std::chrono::nanoseconds(nanoseconds)); }

std::string range(const definition& key) {
    if (key.least == 0 && key.most == 0) return {};
    const auto show = [&](std::int64_t n) {
        if (key.form == form::duration) return duration_text(n);
        return key.form == form::size ? show_size(n) : std::to_string(n);
    };
    return ", " + show(key.least) + " to " + show(key.most) + (key.zero_allowed ? ", or 0s" : "");
}

/// What "such as" names: a word, or something in quotes or brackets.
std::string such_as(std::string_view help) {
    constexpr std::string_view words = "such as ";
    const auto at = help.find(words);
    if (at == std::string_view::npos) return {};
    const auto rest = help.substr(at + words.size());
    if (rest.empty()) return {};
    if (rest.front() == '"') return std::string(rest.substr(0, rest.find('"', 1) + 1));
    if (rest.front() == '[') return std::string(rest.substr(0, rest.find(']') + 1));
    auto word = std::string(rest.substr(0, rest.find_first_of(" ,;)")));
    while (!word.empty() && (word.back() == '.' || word.back() == ':')) word.pop_back();
    return word;
}

using example = std::pair<std::string_view, std::string_view>;

/// Of texts and lists: what a person would write.
constexpr std::array of_text = {
    example{"id", "plant7"},
    example{"url", "mqtts://broker.example:8883"},
    example{"urls", "[mqtt://a.example, mqtt://b.example]"},
    example{"client_id", "plant7"},
    example{"username", "plant7"},
    example{"password", "\"@cred:mqtt-password\""},
    example{"token", "\"@cred:page-token\""},
    example{"tls.ca", "/etc/ssl/certs/ca-certificates.crt"},
    example{"tls.crl", "/etc/tidegate/revoked.pem"},
    example{"tls.cert", "/etc/tidegate/plant7.crt"},
    example{"tls.key", "/etc/tidegate/plant7.key"},
    example{"tls.key_password", "\"@file:/etc/tidegate/key-password\""},
    example{"tls.alpn", "[x-amzn-mqtt-ca]"},
    example{"tls.server_name", "broker.example"},
    example{"proxy.url", "http://proxy.example:3128"},
    example{"proxy.username", "plant7"},
    example{"proxy.password", "\"@env:PROXY_PASSWORD\""},
    example{"websocket.headers", "{ X-Site: plant7 }"},
    example{"path", "/var/lib/tidegate/queue.db"},
    example{"topic", "\"{gateway}/{device}/{point}\""},
    example{"deadband", "2%"},
    example{"adapter", "modbus"},
    example{"template", "eastron-sdm120"},
    example{"only", "[voltage_l1, \"energy_*\"]"},
    example{"except", "[\"*_max\"]"},
    example{"write.allowed", "[0, 1, 5]"},
    example{"write.only_if", "\"mode == 1\""},
    example{"write.fail_safe.value", "0"},
    example{"extends", "eastron-sdm630"},
    example{"description", "three-phase energy meter"},
    example{"manufacturer", "Eastron"},
    example{"model", "SDM630-Modbus"},
    example{"sources", "[\"the maker's protocol document, version 1.8\"]"},
    example{"defaults", "{ baud: 9600, parity: none }"},
    example{"tcp.host", "10.0.0.5"},
    example{"tls.host", "meter.example"},
    example{"rtu_over_tcp.host", "10.0.0.6"},
    example{"ascii_over_tcp.host", "10.0.0.6"},
    example{"udp.host", "10.0.0.5"},
    example{"rtu_over_udp.host", "10.0.0.6"},
    example{"sunspec", "inverter.W"},
    example{"register", "40108"},
    example{"scale_register.register", "40110"},
    example{"continued_at", "[40120]"},
    example{"before_write", "[\"06 00 10 12 34\"]"},
    example{"script", "[\"send READ?\\\\r\\\\n\", \"expect\"]"},
    example{"frame.end", "\"\\\\r\\\\n\""},
    example{"separator", "\";\""},
    example{"check.mark", "\"*\""},
    example{"after_write", "[\"06 00 11 00 01\"]"},
    example{"ratio_register.register", "40112"},
    example{"group", "phases"},
    example{"messages", "[\"GGA prefix $GPGGA\"]"},
    example{"on_open", "[\"send *RST\"]"},
    example{"frame.start", "\"42 4D\""},
    example{"null", "[\"9999\"]"},
    example{"enum", "[\"A=valid\", \"V=void\"]"},
    example{"valid_if", "\"2 != V\""},
    example{"options", "[fast]"},
    example{"message", "GGA"},
    example{"regex", "\"weight ([0-9.]+)\""},
    example{"key", "\"1-0:1.8.0\""},
    example{"columns", "4..13"},
    example{"bits", "4..6"},
    example{"time_format", "YYMMDDhhmmssX"},
    example{"zone", "\"+01:00\""},
    example{"address", "station-4"},
    example{"journal", "/var/lib/tidegate/held.journal"},
    example{"value", "\"21.5\""},
    example{"notes", "[\"Its transformers are 400 A to 5 A.\"]"},
};

std::string integer_example(const definition& key) {
    if (const auto given = default_of(key); !given.empty() && could_be(key, given)) return given;
    return std::to_string(key.least == 0 && key.most == 0 ? 1 : std::clamp<std::int64_t>(1, key.least, key.most));
}

std::string duration_example(const definition& key) {
    const auto given = default_of(key);
    if (could_be(key, given) && given != "0s") return given;
    for (const auto* each : {"5s", "1min", "50ms"})
        if (could_be(key, each)) return each;
    return duration_text(key.most);
}

std::string choice_example(const definition& key) {
    const auto given = default_of(key);
    for (const auto& one : key.choices)
        if (one != given) return one;
    return key.choices.empty() ? "" : key.choices.front();
}

bool in_range(const definition& key, std::int64_t number) {
    if (key.zero_allowed && number == 0) return true;
    return (key.least == 0 && key.most == 0) || (number >= key.least && number <= key.most);
}

}  // namespace

std::string default_of(const definition& key) {
    if (!key.of_adapter) return key.fallback;
    const auto [from, to] = default_in(key.help);
    if (from == std::string::npos) return {};
    const auto all = std::string_view(key.help).substr(from + mark.size(), to - 1 - from - mark.size());
    const auto first = trimmed(all.substr(0, all.find(';')));
    return could_be(key, first) ? first : trimmed(all);
}

std::string meaning_of(const definition& key) {
    const auto [from, to] = default_in(key.help);
    if (!key.of_adapter || from == std::string::npos) return key.help;
    auto out = key.help.substr(0, from);
    while (!out.empty() && out.back() == ' ') out.pop_back();
    // What follows the first word of a default belongs to the meaning: "8; 7 in mode ascii".
    const auto all = std::string_view(key.help).substr(from + mark.size(), to - 1 - from - mark.size());
    const auto more = all.find(';');
    if (more != std::string_view::npos && default_of(key) != trimmed(all)) out += " (" + trimmed(all.substr(more + 1)) + ")";
    return out + key.help.substr(to);
}

bool is_plain_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos && parse_number(text).value;
}

bool could_be(const definition& key, std::string_view text) {
    switch (key.form) {
        case form::choice:
            return std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end();
        case form::boolean:
            return text == "true" || text == "false";
        case form::integer: {
            const auto number = parse_integer(text);
            return number.value && in_range(key, *number.value);
        }
        case form::duration: {
            const auto time = parse_duration(text);
            return time.value && in_range(key, time.value->count()) && (key.step == 0 || time.value->count() % key.step == 0);
        }
        case form::size: {
            const auto size = parse_size(text);
            return size.value && in_range(key, *size.value);
        }
        case form::number:
        case form::number_list:
            return parse_number(text).value.has_value();
        default:
            return !text.empty();
    }
}

std::string value_words(const definition& key) {
    switch (key.form) {
        case form::choice: {
            std::string out;
            for (const auto& one : key.choices) out += (out.empty() ? "`" : ", `") + one + '`';
            return out;
        }
        case form::integer:
            return "whole number" + range(key);
        case form::number:
            return "number";
        case form::boolean:
            return "`true`, `false`";
        case form::duration:
            return "duration" + range(key);
        case form::size:
            return "size" + range(key);
        case form::number_list:
            return "number, or a list";
        case form::text_list:
            return key.of_adapter ? "text, or a list" : "list of texts";
        case form::text_by_number:
            return "map of numbers to texts";
        case form::text_by_name:
            return "map of names to texts";
        case form::deadband:
            return "amount, or percent";
        case form::topic:
            return "topic";
        case form::secret:
            return "`@env:NAME`, `@file:/path`, `@cred:NAME`";
        case form::url:
            return "URL";
        case form::url_list:
            return "list of URLs";
        case form::named:
            return "map of names";
        case form::map:
            return "map";
        case form::text:
        case form::unbuilt:
            break;
    }
    return "text";
}

std::string example_of(const definition& key) {
    constexpr std::array texts = {form::text, form::text_list, form::topic,        form::secret,
                                  form::url,  form::url_list,  form::text_by_name, form::deadband};
    if (std::find(texts.begin(), texts.end(), key.form) != texts.end())
        for (const auto& [path, text] : of_text)
            if (path == key.path) return std::string(text);
    if (const auto named = such_as(key.help); could_be(key, named)) return named;
    switch (key.form) {
        case form::choice:
            return choice_example(key);
        case form::integer:
            return integer_example(key);
        case form::boolean:
            return default_of(key) == "true" ? "false" : "true";
        case form::duration:
            return duration_example(key);
        case form::size:
            return default_of(key);
        case form::number:
            return default_of(key).empty() || !could_be(key, default_of(key)) ? "0.1" : default_of(key);
        case form::text_by_number:
            return "{ 0: \"off\", 1: \"on\" }";
        case form::number_list:
            return "[0x8000]";
        default:
            break;
    }
    const auto given = default_of(key);
    if (given == "0%") return "5%";
    return given.find(' ') == std::string::npos ? given : "";
}

bool section_below(section where, std::string_view path, section& to) {
    struct home {
        section where;
        std::string_view path;
        section to;
    };
    static constexpr std::array homes = {
        home{section::file, "gateway", section::gateway},
        home{section::file, "mqtt", section::mqtt},
        home{section::file, "buffer", section::buffer},
        home{section::file, "publish", section::publish},
        home{section::file, "buses", section::bus},
        home{section::file, "http", section::http},
        home{section::bus, "devices", section::device},
        home{section::device, "points", section::point},
        home{section::device, "publish", section::publish},
        home{section::template_file, "template", section::template_header},
        home{section::template_file, "device", section::device},
    };
    const auto found =
        std::find_if(homes.begin(), homes.end(), [&](const home& one) { return one.where == where && one.path == path; });
    if (found == homes.end()) return false;
    to = found->to;
    return true;
}

}  // namespace config
