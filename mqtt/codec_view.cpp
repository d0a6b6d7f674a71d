// mqtt/codec_view.cpp: what comes in at the rate of the messages is read in place, without memory of its own: PUBLISH, and
// acknowledgements that say no more than a reason.
// Not here: acknowledgements with properties (codec_decode.cpp); the packets that go out at that rate (codec_publish.cpp).
#include "mqtt/codec_view.hpp"

#include "mqtt/codec_header.hpp"
#include "mqtt/codec_reasons.hpp"
#include "mqtt/property.hpp"

namespace mqtt {
namespace {

constexpr std::string_view no_properties("\0", 1);
constexpr std::string_view lone_topic_alias("\x03\x23", 2);  // three bytes of properties, and the alias's identifier

/// Builds a property_set only for what is neither nothing nor a topic alias alone.
void read_publish_properties(reader& from, publish_view& into, sender who) {
    if (from.how() != version::v5 || from.skip(no_properties)) return;
    if (from.skip(lone_topic_alias)) {
        into.topic_alias = from.two_bytes();
        if (into.topic_alias == 0) from.fail(reason::topic_alias_invalid, "the topic alias is 0");
        return;
    }
    into.properties = read_properties(from, packet_type::publish, who);
    into.topic_alias = into.properties.topic_alias;
}

std::uint8_t byte_of(std::span<const std::byte> frame, std::size_t at) { return std::to_integer<std::uint8_t>(frame[at]); }

/// The four acknowledgements have types 4 to 7; the flags are those that the type demands.
bool begins_acknowledgement(std::uint8_t first) { return first == 0x40 || first == 0x50 || first == 0x62 || first == 0x70; }

}  // namespace

publish_view read_publish(reader& from, std::uint8_t flags, sender who) {
    publish_view result;
    const unsigned level = flags >> 1 & 3u;
    result.dup = (flags & 8) != 0;
    result.retain = (flags & 1) != 0;
    result.qos = static_cast<qos>(level);
    if (level == 3) from.fail(reason::malformed_packet, "QoS 3");
    if (level == 0 && result.dup) from.fail(reason::malformed_packet, "DUP with QoS 0");
    result.topic = from.text();
    if (level > 0) result.id = from.identifier();
    read_publish_properties(from, result, who);
    if (from.failed()) return result;
    if (result.topic.empty() && !result.topic_alias)
        from.fail(reason::protocol_error, "the topic name is empty");
    else if (!result.topic.empty() && !is_valid_topic_name(result.topic))
        from.fail(reason::topic_name_invalid, "the topic name holds a wildcard");
    else
        result.payload = from.rest();
    return result;
}

decoded<publish_view> decode_publish(std::span<const std::byte> frame, version how, sender from) {
    reader in(frame, how);
    const auto header = read_fixed_header(in, from);
    if (!in.failed() && header.type != packet_type::publish) in.fail(reason::protocol_error, "not a PUBLISH");
    if (in.failed()) return in.error();
    auto result = read_publish(in, header.flags, from);
    if (in.failed()) return in.error();
    return result;
}

std::optional<short_acknowledgement> read_short_acknowledgement(std::span<const std::byte> frame, version how) {
    if (frame.size() < 4 || frame.size() > 6 || !begins_acknowledgement(byte_of(frame, 0))) return std::nullopt;
    const std::size_t remaining = frame.size() - 2;
    if (byte_of(frame, 1) != remaining || (how == version::v3_1_1 && remaining != 2)) return std::nullopt;
    if (remaining == 4 && byte_of(frame, 5) != 0) return std::nullopt;  // properties
    const auto kind = static_cast<acknowledgement_kind>(byte_of(frame, 0) >> 4);
    const packet_id id{static_cast<std::uint16_t>(byte_of(frame, 2) << 8 | byte_of(frame, 3))};
    const auto code = remaining > 2 ? static_cast<reason>(byte_of(frame, 4)) : reason::success;
    // Acknowledgements bear the same codes from either side.
    if (id == packet_id{0} || !is_allowed(code, static_cast<packet_type>(kind), sender::server)) return std::nullopt;
    return short_acknowledgement{kind, id, code};
}

}  // namespace mqtt
