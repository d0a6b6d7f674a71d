// mqtt/codec_publish.cpp: the packets of the hot path, written straight from their values: PUBLISH, and what acknowledges it.
// Not here: the same packets from structs (codec_encode.cpp).
#include <algorithm>
#include <cassert>
#include <limits>

#include "mqtt/codec.hpp"
#include "mqtt/codec_bytes.hpp"
#include "mqtt/property.hpp"

namespace mqtt {
namespace {

constexpr std::uint8_t expiry_property = 0x02;
constexpr std::uint8_t alias_property = 0x23;
constexpr std::uint8_t user_property = 0x26;
constexpr std::string_view key_name = "key";

constexpr std::size_t text_size(std::string_view text) { return 2 + text.size(); }

std::size_t property_length(const publication& what, const publish_form& form) {
    std::size_t size = what.expiry ? 1 + 4 : 0;
    if (form.alias != 0) size += 1 + 2;
    if (!what.idempotency_key.empty()) size += 1 + text_size(key_name) + text_size(what.idempotency_key);
    return size + what.properties.size();
}

/// What the fixed header calls the remaining length.
std::size_t remaining_length(const publication& what, const publish_form& form, version how) {
    std::size_t size = text_size(form.topic_known ? std::string_view() : what.topic) + what.payload.size();
    if (form.qos != qos::at_most_once) size += 2;
    if (how == version::v3_1_1) return size;
    const auto length = property_length(what, form);
    return size + variable_integer_size(length) + length;
}

bool is_encodable(const publication& what, version how) {
    if (what.topic.size() > largest_text || !is_valid_topic_name(what.topic)) return false;
    if (what.payload.size() > largest_variable_integer || what.properties.size() > largest_variable_integer) return false;
    return how == version::v3_1_1 || (what.idempotency_key.size() <= largest_text && is_valid_utf8(what.idempotency_key));
}

/// What doesn't fit the field is cut to its ends. A life that is over is sent as its last second: this is a repetition, which
/// must arrive [MQTT-4.3.3-7].
std::uint32_t seconds_of(std::chrono::seconds expiry) {
    constexpr std::chrono::seconds::rep most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp<std::chrono::seconds::rep>(expiry.count(), 1, most));
}

void append_properties(std::string& to, const publication& what, const publish_form& form) {
    append_variable_integer(to, property_length(what, form));
    if (what.expiry) {
        append_byte(to, expiry_property);
        append_four_bytes(to, seconds_of(*what.expiry));
    }
    if (form.alias != 0) {
        append_byte(to, alias_property);
        append_two_bytes(to, form.alias);
    }
    to.append(what.properties);
    if (what.idempotency_key.empty()) return;
    append_byte(to, user_property);
    append_binary(to, key_name);
    append_binary(to, what.idempotency_key);
}

bool are_utf8(const std::optional<std::string>& text) { return !text || (text->size() <= largest_text && is_valid_utf8(*text)); }

}  // namespace

std::size_t publish_size(const publication& what, const publish_form& form, version how) {
    if (!is_encodable(what, how)) return 0;
    const auto remaining = remaining_length(what, form, how);
    return remaining > largest_variable_integer ? 0 : 1 + variable_integer_size(remaining) + remaining;
}

void encode_publish(const publication& what, const publish_form& form, version how, std::string& to) {
    assert(is_encodable(what, how));
    assert(form.qos != qos::at_most_once || !form.dup);
    assert(form.alias != 0 || !form.topic_known);
    assert(how == version::v5 || form.alias == 0);
    const auto flags = (form.dup ? 8u : 0u) | static_cast<unsigned>(form.qos) << 1 | (form.retain ? 1u : 0u);
    append_byte(to, static_cast<std::uint8_t>(static_cast<unsigned>(packet_type::publish) << 4 | flags));
    append_variable_integer(to, remaining_length(what, form, how));
    append_binary(to, form.topic_known ? std::string_view() : what.topic);
    if (form.qos != qos::at_most_once) append_identifier(to, form.id);
    if (how == version::v5) append_properties(to, what, form);
    to.append(what.payload);
}

std::optional<std::string> encode_message_properties(const property_set& what) {
    property_set own;  // a message's
    own.payload_format_indicator = what.payload_format_indicator;
    own.content_type = what.content_type;
    own.response_topic = what.response_topic;
    own.correlation_data = what.correlation_data;
    own.user = what.user;
    if (own != what || own.payload_format_indicator.value_or(0) > 1) return std::nullopt;
    if (!are_utf8(own.content_type) || !are_utf8(own.response_topic)) return std::nullopt;
    if (own.response_topic && !is_valid_topic_name(*own.response_topic)) return std::nullopt;
    if (own.correlation_data && own.correlation_data->size() > largest_text) return std::nullopt;
    for (const auto& [name, value] : own.user)
        if (!are_utf8(name) || !are_utf8(value)) return std::nullopt;
    std::string block;
    append_properties(block, own, packet_type::publish, version::v5);
    // The length before them is written with the message, once all of its properties are known.
    std::size_t length_bytes = 1;
    while ((static_cast<unsigned char>(block[length_bytes - 1]) & 0x80) != 0) ++length_bytes;
    return block.substr(length_bytes);
}

std::optional<property_set> decode_message_properties(std::string_view bytes) {
    if (bytes.size() > largest_variable_integer) return std::nullopt;
    std::string block;
    append_variable_integer(block, bytes.size());
    block.append(bytes);
    reader from(std::as_bytes(std::span(block.data(), block.size())), version::v5);
    auto found = read_properties(from, packet_type::publish, sender::client);
    if (from.failed() || encode_message_properties(found) != bytes) return std::nullopt;
    return found;
}

void encode_acknowledgement(acknowledgement_kind kind, packet_id id, reason why, version how, std::string& to) {
    const bool silent = how == version::v3_1_1 || why == reason::success;
    const unsigned flags = kind == acknowledgement_kind::pubrel ? 2u : 0u;
    append_byte(to, static_cast<std::uint8_t>(static_cast<unsigned>(kind) << 4 | flags));
    append_byte(to, silent ? 2 : 3);
    append_identifier(to, id);
    if (!silent) append_byte(to, static_cast<std::uint8_t>(why));
}

}  // namespace mqtt
