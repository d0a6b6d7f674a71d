// mqtt/codec_publish.cpp: the packets of the hot path, written straight from a publication: PUBLISH, and PUBREL.
// Not here: the same packets from structs (codec_encode.cpp).
#include <algorithm>
#include <cassert>
#include <limits>

#include "mqtt/codec.hpp"
#include "mqtt/codec_bytes.hpp"

namespace mqtt {
namespace {

constexpr std::uint8_t expiry_property = 0x02;
constexpr std::uint8_t user_property = 0x26;
constexpr std::string_view key_name = "key";

constexpr std::size_t text_size(std::string_view text) { return 2 + text.size(); }

std::size_t property_length(const publication& what) {
    std::size_t size = what.expiry ? 1 + 4 : 0;
    if (!what.idempotency_key.empty()) size += 1 + text_size(key_name) + text_size(what.idempotency_key);
    return size;
}

/// What the fixed header calls the remaining length.
std::size_t remaining_length(const publication& what, qos effective, version how) {
    std::size_t size = text_size(what.topic) + what.payload.size();
    if (effective != qos::at_most_once) size += 2;
    if (how == version::v3_1_1) return size;
    const auto length = property_length(what);
    return size + variable_integer_size(length) + length;
}

bool is_encodable(const publication& what, version how) {
    if (what.topic.size() > largest_text || !is_valid_topic_name(what.topic)) return false;
    if (what.payload.size() > largest_variable_integer) return false;
    return how == version::v3_1_1 || (what.idempotency_key.size() <= largest_text && is_valid_utf8(what.idempotency_key));
}

/// What doesn't fit the field is cut to its ends: a life that is over is still sent, as over.
std::uint32_t seconds_of(std::chrono::seconds expiry) {
    constexpr std::chrono::seconds::rep most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp<std::chrono::seconds::rep>(expiry.count(), 0, most));
}

void append_properties(std::string& to, const publication& what) {
    append_variable_integer(to, property_length(what));
    if (what.expiry) {
        append_byte(to, expiry_property);
        append_four_bytes(to, seconds_of(*what.expiry));
    }
    if (what.idempotency_key.empty()) return;
    append_byte(to, user_property);
    append_binary(to, key_name);
    append_binary(to, what.idempotency_key);
}

}  // namespace

std::size_t publish_size(const publication& what, qos effective, version how) {
    if (!is_encodable(what, how)) return 0;
    const auto remaining = remaining_length(what, effective, how);
    return remaining > largest_variable_integer ? 0 : 1 + variable_integer_size(remaining) + remaining;
}

void encode_publish(const publication& what, qos effective, bool retain, bool dup, packet_id id, version how, std::string& to) {
    assert(is_encodable(what, how));
    assert(effective != qos::at_most_once || !dup);
    const auto flags = (dup ? 8u : 0u) | static_cast<unsigned>(effective) << 1 | (retain ? 1u : 0u);
    append_byte(to, static_cast<std::uint8_t>(static_cast<unsigned>(packet_type::publish) << 4 | flags));
    append_variable_integer(to, remaining_length(what, effective, how));
    append_binary(to, what.topic);
    if (effective != qos::at_most_once) append_identifier(to, id);
    if (how == version::v5) append_properties(to, what);
    to.append(what.payload);
}

void encode_pubrel(packet_id id, reason why, version how, std::string& to) {
    const bool silent = how == version::v3_1_1 || why == reason::success;
    append_byte(to, static_cast<unsigned>(packet_type::pubrel) << 4 | 2u);
    append_byte(to, silent ? 2 : 3);
    append_identifier(to, id);
    if (!silent) append_byte(to, static_cast<std::uint8_t>(why));
}

}  // namespace mqtt
