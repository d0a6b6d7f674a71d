// mqtt/utf8.cpp: what text MQTT allows: UTF-8 strings (1.5.4).
// Not here: topic names and filters (topic.hpp), and how long text may be on the wire (codec_bytes.hpp).
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

}  // namespace mqtt
