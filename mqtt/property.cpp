// mqtt/property.cpp: the table of MQTT 5.0's properties, and reading and writing by it.
// Not here: what a property means to a session.
#include "mqtt/property.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <type_traits>

namespace mqtt {
namespace {

constexpr packet_types none = 0;
constexpr packet_types will_part = set_of(packet_type::will);
constexpr packet_types connect_packet = set_of(packet_type::connect);
constexpr packet_types connack_packet = set_of(packet_type::connack);
constexpr packet_types publish_packet = set_of(packet_type::publish);
constexpr packet_types subscribe_packet = set_of(packet_type::subscribe);
constexpr packet_types unsubscribe_packet = set_of(packet_type::unsubscribe);
constexpr packet_types disconnect_packet = set_of(packet_type::disconnect);
constexpr packet_types auth_packet = set_of(packet_type::auth);
constexpr packet_types acknowledgements =
    set_of(packet_type::puback) | set_of(packet_type::pubrec) | set_of(packet_type::pubrel) | set_of(packet_type::pubcomp);
constexpr packet_types subscription_acknowledgements = set_of(packet_type::suback) | set_of(packet_type::unsuback);
constexpr packet_types message = publish_packet | will_part;

constexpr packet_types reasons_from_client = acknowledgements | disconnect_packet | auth_packet;
constexpr packet_types reasons_from_server = reasons_from_client | connack_packet | subscription_acknowledgements;
constexpr packet_types user_from_client = reasons_from_client | connect_packet | message | subscribe_packet | unsubscribe_packet;
constexpr packet_types user_from_server = reasons_from_server | publish_packet;
constexpr packet_types authentication_from_client = connect_packet | auth_packet;
constexpr packet_types authentication_from_server = connack_packet | auth_packet;

using p = property_set;
using enum property_range;

// clang-format off
constexpr std::array rules{
    property_rule{0x01, "payload format indicator", &p::payload_format_indicator, boolean, message, publish_packet},
    property_rule{0x02, "message expiry interval", &p::message_expiry_interval, any, message, publish_packet},
    property_rule{0x03, "content type", &p::content_type, text, message, publish_packet},
    property_rule{0x08, "response topic", &p::response_topic, topic, message, publish_packet},
    property_rule{0x09, "correlation data", &p::correlation_data, binary, message, publish_packet},
    property_rule{0x0b, "subscription identifier", &p::subscription_identifiers, not_zero, subscribe_packet, publish_packet, publish_packet},
    property_rule{0x11, "session expiry interval", &p::session_expiry_interval, any, connect_packet | disconnect_packet, connack_packet},
    property_rule{0x12, "assigned client identifier", &p::assigned_client_identifier, text, none, connack_packet},
    property_rule{0x13, "server keep alive", &p::server_keep_alive, any, none, connack_packet},
    property_rule{0x15, "authentication method", &p::authentication_method, text, authentication_from_client, authentication_from_server},
    property_rule{0x16, "authentication data", &p::authentication_data, binary, authentication_from_client, authentication_from_server},
    property_rule{0x17, "request problem information", &p::request_problem_information, boolean, connect_packet, none},
    property_rule{0x18, "will delay interval", &p::will_delay_interval, any, will_part, none},
    property_rule{0x19, "request response information", &p::request_response_information, boolean, connect_packet, none},
    property_rule{0x1a, "response information", &p::response_information, text, none, connack_packet},
    property_rule{0x1c, "server reference", &p::server_reference, text, none, connack_packet | disconnect_packet},
    property_rule{0x1f, "reason string", &p::reason_string, text, reasons_from_client, reasons_from_server},
    property_rule{0x21, "receive maximum", &p::receive_maximum, not_zero, connect_packet, connack_packet},
    property_rule{0x22, "topic alias maximum", &p::topic_alias_maximum, any, connect_packet, connack_packet},
    property_rule{0x23, "topic alias", &p::topic_alias, alias, publish_packet, publish_packet},
    property_rule{0x24, "maximum QoS", &p::maximum_qos, boolean, none, connack_packet},
    property_rule{0x25, "retain available", &p::retain_available, boolean, none, connack_packet},
    property_rule{0x26, "user property", &p::user, text, user_from_client, user_from_server, user_from_client | user_from_server},
    property_rule{0x27, "maximum packet size", &p::maximum_packet_size, not_zero, connect_packet, connack_packet},
    property_rule{0x28, "wildcard subscription available", &p::wildcard_subscription_available, boolean, none, connack_packet},
    property_rule{0x29, "subscription identifier available", &p::subscription_identifier_available, boolean, none, connack_packet},
    property_rule{0x2a, "shared subscription available", &p::shared_subscription_available, boolean, none, connack_packet},
};
// clang-format on

const property_rule* rule_of(std::uint32_t identifier) {
    const auto found = std::ranges::find(rules, identifier, &property_rule::identifier);
    return found == rules.end() ? nullptr : &*found;
}

/// Nothing: the value is in range.
std::optional<decode_error> out_of_range(property_range range, std::uint32_t value) {
    if (range == boolean && value > 1) return decode_error(reason::protocol_error, "a property is neither 0 nor 1");
    if (range == not_zero && value == 0) return decode_error(reason::protocol_error, "a property is 0 that must not be");
    if (range == alias && value == 0) return decode_error(reason::topic_alias_invalid, "the topic alias is 0");
    return std::nullopt;
}

std::optional<decode_error> out_of_range(property_range range, std::string_view value) {
    if (range == topic && !is_valid_topic_name(value))
        return decode_error(reason::topic_name_invalid, "the response topic is no topic name");
    return std::nullopt;
}

// One overload for each type of value: how it stands on the wire.
void read_value(reader& from, property_range, std::uint8_t& value) { value = from.byte(); }
void read_value(reader& from, property_range, std::uint16_t& value) { value = from.two_bytes(); }
void read_value(reader& from, property_range, std::uint32_t& value) { value = from.four_bytes(); }
void read_value(reader& from, property_range range, std::string& value) { value = range == binary ? from.binary() : from.text(); }

template <typename T>
void read_member(reader& from, const property_rule& rule, std::optional<T>& member) {
    read_value(from, rule.range, member.emplace());
    if (from.failed()) return;
    if (const auto wrong = out_of_range(rule.range, *member)) from.fail(*wrong);
}

void read_member(reader& from, const property_rule& rule, std::vector<std::uint32_t>& member) {
    const auto value = from.variable_integer();
    if (from.failed()) return;
    if (const auto wrong = out_of_range(rule.range, value)) return from.fail(*wrong);
    member.push_back(value);
}

void read_member(reader& from, const property_rule&, std::vector<std::pair<std::string, std::string>>& member) {
    const auto name = from.text();
    const auto value = from.text();
    if (!from.failed()) member.emplace_back(name, value);
}

bool is_there(const property_set& in, const property_rule& rule) {
    return std::visit(
        [&in](auto member) {
            if constexpr (requires { (in.*member).has_value(); })
                return (in.*member).has_value();
            else
                return !(in.*member).empty();
        },
        rule.member);
}

void read_property(reader& from, packet_type holder, sender who, property_set& into) {
    const auto* rule = rule_of(from.variable_integer());
    if (from.failed()) return;
    if (rule == nullptr) return from.fail(reason::malformed_packet, "there is no property with this identifier");
    // Only of a packet's type does 2.2.2.2 say "malformed"; that the other side may not say it is a rule of the protocol.
    if (((rule->from_client | rule->from_server) & set_of(holder)) == 0)
        return from.fail(reason::malformed_packet, "a property is not allowed in this packet");
    if ((rule->allowed(who) & set_of(holder)) == 0)
        return from.fail(reason::protocol_error, "a property is for the other side to send");
    if ((rule->repeats_in & set_of(holder)) == 0 && is_there(into, *rule))
        return from.fail(reason::protocol_error, "a property is there twice");
    std::visit([&](auto member) { read_member(from, *rule, into.*member); }, rule->member);
}

void append_value(std::string& to, property_range, std::uint8_t value) { append_byte(to, value); }
void append_value(std::string& to, property_range, std::uint16_t value) { append_two_bytes(to, value); }
void append_value(std::string& to, property_range, std::uint32_t value) { append_four_bytes(to, value); }
void append_value(std::string& to, property_range range, const std::string& value) {
    range == binary ? append_binary(to, value) : append_text(to, value);
}

template <typename T>
void append_member(std::string& to, const property_rule& rule, const std::optional<T>& member) {
    if (!member) return;
    assert(!out_of_range(rule.range, *member));
    append_byte(to, rule.identifier);
    append_value(to, rule.range, *member);
}

void append_member(std::string& to, const property_rule& rule, const std::vector<std::uint32_t>& member) {
    for (const auto value : member) {
        assert(!out_of_range(rule.range, value));
        append_byte(to, rule.identifier);
        append_variable_integer(to, value);
    }
}

void append_member(std::string& to, const property_rule& rule, const std::vector<std::pair<std::string, std::string>>& member) {
    for (const auto& [name, value] : member) {
        append_byte(to, rule.identifier);
        append_text(to, name);
        append_text(to, value);
    }
}

}  // namespace

std::span<const property_rule> property_rules() { return rules; }

property_set read_properties(reader& from, packet_type holder, sender who) {
    property_set result;
    if (from.how() != version::v5) return result;
    const auto length = from.variable_integer();
    auto block = from.part(length);
    while (!block.at_end()) read_property(block, holder, who, result);
    from.adopt(block);
    return result;
}

void append_properties(std::string& to, const property_set& what, packet_type holder, version how) {
    if (how != version::v5) return;
    length_before length(to);
    for (const auto& rule : rules) {
        if (!is_there(what, rule)) continue;
        assert(((rule.from_client | rule.from_server) & set_of(holder)) != 0);
        std::visit([&](auto member) { append_member(to, rule, what.*member); }, rule.member);
    }
    length.close();
}

}  // namespace mqtt
