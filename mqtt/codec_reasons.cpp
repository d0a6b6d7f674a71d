// mqtt/codec_reasons.cpp: which reason codes a packet may bear, as lists taken from the packets' tables of MQTT 5.0.
// Not here: what a code means to a session.
#include "mqtt/codec_reasons.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace mqtt {
namespace {

using enum reason;
using codes = std::span<const reason>;

constexpr std::array in_connack{
    success,
    unspecified_error,
    malformed_packet,
    protocol_error,
    implementation_specific_error,
    unsupported_protocol_version,
    client_identifier_not_valid,
    bad_user_name_or_password,
    not_authorized,
    server_unavailable,
    server_busy,
    banned,
    bad_authentication_method,
    topic_name_invalid,
    packet_too_large,
    quota_exceeded,
    payload_format_invalid,
    retain_not_supported,
    qos_not_supported,
    use_another_server,
    server_moved,
    connection_rate_exceeded,
};
constexpr std::array in_puback_and_pubrec{
    no_matching_subscribers,  // first, since only a server knows of subscribers
    success,
    unspecified_error,
    implementation_specific_error,
    not_authorized,
    topic_name_invalid,
    packet_identifier_in_use,
    quota_exceeded,
    payload_format_invalid,
};
constexpr std::array in_pubrel_and_pubcomp{success, packet_identifier_not_found};
constexpr std::array in_suback{
    success,
    granted_qos_1,
    granted_qos_2,
    unspecified_error,
    implementation_specific_error,
    not_authorized,
    topic_filter_invalid,
    packet_identifier_in_use,
    quota_exceeded,
    shared_subscriptions_not_supported,
    subscription_identifiers_not_supported,
    wildcard_subscriptions_not_supported,
};
constexpr std::array in_unsuback{
    success,        no_subscription_existed, unspecified_error,        implementation_specific_error,
    not_authorized, topic_filter_invalid,    packet_identifier_in_use,
};
constexpr std::array in_disconnect_of_client{
    success,
    disconnect_with_will,
    unspecified_error,
    malformed_packet,
    protocol_error,
    implementation_specific_error,
    topic_name_invalid,
    receive_maximum_exceeded,
    topic_alias_invalid,
    packet_too_large,
    message_rate_too_high,
    quota_exceeded,
    administrative_action,
    payload_format_invalid,
};
// `success` and `bad_authentication_method` aren't the server's by table 3-13, but brokers send them as they close; to
// call that a protocol error would hide the broker's reason from the person who reads the log.
constexpr std::array in_disconnect_of_server{
    success,
    unspecified_error,
    malformed_packet,
    protocol_error,
    implementation_specific_error,
    not_authorized,
    server_busy,
    server_shutting_down,
    bad_authentication_method,
    keep_alive_timeout,
    session_taken_over,
    topic_filter_invalid,
    topic_name_invalid,
    receive_maximum_exceeded,
    topic_alias_invalid,
    packet_too_large,
    message_rate_too_high,
    quota_exceeded,
    administrative_action,
    payload_format_invalid,
    retain_not_supported,
    qos_not_supported,
    use_another_server,
    server_moved,
    shared_subscriptions_not_supported,
    connection_rate_exceeded,
    maximum_connect_time,
    subscription_identifiers_not_supported,
    wildcard_subscriptions_not_supported,
};
constexpr std::array in_auth_of_client{continue_authentication, re_authenticate};
constexpr std::array in_auth_of_server{success, continue_authentication};

codes allowed_in(packet_type in, sender who) {
    const bool client = who == sender::client;
    switch (in) {
        case packet_type::connack:
            return in_connack;
        case packet_type::puback:
        case packet_type::pubrec:
            return client ? codes(in_puback_and_pubrec).subspan(1) : codes(in_puback_and_pubrec);
        case packet_type::pubrel:
        case packet_type::pubcomp:
            return in_pubrel_and_pubcomp;
        case packet_type::suback:
            return in_suback;
        case packet_type::unsuback:
            return in_unsuback;
        case packet_type::disconnect:
            return client ? codes(in_disconnect_of_client) : codes(in_disconnect_of_server);
        case packet_type::auth:
            return client ? codes(in_auth_of_client) : codes(in_auth_of_server);
        default:
            return {};
    }
}

}  // namespace

bool is_allowed(reason code, packet_type in, sender who) {
    const auto allowed = allowed_in(in, who);
    return std::ranges::find(allowed, code) != allowed.end();
}

bool is_allowed(reason code, packet_type in) {
    return is_allowed(code, in, sender::client) || is_allowed(code, in, sender::server);
}

std::optional<reason> reason_of_return_code(std::uint8_t code) {
    switch (code) {
        case 0:
            return success;
        case 1:
            return unsupported_protocol_version;
        case 2:
            return client_identifier_not_valid;
        case 3:
            return server_unavailable;
        case 4:
            return bad_user_name_or_password;
        case 5:
            return not_authorized;
        default:
            return std::nullopt;
    }
}

std::uint8_t return_code_of(reason code) {
    switch (code) {
        case success:
            return 0;
        case unsupported_protocol_version:
            return 1;
        case client_identifier_not_valid:
            return 2;
        case bad_user_name_or_password:
            return 4;
        case not_authorized:
        case banned:
        case bad_authentication_method:
            return 5;
        default:
            return 3;
    }
}

}  // namespace mqtt
