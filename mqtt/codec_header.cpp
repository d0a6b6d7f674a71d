// mqtt/codec_header.cpp: the fixed header, by a table of the packet types (2.1.2, 2.1.3).
// Not here: what follows it (codec_decode.cpp, codec_connect.cpp, codec_view.cpp).
#include "mqtt/codec_header.hpp"

#include <array>

namespace mqtt {
namespace {

/// Who may send a packet of the type, and the flags it has to bear; PUBLISH is the only type whose flags vary.
struct type_rule {
    std::uint8_t flags;
    bool client;
    bool server;
};
constexpr std::array<type_rule, 16> type_rules{{
    {0, false, false},  // reserved
    {0, true, false},   // CONNECT
    {0, false, true},   // CONNACK
    {0, true, true},    // PUBLISH
    {0, true, true},    // PUBACK
    {0, true, true},    // PUBREC
    {2, true, true},    // PUBREL
    {0, true, true},    // PUBCOMP
    {2, true, false},   // SUBSCRIBE
    {0, false, true},   // SUBACK
    {2, true, false},   // UNSUBSCRIBE
    {0, false, true},   // UNSUBACK
    {0, true, false},   // PINGREQ
    {0, false, true},   // PINGRESP
    {0, true, true},    // DISCONNECT
    {0, true, true},    // AUTH
}};

bool exists(packet_type type, version how) {
    if (type == packet_type::will) return false;
    return type != packet_type::auth || how == version::v5;
}

bool may_send(sender who, packet_type type, version how) {
    const auto& rule = type_rules[static_cast<std::size_t>(type)];
    if (type == packet_type::disconnect && how == version::v3_1_1) return who == sender::client;
    return who == sender::client ? rule.client : rule.server;
}

}  // namespace

fixed_header read_fixed_header(reader& from, sender who) {
    const auto first = from.byte();
    const fixed_header header{static_cast<packet_type>(first >> 4), static_cast<std::uint8_t>(first & 0x0f)};
    const auto remaining = from.variable_integer();
    if (from.failed()) return header;
    if (remaining != from.left())
        from.fail(reason::malformed_packet, "the remaining length is not that of the packet");
    else if (!exists(header.type, from.how()))
        from.fail(reason::malformed_packet, "there is no packet of this type");
    else if (header.type != packet_type::publish && header.flags != type_rules[static_cast<std::size_t>(header.type)].flags)
        from.fail(reason::malformed_packet, "reserved flags of the fixed header are not as they must be");
    else if (!may_send(who, header.type, from.how()))
        from.fail(reason::protocol_error, "a packet of this type goes the other way only");
    return header;
}

}  // namespace mqtt
