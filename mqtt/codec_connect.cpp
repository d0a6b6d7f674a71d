// mqtt/codec_connect.cpp: CONNECT (3.1) and CONNACK (3.2), the two packets that negotiate.
// Not here: the other packets (codec_decode.cpp, codec_encode.cpp).
#include "mqtt/codec_connect.hpp"

#include <cassert>

#include "mqtt/codec_reasons.hpp"
#include "mqtt/property.hpp"

namespace mqtt {
namespace {

constexpr std::string_view protocol_name = "MQTT";

namespace flag {
constexpr unsigned reserved = 0x01;
constexpr unsigned clean_start = 0x02;
constexpr unsigned will = 0x04;
constexpr unsigned will_qos_shift = 3;
constexpr unsigned will_retain = 0x20;
constexpr unsigned password = 0x40;
constexpr unsigned username = 0x80;
}  // namespace flag

void check_flags(reader& from, unsigned flags) {
    const unsigned will_qos = flags >> flag::will_qos_shift & 3u;
    if ((flags & flag::reserved) != 0) from.fail(reason::malformed_packet, "the reserved connect flag is set");
    if (will_qos == 3) from.fail(reason::malformed_packet, "the will has QoS 3");
    if ((flags & flag::will) == 0 && (will_qos != 0 || (flags & flag::will_retain) != 0))
        from.fail(reason::malformed_packet, "flags of a will that is not there");
    if (from.how() == version::v3_1_1 && (flags & (flag::username | flag::password)) == flag::password)
        from.fail(reason::malformed_packet, "a password without a user name");
}

will read_will(reader& from, unsigned flags) {
    will result;
    result.topic = from.text();
    result.payload = from.binary();
    result.qos = static_cast<qos>(flags >> flag::will_qos_shift & 3u);
    result.retain = (flags & flag::will_retain) != 0;
    if (!from.failed() && !is_valid_topic_name(result.topic))
        from.fail(reason::topic_name_invalid, "the will's topic is no topic name");
    return result;
}

void check_authentication(reader& from, const property_set& properties) {
    if (properties.authentication_data && !properties.authentication_method)
        from.fail(reason::protocol_error, "authentication data without a method");
}

unsigned flags_of(const connect& what) {
    unsigned flags = what.clean_start ? flag::clean_start : 0;
    if (what.will) flags |= flag::will | static_cast<unsigned>(what.will->qos) << flag::will_qos_shift;
    if (what.will && what.will->retain) flags |= flag::will_retain;
    if (what.password) flags |= flag::password;
    if (what.username) flags |= flag::username;
    return flags;
}

}  // namespace

connect read_connect(reader& from, sender who) {
    connect result;
    const auto name = from.text();
    const auto level = from.byte();
    if (!from.failed() && (name != protocol_name || level != static_cast<unsigned>(from.how())))
        from.fail(reason::unsupported_protocol_version, "another protocol or version");
    const unsigned flags = from.byte();
    check_flags(from, flags);
    result.clean_start = (flags & flag::clean_start) != 0;
    result.keep_alive = from.two_bytes();
    result.properties = read_properties(from, packet_type::connect, who);
    check_authentication(from, result.properties);
    result.client_id = from.text();
    if ((flags & flag::will) != 0) {
        result.will_properties = read_properties(from, packet_type::will, who);
        result.will = read_will(from, flags);
    }
    if ((flags & flag::username) != 0) result.username = from.text();
    if ((flags & flag::password) != 0) result.password = from.binary();
    if (from.how() == version::v3_1_1 && result.client_id.empty() && !result.clean_start)
        from.fail(reason::client_identifier_not_valid, "an empty client identifier without clean session");
    return result;
}

connack read_connack(reader& from, sender who) {
    connack result;
    const auto flags = from.byte();
    const auto code = from.byte();
    if (from.failed()) return result;
    if ((flags & 0xfe) != 0) from.fail(reason::malformed_packet, "reserved flags of CONNACK are set");
    result.session_present = (flags & 1) != 0;
    if (from.how() == version::v3_1_1) {
        const auto translated = reason_of_return_code(code);
        if (!translated) from.fail(reason::protocol_error, "a reserved return code");
        result.reason = translated.value_or(reason::unspecified_error);
    } else {
        result.reason = static_cast<reason>(code);
        if (!is_allowed(result.reason, packet_type::connack, who))
            from.fail(reason::protocol_error, "the reason code is not one of this packet's");
    }
    if (result.session_present && result.reason != reason::success)
        from.fail(reason::protocol_error, "a session present with a refusal");
    result.properties = read_properties(from, packet_type::connack, who);
    check_authentication(from, result.properties);
    return result;
}

void append_connect(std::string& to, const connect& what, version how) {
    assert(how == version::v5 || what.username || !what.password);
    assert(how == version::v5 || !what.client_id.empty() || what.clean_start);
    assert(what.properties.authentication_method || !what.properties.authentication_data);
    append_text(to, protocol_name);
    append_byte(to, static_cast<std::uint8_t>(how));
    append_byte(to, static_cast<std::uint8_t>(flags_of(what)));
    append_two_bytes(to, what.keep_alive);
    append_properties(to, what.properties, packet_type::connect, how);
    append_text(to, what.client_id);
    if (what.will) {
        assert(is_valid_topic_name(what.will->topic));
        append_properties(to, what.will_properties, packet_type::will, how);
        append_text(to, what.will->topic);
        append_binary(to, what.will->payload);
    }
    if (what.username) append_text(to, *what.username);
    if (what.password) append_binary(to, *what.password);
}

void append_connack(std::string& to, const connack& what, version how) {
    assert(!what.session_present || what.reason == reason::success);
    assert(is_allowed(what.reason, packet_type::connack));
    append_byte(to, what.session_present ? 1 : 0);
    append_byte(to, how == version::v5 ? static_cast<std::uint8_t>(what.reason) : return_code_of(what.reason));
    append_properties(to, what.properties, packet_type::connack, how);
}

}  // namespace mqtt
