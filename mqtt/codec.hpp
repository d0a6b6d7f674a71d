// mqtt/codec.hpp: bytes ⇄ packets. One codec for both versions: the version is a parameter. Bounded; never throws.
// Not here: cutting a stream into packets (framer.hpp), topics (topic.hpp), and any rule that spans packets (session.hpp).
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/packet.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {

/// Why bytes are no packet: the reason code that MQTT 5.0 names for it, and words for the log.
class decode_error {
public:
    decode_error() = default;
    decode_error(mqtt::reason code, const char* what) : code_(code), what_(what) {}
    mqtt::reason code() const { return code_; }
    std::string_view what() const { return what_; }
    bool operator==(const decode_error&) const = default;

private:
    mqtt::reason code_ = reason::malformed_packet;
    const char* what_ = "";  // a literal
};
[[noreturn]] void throw_exception_from_error(const decode_error& what, const boost::source_location& where);

template <typename T>
using decoded = boost::system::result<T, decode_error>;

/// Who sent it: some packets are only for one direction, and some fields differ.
enum class sender : std::uint8_t { client, server };

/// One whole packet, fixed header included. Flags, lengths, UTF-8, ranges and properties are checked.
decoded<packet> decode(std::span<const std::byte> bytes, version how, sender from);

/// A PUBLISH read in place: the views are into the frame's bytes.
struct publish_view {
    std::string_view topic;  // empty: the alias stands for it
    std::string_view payload;
    mqtt::qos qos = qos::at_most_once;
    bool retain = false;
    bool dup = false;
    packet_id id{0};  // QoS 1 and 2
    std::optional<std::uint16_t> topic_alias;
    property_set properties;  // all there are; left empty if that is a topic alias alone
};
/// decode() for a frame known to be a PUBLISH; the same checks and errors. Takes memory only for properties other than the
/// alias.
decoded<publish_view> decode_publish(std::span<const std::byte> frame, version how, sender from);

enum class acknowledgement_kind : std::uint8_t { puback = 4, pubrec = 5, pubrel = 6, pubcomp = 7 };
struct short_acknowledgement {
    acknowledgement_kind kind = acknowledgement_kind::puback;
    packet_id id{0};
    mqtt::reason reason = reason::success;
    bool operator==(const short_acknowledgement&) const = default;
};
/// An acknowledgement that says no more than a reason, as almost all do. Nothing: any other packet, or properties, or an
/// error; decode() tells which.
std::optional<short_acknowledgement> read_short_acknowledgement(std::span<const std::byte> frame, version how);

/// Appends the packet's bytes. Requires: the fields are in the ranges of the specification (asserted).
void encode(const packet& what, version how, std::string& to);

/// How a publication goes out this time.
struct publish_form {
    mqtt::qos qos = qos::at_most_once;
    bool retain = false;
    bool dup = false;
    packet_id id{0};           // ignored at QoS 0
    std::uint16_t alias = 0;   // MQTT 5; 0: none
    bool topic_known = false;  // the broker has this alias's topic, which is left out
};
/// A PUBLISH without a detour through a struct: the hot path.
void encode_publish(const publication& what, const publish_form& form, version how, std::string& to);
/// How many bytes that takes; 0: it can't be encoded (over 268,435,455 bytes, a topic or key over 65,535, a topic that is
/// no topic name, or a key that is no UTF-8). encode_publish requires that this isn't 0.
std::size_t publish_size(const publication& what, const publish_form& form, version how);
/// PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form.
void encode_acknowledgement(acknowledgement_kind kind, packet_id id, reason why, version how, std::string& to);

/// The bytes for publication::properties. Nothing: a value isn't allowed there, as a response topic with a wildcard, text
/// that is no UTF-8, or a property that isn't a message's own (expiry and topic alias have places of their own).
std::optional<std::string> encode_message_properties(const property_set& what);
/// Back again. Nothing: no such bytes.
std::optional<property_set> decode_message_properties(std::string_view bytes);

/// Well-formed UTF-8 without U+0000 (1.5.4).
bool is_valid_utf8(std::string_view text);

}  // namespace mqtt
