// mqtt/packet.hpp: every MQTT control packet as a plain struct, for 3.1.1 and 5.0 alike.
// Not here: bytes (codec.hpp) and what to do with a packet (session.hpp). A field that 3.1.1 doesn't have stays empty there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/property_set.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

/// Reason codes of MQTT 5.0 (section 2.4). 3.1.1's CONNACK return codes are translated to them by the codec.
enum class reason : std::uint8_t {
    success = 0x00,
    granted_qos_1 = 0x01,
    granted_qos_2 = 0x02,
    disconnect_with_will = 0x04,
    no_matching_subscribers = 0x10,
    no_subscription_existed = 0x11,
    continue_authentication = 0x18,
    re_authenticate = 0x19,
    unspecified_error = 0x80,
    malformed_packet = 0x81,
    protocol_error = 0x82,
    implementation_specific_error = 0x83,
    unsupported_protocol_version = 0x84,
    client_identifier_not_valid = 0x85,
    bad_user_name_or_password = 0x86,
    not_authorized = 0x87,
    server_unavailable = 0x88,
    server_busy = 0x89,
    banned = 0x8a,
    server_shutting_down = 0x8b,
    bad_authentication_method = 0x8c,
    keep_alive_timeout = 0x8d,
    session_taken_over = 0x8e,
    topic_filter_invalid = 0x8f,
    topic_name_invalid = 0x90,
    packet_identifier_in_use = 0x91,
    packet_identifier_not_found = 0x92,
    receive_maximum_exceeded = 0x93,
    topic_alias_invalid = 0x94,
    packet_too_large = 0x95,
    message_rate_too_high = 0x96,
    quota_exceeded = 0x97,
    administrative_action = 0x98,
    payload_format_invalid = 0x99,
    retain_not_supported = 0x9a,
    qos_not_supported = 0x9b,
    use_another_server = 0x9c,
    server_moved = 0x9d,
    shared_subscriptions_not_supported = 0x9e,
    connection_rate_exceeded = 0x9f,
    maximum_connect_time = 0xa0,
    subscription_identifiers_not_supported = 0xa1,
    wildcard_subscriptions_not_supported = 0xa2,
};
constexpr bool is_error(reason r) { return static_cast<std::uint8_t>(r) >= 0x80; }

/// What a person is told: "not authorized", "quota exceeded" …
std::string_view phrase(reason r);

struct connect {
    bool clean_start = false;
    std::uint16_t keep_alive = 0;  // seconds
    std::string client_id;
    std::optional<std::string> username;
    std::optional<std::string> password;
    std::optional<mqtt::will> will;
    property_set will_properties;
    property_set properties;
    bool operator==(const connect&) const = default;
};

struct connack {
    bool session_present = false;
    mqtt::reason reason = reason::success;
    property_set properties;
    bool operator==(const connack&) const = default;
};

struct publish {
    std::string topic;
    std::string payload;
    mqtt::qos qos = qos::at_most_once;
    bool retain = false;
    bool dup = false;
    packet_id id{0};  // QoS 1 and 2
    property_set properties;
    bool operator==(const publish&) const = default;
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP have one shape.
struct acknowledgement {
    packet_id id{0};
    mqtt::reason reason = reason::success;
    property_set properties;
    bool operator==(const acknowledgement&) const = default;
};
struct puback : acknowledgement {};
struct pubrec : acknowledgement {};
struct pubrel : acknowledgement {};
struct pubcomp : acknowledgement {};

enum class retain_handling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

struct subscription {
    std::string filter;
    mqtt::qos qos = qos::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    mqtt::retain_handling retain_handling = retain_handling::send;
    bool operator==(const subscription&) const = default;
};

struct subscribe {
    packet_id id{0};
    std::vector<subscription> subscriptions;
    property_set properties;
    bool operator==(const subscribe&) const = default;
};
struct suback {
    packet_id id{0};
    std::vector<reason> reasons;
    property_set properties;
    bool operator==(const suback&) const = default;
};
struct unsubscribe {
    packet_id id{0};
    std::vector<std::string> filters;
    property_set properties;
    bool operator==(const unsubscribe&) const = default;
};
struct unsuback {
    packet_id id{0};
    std::vector<reason> reasons;  // empty in 3.1.1
    property_set properties;
    bool operator==(const unsuback&) const = default;
};
struct pingreq {
    bool operator==(const pingreq&) const = default;
};
struct pingresp {
    bool operator==(const pingresp&) const = default;
};
struct disconnect {
    mqtt::reason reason = reason::success;
    property_set properties;
    bool operator==(const disconnect&) const = default;
};
struct auth {
    mqtt::reason reason = reason::success;
    property_set properties;
    bool operator==(const auth&) const = default;
};

using packet = std::variant<connect, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback,
                            pingreq, pingresp, disconnect, auth>;

}  // namespace mqtt
