// mqtt/codec_encode.cpp: packets → bytes. What a packet must not say is a bug of the caller, and asserted.
// Not here: the PUBLISH of the hot path (codec_publish.cpp), CONNECT and CONNACK (codec_connect.cpp).
#include <cassert>

#include "mqtt/codec.hpp"
#include "mqtt/codec_bytes.hpp"
#include "mqtt/codec_connect.hpp"
#include "mqtt/codec_reasons.hpp"
#include "mqtt/property.hpp"

namespace mqtt {
namespace {

/// Appends one packet's variable header and payload; a visitor, one overload for each packet type.
class packet_writer {
public:
    packet_writer(std::string& to, version how) : to_(to), how_(how) {}

    void operator()(const connect& what) const { append_connect(to_, what, how_); }
    void operator()(const connack& what) const { append_connack(to_, what, how_); }
    void operator()(const publish& what) const {
        assert(what.qos != qos::at_most_once || !what.dup);
        assert(is_valid_topic_name(what.topic) || (what.topic.empty() && what.properties.topic_alias));
        append_text(to_, what.topic);
        if (what.qos != qos::at_most_once) append_identifier(to_, what.id);
        append_properties(to_, what.properties, packet_type::publish, how_);
        to_.append(what.payload);
    }
    void operator()(const puback& what) const { acknowledge(what, packet_type::puback); }
    void operator()(const pubrec& what) const { acknowledge(what, packet_type::pubrec); }
    void operator()(const pubrel& what) const { acknowledge(what, packet_type::pubrel); }
    void operator()(const pubcomp& what) const { acknowledge(what, packet_type::pubcomp); }
    void operator()(const subscribe& what) const {
        assert(!what.subscriptions.empty());
        append_identifier(to_, what.id);
        append_properties(to_, what.properties, packet_type::subscribe, how_);
        for (const auto& one : what.subscriptions) subscribe_to(one);
    }
    void operator()(const suback& what) const {
        assert(!what.reasons.empty());
        append_identifier(to_, what.id);
        append_properties(to_, what.properties, packet_type::suback, how_);
        for (const auto code : what.reasons)
            append_reason(how_ == version::v3_1_1 && is_error(code) ? reason::unspecified_error : code, packet_type::suback);
    }
    void operator()(const unsubscribe& what) const {
        assert(!what.filters.empty());
        append_identifier(to_, what.id);
        append_properties(to_, what.properties, packet_type::unsubscribe, how_);
        for (const auto& filter : what.filters) {
            assert(is_valid_topic_filter(filter));
            append_text(to_, filter);
        }
    }
    void operator()(const unsuback& what) const {
        append_identifier(to_, what.id);
        if (how_ == version::v3_1_1) return;
        assert(!what.reasons.empty());
        append_properties(to_, what.properties, packet_type::unsuback, how_);
        for (const auto code : what.reasons) append_reason(code, packet_type::unsuback);
    }
    void operator()(const pingreq&) const {}
    void operator()(const pingresp&) const {}
    void operator()(const disconnect& what) const {
        append_reason_and_properties(what.reason, what.properties, packet_type::disconnect);
    }
    void operator()(const auth& what) const {
        assert(how_ == version::v5);
        if (what.reason == reason::success && what.properties == property_set{}) return;
        assert(what.properties.authentication_method);
        append_reason(what.reason, packet_type::auth);
        append_properties(to_, what.properties, packet_type::auth, how_);
    }

private:
    void append_reason(reason code, packet_type in) const {
        assert(is_allowed(code, in));
        append_byte(to_, static_cast<std::uint8_t>(code));
    }

    /// The forms that leave out what says nothing: success without properties, and any reason without them.
    void append_reason_and_properties(reason code, const property_set& properties, packet_type in) const {
        if (how_ == version::v3_1_1) return;
        const bool silent = properties == property_set{};
        if (silent && code == reason::success) return;
        append_reason(code, in);
        if (!silent) append_properties(to_, properties, in, how_);
    }

    void acknowledge(const acknowledgement& what, packet_type type) const {
        append_identifier(to_, what.id);
        append_reason_and_properties(what.reason, what.properties, type);
    }

    void subscribe_to(const subscription& what) const {
        assert(is_valid_topic_filter(what.filter));
        assert(!what.no_local || !is_shared_subscription(what.filter));
        auto options = static_cast<unsigned>(what.qos);
        if (how_ == version::v5) {
            if (what.no_local) options |= 4u;
            if (what.retain_as_published) options |= 8u;
            options |= static_cast<unsigned>(what.retain_handling) << 4;
        }
        append_text(to_, what.filter);
        append_byte(to_, static_cast<std::uint8_t>(options));
    }

    std::string& to_;
    version how_;
};

std::uint8_t flags_of(const packet& what) {
    if (const auto* message = std::get_if<publish>(&what))
        return static_cast<std::uint8_t>((message->dup ? 8u : 0u) | static_cast<unsigned>(message->qos) << 1 |
                                         (message->retain ? 1u : 0u));
    const bool two = std::holds_alternative<pubrel>(what) || std::holds_alternative<subscribe>(what) ||
                     std::holds_alternative<unsubscribe>(what);
    return two ? 2 : 0;
}

}  // namespace

void encode(const packet& what, version how, std::string& to) {
    // The variant's alternatives stand in the order of the packet types, CONNECT = 1 first.
    const auto type = static_cast<unsigned>(what.index()) + 1;
    append_byte(to, static_cast<std::uint8_t>(type << 4 | flags_of(what)));
    length_before remaining(to);
    std::visit(packet_writer(to, how), what);
    remaining.close();
}

}  // namespace mqtt
