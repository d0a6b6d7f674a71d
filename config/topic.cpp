// config/topic.cpp: placeholders, and the rules of MQTT for a topic name.
#include "config/topic.hpp"

#include <vector>

#include "config/findings.hpp"
#include "config/source.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

const std::vector<std::string>& placeholders() {
    static const std::vector<std::string> all = {"{gateway}", "{bus}", "{device}", "{point}"};
    return all;
}

bool is_known(std::string_view placeholder) {
    for (const auto& known : placeholders())
        if (placeholder == known) return true;
    return false;
}

std::string unknown_placeholder(std::string_view placeholder) {
    std::vector<std::string> names;
    for (const auto& known : placeholders()) names.push_back(known.substr(1, known.size() - 2));
    const auto start = "unknown placeholder " + quoted(placeholder);
    if (const auto meant = closest(placeholder.substr(1, placeholder.size() - 2), names))
        return start + " (did you mean '{" + *meant + "}'?)";
    return start + "; known are " + one_of(placeholders());
}

std::string_view value_of(std::string_view placeholder, const topic_names& names) {
    if (placeholder == "{gateway}") return names.gateway;
    if (placeholder == "{bus}") return names.bus;
    return placeholder == "{device}" ? names.device : names.point;
}

}  // namespace

std::optional<std::string> name_problem(std::string_view name) {
    if (name.empty()) return "a name may not be empty";
    if (const auto bad = name.find_first_of("/+#"); bad != std::string_view::npos)
        return "a name can't contain " + quoted(name.substr(bad, 1)) + ", as it becomes part of MQTT topics";
    if (name.front() == '$') return "a name can't begin with '$', as brokers keep such topics for themselves";
    if (name.find('{') != std::string_view::npos || name.find('}') != std::string_view::npos)
        return "a name can't contain '{' or '}'";
    if (name.front() == ' ' || name.back() == ' ') return "a name can't begin or end with a space";
    if (count_characters(name) > longest_name) return "a name has at most " + std::to_string(longest_name) + " characters";
    return std::nullopt;
}

std::optional<topic_problem> check_template(std::string_view topic) {
    if (topic.empty()) return topic_problem{0, 0, "a topic may not be empty"};
    if (topic.front() == '$')
        return topic_problem{0, 1, "a topic can't begin with '$', as brokers keep such topics for themselves"};
    for (std::size_t i = 0; i < topic.size(); ++i) {
        if (topic[i] == '+' || topic[i] == '#')
            return topic_problem{i, 1, quoted(topic.substr(i, 1)) + " is a wildcard; messages are published to topics without"};
        if (topic[i] == '}') return topic_problem{i, 1, "'}' without a '{' before it"};
        if (topic[i] != '{') continue;
        const auto end = topic.find_first_of("{}", i + 1);
        if (end == std::string_view::npos || topic[end] == '{') return topic_problem{i, 1, "'{' is not closed by '}'"};
        const auto placeholder = topic.substr(i, end + 1 - i);
        if (!is_known(placeholder)) return topic_problem{i, placeholder.size(), unknown_placeholder(placeholder)};
        i = end;
    }
    return std::nullopt;
}

bool has_point(std::string_view topic) { return topic.find("{point}") != std::string_view::npos; }

std::string expand(std::string_view topic, const topic_names& names) {
    std::string out;
    while (!topic.empty()) {
        const auto open = topic.find('{');
        out += topic.substr(0, open);
        if (open == std::string_view::npos) break;
        const auto end = topic.find('}', open);
        out += value_of(topic.substr(open, end + 1 - open), names);
        topic.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace config
