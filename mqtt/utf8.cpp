// mqtt/utf8.cpp: what text MQTT allows: UTF-8 strings (1.5.4), topic names and topic filters (4.7).
// Not here: how long text may be on the wire (codec_bytes.hpp).
#include <cstddef>
#include <cstdint>

#include "mqtt/codec.hpp"

namespace mqtt {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

/// The smallest and largest second byte exclude overlong forms, surrogates and what lies above U+10FFFF (Unicode, table 3-7).
struct sequence_form {
    std::size_t length = 0;
    std::uint8_t lowest_second = 0x80;
    std::uint8_t highest_second = 0xbf;
};

sequence_form form_of(std::uint8_t lead) {
    if (lead >= 0xc2 && lead <= 0xdf) return {2};
    if (lead == 0xe0) return {3, 0xa0};
    if (lead == 0xed) return {3, 0x80, 0x9f};
    if (lead >= 0xe1 && lead <= 0xef) return {3};
    if (lead == 0xf0) return {4, 0x90};
    if (lead >= 0xf1 && lead <= 0xf3) return {4};
    if (lead == 0xf4) return {4, 0x80, 0x8f};
    return {};
}

/// The length of the multi-byte sequence at `at`; 0: it is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto form = form_of(byte_at(text, at));
    if (form.length == 0 || text.size() - at < form.length) return 0;
    const auto second = byte_at(text, at + 1);
    if (second < form.lowest_second || second > form.highest_second) return 0;
    for (std::size_t i = 2; i < form.length; ++i)
        if ((byte_at(text, at + i) & 0xc0) != 0x80) return 0;
    return form.length;
}

bool is_valid_level(std::string_view level, bool last) {
    if (level == "+") return true;
    if (level == "#") return last;
    return level.find_first_of("+#") == std::string_view::npos;
}

bool are_valid_levels(std::string_view filter) {
    for (;;) {
        const auto slash = filter.find('/');
        const bool last = slash == std::string_view::npos;
        if (!is_valid_level(filter.substr(0, slash), last)) return false;
        if (last) return true;
        filter.remove_prefix(slash + 1);
    }
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = byte_at(text, at);
        const std::size_t length = lead >= 0x80 ? sequence_length(text, at) : (lead == 0 ? 0 : 1);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

bool is_valid_topic_name(std::string_view topic) {
    return !topic.empty() && topic.find_first_of("+#") == std::string_view::npos && is_valid_utf8(topic);
}

bool is_shared_subscription(std::string_view filter) { return filter.starts_with("$share/"); }

bool is_valid_topic_filter(std::string_view filter) {
    if (filter.empty() || !is_valid_utf8(filter)) return false;
    if (!is_shared_subscription(filter)) return are_valid_levels(filter);
    filter.remove_prefix(std::string_view("$share/").size());
    const auto slash = filter.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == filter.size()) return false;
    return filter.substr(0, slash).find_first_of("+#") == std::string_view::npos && are_valid_levels(filter.substr(slash + 1));
}

}  // namespace mqtt
