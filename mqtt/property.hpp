// mqtt/property.hpp: the properties of MQTT 5.0 (2.2.2.2) as one table: identifier, type, range, and which packets may carry
// them, from which side. Reading and writing follow the table.
// Not here: what a property means to a session.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mqtt/codec_bytes.hpp"
#include "mqtt/packet.hpp"

namespace mqtt {

/// A set of packet types; one bit for each.
using packet_types = std::uint16_t;
constexpr packet_types set_of(packet_type type) { return static_cast<packet_types>(1u << static_cast<unsigned>(type)); }

/// Where a property's value is kept. A repeated one is a vector.
using property_member =
    std::variant<std::optional<std::uint8_t> property_set::*, std::optional<std::uint16_t> property_set::*,
                 std::optional<std::uint32_t> property_set::*, std::optional<std::string> property_set::*,
                 std::vector<std::uint32_t> property_set::*, std::vector<std::pair<std::string, std::string>> property_set::*>;

enum class property_range : std::uint8_t {
    any,
    boolean,   // 0 or 1
    not_zero,  //
    alias,     // not zero, with a reason code of its own
    text,      // UTF-8
    topic,     // UTF-8, a topic name
    binary,
};

struct property_rule {
    std::uint8_t identifier = 0;
    const char* name = "";
    property_member member;
    property_range range = property_range::any;
    packet_types from_client = 0;
    packet_types from_server = 0;
    packet_types repeats_in = 0;

    packet_types allowed(sender from) const { return from == sender::client ? from_client : from_server; }
};

std::span<const property_rule> property_rules();

/// Property length and properties; nothing in 3.1.1. Failures are the reader's.
property_set read_properties(reader& from, packet_type holder, sender who);
/// Appends property length and properties; nothing in 3.1.1. Asserts that the holder may carry them and that ranges hold.
void append_properties(std::string& to, const property_set& what, packet_type holder, version how);

}  // namespace mqtt
