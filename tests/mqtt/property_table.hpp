// tests/mqtt/property_table.hpp: table 2-4 of MQTT 5.0 by packet rather than by property, with a value of each, for the tests.
// Not here: anything of the codec's own table (mqtt/property.hpp), which it is there to prove.
#pragma once

#include <map>
#include <set>
#include <string>

#include "mqtt/codec_bytes.hpp"
#include "tests/mqtt/codec_support.hpp"

namespace mqtt::test {

using identifiers = std::set<unsigned>;

/// What each packet may carry, both directions together.
inline const std::map<packet_type, identifiers> carried_by{
    {packet_type::will, {0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26}},
    {packet_type::connect, {0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27}},
    {packet_type::connack,
     {0x11, 0x12, 0x13, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a}},
    {packet_type::publish, {0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x23, 0x26}},
    {packet_type::puback, {0x1f, 0x26}},
    {packet_type::pubrec, {0x1f, 0x26}},
    {packet_type::pubrel, {0x1f, 0x26}},
    {packet_type::pubcomp, {0x1f, 0x26}},
    {packet_type::subscribe, {0x0b, 0x26}},
    {packet_type::suback, {0x1f, 0x26}},
    {packet_type::unsubscribe, {0x26}},
    {packet_type::unsuback, {0x1f, 0x26}},
    {packet_type::pingreq, {}},
    {packet_type::pingresp, {}},
    {packet_type::disconnect, {0x11, 0x1c, 0x1f, 0x26}},
    {packet_type::auth, {0x15, 0x16, 0x1f, 0x26}},
};

/// What only one side sends, though the other sends the packet, too.
inline bool is_of_one_side(packet_type holder, unsigned identifier, sender from) {
    if (holder == packet_type::publish && identifier == 0x0b) return from == sender::client;
    if (holder == packet_type::disconnect && identifier == 0x11) return from == sender::server;
    if (holder == packet_type::disconnect && identifier == 0x1c) return from == sender::client;
    return false;
}

inline bool may_send(sender who, packet_type holder) {
    const std::set<packet_type> of_client{packet_type::will, packet_type::connect, packet_type::subscribe,
                                          packet_type::unsubscribe, packet_type::pingreq};
    const std::set<packet_type> of_server{packet_type::connack, packet_type::suback, packet_type::unsuback,
                                          packet_type::pingresp};
    return who == sender::client ? !of_server.contains(holder) : !of_client.contains(holder);
}

/// Whether the table has it at all.
inline bool is_property(unsigned identifier) {
    for (const auto& [holder, there] : carried_by)
        if (there.contains(identifier)) return true;
    return false;
}

/// A value that is in range, as bytes with the identifier.
inline std::string example(unsigned identifier) {
    static const std::map<unsigned, std::string> values{
        {0x01, "01"},       {0x02, "00000000"}, {0x03, "0001 'c'"}, {0x08, "0001 'r'"}, {0x09, "0001 00"},   {0x0b, "01"},
        {0x11, "ffffffff"}, {0x12, "0001 'i'"}, {0x13, "0000"},     {0x15, "0001 'm'"}, {0x16, "0001 00"},   {0x17, "00"},
        {0x18, "00000001"}, {0x19, "01"},       {0x1a, "0000"},     {0x1c, "0001 's'"}, {0x1f, "0002 'no'"}, {0x21, "0001"},
        {0x22, "0000"},     {0x23, "ffff"},     {0x24, "01"},       {0x25, "01"},       {0x26, "0000 0000"}, {0x27, "00000001"},
        {0x28, "00"},       {0x29, "00"},       {0x2a, "00"},
    };
    std::string result(1, static_cast<char>(identifier));
    return result + hex(values.at(identifier));
}

}  // namespace mqtt::test
