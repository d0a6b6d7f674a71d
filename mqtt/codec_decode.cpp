// mqtt/codec_decode.cpp: bytes → packets: one straight function for each packet type.
// Not here: the fixed header (codec_header.hpp), CONNECT and CONNACK (codec_connect.cpp), PUBLISH (codec_view.cpp), properties
// (property.hpp), reason codes (codec_reasons.hpp).
#include <utility>

#include "mqtt/codec.hpp"
#include "mqtt/codec_bytes.hpp"
#include "mqtt/codec_connect.hpp"
#include "mqtt/codec_header.hpp"
#include "mqtt/codec_reasons.hpp"
#include "mqtt/codec_view.hpp"
#include "mqtt/property.hpp"

namespace mqtt {
namespace {

void check_reason(reader& from, reason code, packet_type in, sender who) {
    if (!from.failed() && !is_allowed(code, in, who))
        from.fail(reason::protocol_error, "the reason code is not one of this packet's");
}

publish owned(publish_view&& seen) {
    publish result;
    result.topic = seen.topic;
    result.payload = seen.payload;
    result.qos = seen.qos;
    result.retain = seen.retain;
    result.dup = seen.dup;
    result.id = seen.id;
    result.properties = std::move(seen.properties);
    result.properties.topic_alias = seen.topic_alias;
    return result;
}

template <typename T>
T read_acknowledgement(reader& from, packet_type type, sender who) {
    T result;
    result.id = from.identifier();
    if (from.how() == version::v3_1_1 || from.at_end()) return result;
    result.reason = static_cast<reason>(from.byte());
    check_reason(from, result.reason, type, who);
    if (!from.at_end()) result.properties = read_properties(from, type, who);
    return result;
}

subscription read_subscription(reader& from) {
    subscription result;
    result.filter = from.text();
    const unsigned options = from.byte();
    if (from.failed()) return result;
    const bool v5 = from.how() == version::v5;
    if ((options & (v5 ? 0xc0u : 0xfcu)) != 0) from.fail(reason::malformed_packet, "reserved bits of a subscription's options");
    if ((options & 3u) == 3u) from.fail(reason::protocol_error, "QoS 3");
    if ((options >> 4 & 3u) == 3u) from.fail(reason::protocol_error, "retain handling 3");
    result.qos = static_cast<qos>(options & 3u);
    result.no_local = (options & 4u) != 0;
    result.retain_as_published = (options & 8u) != 0;
    result.retain_handling = static_cast<retain_handling>(options >> 4 & 3u);
    if (!is_valid_topic_filter(result.filter)) from.fail(reason::topic_filter_invalid, "a topic filter is not well-formed");
    if (result.no_local && is_shared_subscription(result.filter))
        from.fail(reason::protocol_error, "no local on a shared subscription");
    return result;
}

subscribe read_subscribe(reader& from, sender who) {
    subscribe result;
    result.id = from.identifier();
    result.properties = read_properties(from, packet_type::subscribe, who);
    if (from.at_end()) from.fail(reason::protocol_error, "no topic filter");
    while (!from.at_end()) result.subscriptions.push_back(read_subscription(from));
    return result;
}

unsubscribe read_unsubscribe(reader& from, sender who) {
    unsubscribe result;
    result.id = from.identifier();
    result.properties = read_properties(from, packet_type::unsubscribe, who);
    if (from.at_end()) from.fail(reason::protocol_error, "no topic filter");
    while (!from.at_end()) {
        result.filters.emplace_back(from.text());
        if (!from.failed() && !is_valid_topic_filter(result.filters.back()))
            from.fail(reason::topic_filter_invalid, "a topic filter is not well-formed");
    }
    return result;
}

/// SUBACK of 3.1.1 knows the granted QoS and one failure.
bool is_allowed_in_suback(reason code, version how) {
    if (how == version::v5) return is_allowed(code, packet_type::suback, sender::server);
    return code <= reason::granted_qos_2 || code == reason::unspecified_error;
}

suback read_suback(reader& from, sender who) {
    suback result;
    result.id = from.identifier();
    result.properties = read_properties(from, packet_type::suback, who);
    if (from.at_end()) from.fail(reason::malformed_packet, "no reason code");
    while (!from.at_end()) {
        result.reasons.push_back(static_cast<reason>(from.byte()));
        if (!is_allowed_in_suback(result.reasons.back(), from.how()))
            from.fail(reason::protocol_error, "the reason code is not one of this packet's");
    }
    return result;
}

unsuback read_unsuback(reader& from, sender who) {
    unsuback result;
    result.id = from.identifier();
    if (from.how() == version::v3_1_1) return result;
    result.properties = read_properties(from, packet_type::unsuback, who);
    if (from.at_end()) from.fail(reason::malformed_packet, "no reason code");
    while (!from.at_end()) {
        result.reasons.push_back(static_cast<reason>(from.byte()));
        check_reason(from, result.reasons.back(), packet_type::unsuback, who);
    }
    return result;
}

disconnect read_disconnect(reader& from, sender who) {
    disconnect result;
    if (from.how() == version::v3_1_1 || from.at_end()) return result;
    result.reason = static_cast<reason>(from.byte());
    check_reason(from, result.reason, packet_type::disconnect, who);
    if (!from.at_end()) result.properties = read_properties(from, packet_type::disconnect, who);
    return result;
}

auth read_auth(reader& from, sender who) {
    auth result;
    const bool short_form = from.at_end();  // only success without properties (3.15.2.1)
    if (!short_form) result.reason = static_cast<reason>(from.byte());
    check_reason(from, result.reason, packet_type::auth, who);
    if (short_form || from.failed()) return result;
    result.properties = read_properties(from, packet_type::auth, who);
    if (!from.failed() && !result.properties.authentication_method) from.fail(reason::protocol_error, "no authentication method");
    return result;
}

packet read_packet(reader& from, const fixed_header& header, sender who) {
    switch (header.type) {
        case packet_type::will:
            break;  // refused by read_fixed_header
        case packet_type::connect:
            return read_connect(from, who);
        case packet_type::connack:
            return read_connack(from, who);
        case packet_type::publish:
            return owned(read_publish(from, header.flags, who));
        case packet_type::puback:
            return read_acknowledgement<puback>(from, header.type, who);
        case packet_type::pubrec:
            return read_acknowledgement<pubrec>(from, header.type, who);
        case packet_type::pubrel:
            return read_acknowledgement<pubrel>(from, header.type, who);
        case packet_type::pubcomp:
            return read_acknowledgement<pubcomp>(from, header.type, who);
        case packet_type::subscribe:
            return read_subscribe(from, who);
        case packet_type::suback:
            return read_suback(from, who);
        case packet_type::unsubscribe:
            return read_unsubscribe(from, who);
        case packet_type::unsuback:
            return read_unsuback(from, who);
        case packet_type::pingreq:
            return pingreq{};
        case packet_type::pingresp:
            return pingresp{};
        case packet_type::disconnect:
            return read_disconnect(from, who);
        case packet_type::auth:
            return read_auth(from, who);
    }
    return pingreq{};
}

}  // namespace

decoded<packet> decode(std::span<const std::byte> bytes, version how, sender from) {
    reader in(bytes, how);
    const auto header = read_fixed_header(in, from);
    if (in.failed()) return in.error();
    auto result = read_packet(in, header, from);
    if (!in.at_end()) in.fail(reason::malformed_packet, "bytes are left over in the packet");
    if (in.failed()) return in.error();
    return result;
}

}  // namespace mqtt
