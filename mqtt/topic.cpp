// mqtt/topic.cpp: topic names and filters, level by level.
// Not here: how long text may be on the wire (codec_bytes.hpp).
#include "mqtt/topic.hpp"

#include "mqtt/codec.hpp"

namespace mqtt {
namespace {

constexpr std::string_view share_prefix = "$share/";
constexpr std::string_view wildcards = "+#";

bool holds_wildcard(std::string_view text) { return text.find_first_of(wildcards) != std::string_view::npos; }

std::string_view first_level(std::string_view text) { return text.substr(0, text.find('/')); }

bool is_valid_level(std::string_view level, bool last) {
    if (level == "+") return true;
    if (level == "#") return last;
    return !holds_wildcard(level);
}

bool are_valid_levels(std::string_view filter) {
    for (;;) {
        const auto level = first_level(filter);
        const bool last = level.size() == filter.size();
        if (!is_valid_level(level, last)) return false;
        if (last) return true;
        filter.remove_prefix(level.size() + 1);
    }
}

/// "NAME/FILTER" of "$share/NAME/FILTER" in two; the filter is empty if there is none.
struct share {
    std::string_view name;
    std::string_view filter;
};
share share_of(std::string_view shared) {
    shared.remove_prefix(share_prefix.size());
    const auto name = first_level(shared);
    return {name, name.size() == shared.size() ? std::string_view() : shared.substr(name.size() + 1)};
}

}  // namespace

bool is_valid_topic_name(std::string_view topic) { return !topic.empty() && !holds_wildcard(topic) && is_valid_utf8(topic); }

bool is_shared_subscription(std::string_view filter) { return filter.starts_with(share_prefix); }

bool is_valid_topic_filter(std::string_view filter) {
    if (filter.empty() || !is_valid_utf8(filter)) return false;
    if (!is_shared_subscription(filter)) return are_valid_levels(filter);
    const auto [name, rest] = share_of(filter);
    return !name.empty() && !holds_wildcard(name) && !rest.empty() && are_valid_levels(rest);
}

bool matches(std::string_view filter, std::string_view topic) {
    if (is_shared_subscription(filter)) filter = share_of(filter).filter;
    if (topic.starts_with('$') && holds_wildcard(first_level(filter))) return false;  // [MQTT-4.7.2-1]
    for (;;) {
        if (filter == "#") return true;
        const auto wanted = first_level(filter);
        const auto level = first_level(topic);
        if (wanted != "+" && wanted != level) return false;
        const bool filter_ends = wanted.size() == filter.size();
        // "a/#" also stands for its parent level, "a".
        if (level.size() == topic.size()) return filter_ends || filter.substr(wanted.size()) == "/#";
        if (filter_ends) return false;
        filter.remove_prefix(wanted.size() + 1);
        topic.remove_prefix(level.size() + 1);
    }
}

}  // namespace mqtt
