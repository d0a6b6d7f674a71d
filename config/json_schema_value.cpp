// config/json_schema_value.cpp: types, ranges and patterns by the form of a key.
#include "config/json_schema_value.hpp"

#include <algorithm>
#include <array>

#include "config/key_words.hpp"
#include "config/source.hpp"

namespace config {
namespace {

constexpr const char* integer_pattern = "^[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)$";
constexpr const char* number_pattern = "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$";
constexpr const char* listed_pattern = "^[+-]?(0[xX][0-9a-fA-F]+|([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)$";
constexpr const char* duration_pattern = "^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|min|m|h|d)$";
constexpr const char* size_pattern = "^[0-9]+(\\.[0-9]+)?([KMGT]iB|[kKMGT]?B)$";
constexpr const char* deadband_pattern = "^\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?%?$";
constexpr const char* secret_pattern = "^@(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+|cred:.+)$";
constexpr const char* topic_pattern = "^(?!\\$)([^+#{}]|\\{(gateway|bus|device|point)\\})+$";
constexpr const char* proxy_pattern = "^http://([^/@:\\[\\] ]+|\\[[0-9a-fA-F:.]+(%[^/@:\\[\\] ]+)?\\])(:[0-9]{1,5})?$";
constexpr const char* url_pattern =
    "^(mqtts?://([^/@:\\[\\] ]+|\\[[0-9a-fA-F:.]+(%[^/@:\\[\\] ]+)?\\])(:[0-9]{1,5})?/?|wss?://([^/@:\\[\\] "
    "]+|\\[[0-9a-fA-F:.]+(%[^/@:\\[\\] ]+)?\\])(:[0-9]{1,5})?(/.*)?)$";
constexpr const char* scalar = R"("type":["string","number","boolean"])";
constexpr const char* integer_types = R"("type":["integer","string"])";

std::string pattern(const char* what, const char* otherwise) {
    return json_pair("pattern", json_text(what)) + "," + json_pair("patternErrorMessage", json_text(otherwise));
}

std::string one_choice(const std::string& word) { return is_plain_number(word) ? word : json_text(word); }

std::string choice(const definition& key) {
    std::vector<std::string> words;
    std::string numbers;
    for (const auto& one : key.choices) {
        words.push_back(one_choice(one));
        if (is_plain_number(one)) numbers += (numbers.empty() ? "" : "|") + one;
    }
    const auto all = json_pair("enum", json_array(words));
    if (numbers.empty()) return all;
    return R"("anyOf":[{)" + all + R"(},{"type":"string","pattern":"^()" + numbers + R"()$"}])";
}

std::string range_of(const definition& key) {
    if (key.least == 0 && key.most == 0) return {};
    // Beyond 2^53 a validator would round the limit.
    const auto most = key.most > (1ll << 53) ? "" : ",\"maximum\":" + std::to_string(key.most);
    return ",\"minimum\":" + std::to_string(key.zero_allowed ? std::min<std::int64_t>(0, key.least) : key.least) + most;
}

std::string text(const definition& key) {
    std::string out = scalar;
    if (!key.of_adapter && !key.empty_allowed) out += R"(,"minLength":1)";
    if (key.most > 0) out += ",\"maxLength\":" + std::to_string(key.most);
    return out;
}

std::string form_of(const definition& key) {
    const auto url = [&] {
        const bool proxy = key.path.starts_with("proxy");
        return R"("type":"string",)" + (proxy ? pattern(proxy_pattern, "http://host[:port]")
                                              : pattern(url_pattern, "mqtt://, mqtts://, ws:// or wss://, and a host"));
    };
    switch (key.form) {
        case form::choice:
            return choice(key);
        case form::integer:
            return integer_types + range_of(key) + "," + pattern(integer_pattern, "a whole number");
        case form::number:
            return R"("type":["number","string"],)" + pattern(number_pattern, "a number");
        case form::boolean:
            return R"("type":["boolean","string"],)" + pattern("^(true|false)$", "true or false");
        case form::duration:
            return R"("type":"string",)" + pattern(duration_pattern, "a duration such as 250ms, 5s, 10min, 1h or 7d");
        case form::size:
            return R"("type":"string",)" + pattern(size_pattern, "a size such as 64KiB, 500MB or 2GiB");
        case form::number_list: {
            const auto number = R"("type":["number","string"],)" + pattern(listed_pattern, "a number");
            return R"("anyOf":[{)" + number + R"(},{"type":"array","minItems":1,"items":{)" + number + "}}]";
        }
        case form::text_list: {
            const auto list = std::string(R"({"type":"array","minItems":1,"items":{)") + scalar +
                              (key.of_adapter ? "" : R"(,"minLength":1)") + "}}";
            if (!key.of_adapter) return list.substr(1, list.size() - 2);
            return std::string(R"("anyOf":[{)") + scalar + "}," + list + "]";
        }
        case form::text_by_number:
            return R"("type":"object","minProperties":1,"propertyNames":{)" + pattern(integer_pattern, "a whole number") +
                   R"(},"additionalProperties":{)" + scalar + "}";
        case form::text_by_name:
            return std::string(R"("type":"object","additionalProperties":{)") + scalar + "}";
        case form::deadband:
            return R"("type":["number","string"],"minimum":0,)" + pattern(deadband_pattern, "an amount such as 0.5 or 2%");
        case form::topic:
            return R"("type":["string","number","boolean"],"minLength":1,)" +
                   pattern(topic_pattern,
                           "a topic with {gateway}, {bus}, {device} or {point}, without $ at its beginning, + and #");
        case form::secret:
            return R"("type":"string",)" + pattern(secret_pattern, "where the secret is: @env:NAME, @file:/path or @cred:NAME");
        case form::url:
            return url();
        case form::url_list:
            return R"("type":"array","minItems":1,"items":{)" + url() + "}";
        case form::named:
        case form::map:
            return R"("type":"object")";
        case form::text:
        case form::unbuilt:
            break;
    }
    return text(key);
}

/// As JSON; empty: it is none that the value itself could be.
std::string default_value(const definition& key) {
    const auto words = default_of(key);
    const bool typed = key.form == form::choice || key.form == form::integer || key.form == form::number ||
                       key.form == form::boolean || key.form == form::duration || key.form == form::size;
    if (words.empty() || (key.of_adapter && !typed) || !could_be(key, words)) return {};
    const bool bare = key.form == form::boolean || key.form == form::integer || key.form == form::number;
    if (key.form == form::deadband || bare) return is_plain_number(words) || key.form == form::boolean ? words : json_text(words);
    return key.form == form::choice ? one_choice(words) : json_text(words);
}

std::string description(const definition& key) {
    auto out = key.help;
    const bool has_range = key.least != 0 || key.most != 0;
    if (has_range && (key.form == form::duration || key.form == form::size)) out += " Possible: " + value_words(key) + ".";
    if (!key.of_adapter && !key.fallback.empty()) out += " Default: " + key.fallback + ".";
    return out;
}

}  // namespace

std::string json_value(const definition& key) {
    std::vector<std::string> parts = {json_pair("description", json_text(description(key))), form_of(key)};
    if (const auto given = default_value(key); !given.empty()) parts.push_back(json_pair("default", given));
    return json_object(parts);
}

std::string with_description(const std::string& object, std::string_view help) {
    return "{" + json_pair("description", json_text(help)) + "," + object.substr(1);
}

std::string without_need(const std::string& object) {
    // The last of an object's own keys that say so; its properties have none of them at this level.
    constexpr std::string_view need = R"(,"anyOf":[{"required":["points"]},{"required":["template"]}])";
    constexpr std::string_view dependencies = R"(,"dependencies":{"only":["template"],"except":["template"]})";
    auto out = object;
    for (const auto part : {need, dependencies})
        if (const auto at = out.rfind(part); at != std::string::npos) out.erase(at, part.size());
    return out;
}

std::string json_text(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < ' ') {
            const auto code = static_cast<unsigned char>(c);
            out += std::string("\\u00") + digits[code >> 4] + digits[code & 0xF];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string json_pair(std::string_view name, const std::string& value) { return json_text(name) + ':' + value; }

namespace {

std::string listed(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& one : parts) out += (out.empty() ? "" : ",") + one;
    return out;
}

}  // namespace

std::string json_object(const std::vector<std::string>& pairs) { return '{' + listed(pairs) + '}'; }
std::string json_array(const std::vector<std::string>& items) { return '[' + listed(items) + ']'; }

std::string indented(std::string_view compact) {
    std::string out;
    std::size_t depth = 0;
    bool quoted = false;
    const auto new_line = [&] { out += '\n' + std::string(2 * depth, ' '); };
    for (std::size_t i = 0; i < compact.size(); ++i) {
        const char c = compact[i];
        if (quoted) {
            out += c;
            if (c == '\\') out += compact[++i];
            quoted = c != '"';
            continue;
        }
        const bool opens = c == '{' || c == '[';
        const bool closes = c == '}' || c == ']';
        const bool empty = opens && i + 1 < compact.size() && (compact[i + 1] == '}' || compact[i + 1] == ']');
        if (empty) {
            out += c;
            out += compact[++i];
            continue;
        }
        if (closes) --depth, new_line();
        out += c;
        quoted = c == '"';
        if (opens) ++depth, new_line();
        if (c == ',') new_line();
        if (c == ':') out += ' ';
    }
    return out + '\n';
}

}  // namespace config
