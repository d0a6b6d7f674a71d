// tests/conformance/vectors_packet.cpp: JSON → our structs, strictly: what a struct can't hold is an error, not a conversion.
// Not here: what the codec makes of the packet.
#include "tests/conformance/vectors_packet.hpp"

#include <boost/json/src.hpp>
#include <map>
#include <string_view>
#include <variant>

#include "mqtt/property.hpp"
#include "tests/mqtt/codec_support.hpp"

namespace mqtt::test {
namespace {

using boost::json::object;
using boost::json::value;

const value* find(const object& in, std::string_view name) {
    const auto* found = in.if_contains(name);
    return found == nullptr || found->is_null() ? nullptr : found;
}

template <typename T>
T number_of(const value& from) {
    if (from.is_bool()) return static_cast<T>(from.get_bool() ? 1 : 0);
    if (!from.is_int64()) throw not_expressible("not an integer");
    const auto number = from.get_int64();
    if (number < 0 || static_cast<std::uint64_t>(number) > std::numeric_limits<T>::max()) throw not_expressible("out of range");
    return static_cast<T>(number);
}

template <typename T>
T number_at(const object& in, std::string_view name) {
    const auto* found = find(in, name);
    return found == nullptr ? T{} : number_of<T>(*found);
}

bool is_true(const object& in, std::string_view name) { return number_at<std::uint8_t>(in, name) != 0; }

std::string text_at(const object& in, std::string_view name) {
    const auto* found = find(in, name);
    return found == nullptr ? std::string() : text_of(*found);
}

qos qos_at(const object& in, std::string_view name) {
    const auto level = number_at<std::uint8_t>(in, name);
    if (level > 2) throw not_expressible("no QoS");
    return static_cast<qos>(level);
}

const boost::json::array& array_at(const object& in, std::string_view name) {
    const auto* found = find(in, name);
    if (found == nullptr || !found->is_array()) throw not_expressible("not a list");
    return found->get_array();
}

// One overload for each type of property.
void take(const value& from, std::optional<std::uint8_t>& to) { to = number_of<std::uint8_t>(from); }
void take(const value& from, std::optional<std::uint16_t>& to) { to = number_of<std::uint16_t>(from); }
void take(const value& from, std::optional<std::uint32_t>& to) { to = number_of<std::uint32_t>(from); }
void take(const value& from, std::optional<std::string>& to) { to = text_of(from); }
void take(const value& from, std::vector<std::uint32_t>& to) {
    if (!from.is_array()) return to.push_back(number_of<std::uint32_t>(from));
    for (const auto& one : from.get_array()) to.push_back(number_of<std::uint32_t>(one));
}
void take(const value& from, std::vector<std::pair<std::string, std::string>>& to) {
    if (!from.is_object()) throw not_expressible("user properties that are no object");
    for (const auto& [name, values] : from.get_object()) {
        if (!values.is_array()) {
            to.emplace_back(name, text_of(values));
            continue;
        }
        for (const auto& one : values.get_array()) to.emplace_back(name, text_of(one));
    }
}

/// The package's name of each property.
const std::map<std::string_view, property_member>& property_names() {
    using p = property_set;
    static const std::map<std::string_view, property_member> names{
        {"payloadFormatIndicator", &p::payload_format_indicator},
        {"messageExpiryInterval", &p::message_expiry_interval},
        {"contentType", &p::content_type},
        {"responseTopic", &p::response_topic},
        {"correlationData", &p::correlation_data},
        {"subscriptionIdentifier", &p::subscription_identifiers},
        {"sessionExpiryInterval", &p::session_expiry_interval},
        {"assignedClientIdentifier", &p::assigned_client_identifier},
        {"serverKeepAlive", &p::server_keep_alive},
        {"authenticationMethod", &p::authentication_method},
        {"authenticationData", &p::authentication_data},
        {"requestProblemInformation", &p::request_problem_information},
        {"willDelayInterval", &p::will_delay_interval},
        {"requestResponseInformation", &p::request_response_information},
        {"responseInformation", &p::response_information},
        {"serverReference", &p::server_reference},
        {"reasonString", &p::reason_string},
        {"receiveMaximum", &p::receive_maximum},
        {"topicAliasMaximum", &p::topic_alias_maximum},
        {"topicAlias", &p::topic_alias},
        {"maximumQoS", &p::maximum_qos},
        {"retainAvailable", &p::retain_available},
        {"userProperties", &p::user},
        {"maximumPacketSize", &p::maximum_packet_size},
        {"wildcardSubscriptionAvailable", &p::wildcard_subscription_available},
        {"subscriptionIdentifiersAvailable", &p::subscription_identifier_available},
        {"sharedSubscriptionAvailable", &p::shared_subscription_available},
    };
    return names;
}

property_set properties_at(const object& in) {
    property_set result;
    const auto* found = find(in, "properties");
    if (found == nullptr) return result;
    for (const auto& [name, value] : found->as_object()) {
        const auto member = property_names().find(name);
        if (member == property_names().end()) throw not_expressible("an unknown property: " + std::string(name));
        std::visit([&result, &from = value](auto pointer) { take(from, result.*pointer); }, member->second);
    }
    return result;
}

packet_id id_at(const object& in) { return packet_id{number_at<std::uint16_t>(in, "messageId")}; }

reason reason_at(const object& in) { return static_cast<reason>(number_at<std::uint8_t>(in, "reasonCode")); }

std::vector<reason> reasons_at(const object& in, std::string_view name) {
    std::vector<reason> result;
    for (const auto& one : array_at(in, name)) result.push_back(static_cast<reason>(number_of<std::uint8_t>(one)));
    return result;
}

connect connect_of(const object& from) {
    connect result;
    const auto protocol = find(from, "protocolId") != nullptr ? text_at(from, "protocolId") : "MQTT";
    if (protocol != "MQTT" && protocol != "MQIsdp") throw not_expressible("another protocol");
    const auto level = find(from, "protocolVersion") != nullptr ? number_at<std::uint8_t>(from, "protocolVersion") : 4;
    if (level < 3 || level > 5) throw not_expressible("another version");
    result.clean_start = find(from, "clean") == nullptr || is_true(from, "clean");
    result.keep_alive = number_at<std::uint16_t>(from, "keepalive");
    result.client_id = text_at(from, "clientId");
    if (level == 3 && result.client_id.empty()) throw not_expressible("3.1 without a client identifier");
    if (find(from, "username") != nullptr) result.username = text_at(from, "username");
    if (find(from, "password") != nullptr) result.password = text_at(from, "password");
    result.properties = properties_at(from);
    const auto* last = find(from, "will");
    if (last == nullptr) return result;
    if (!last->is_object()) throw not_expressible("a will that is no object");
    const auto& object = last->get_object();
    result.will = will{text_at(object, "topic"), text_at(object, "payload"), qos_at(object, "qos"), is_true(object, "retain")};
    result.will_properties = properties_at(object);
    return result;
}

/// In 3.1.1 the codec gives the return codes 1 to 5 as reasons of 5.0.
reason connack_reason(const object& from, version how) {
    if (how == version::v5) return reason_at(from);
    constexpr std::array meanings{reason::success,
                                  reason::unsupported_protocol_version,
                                  reason::client_identifier_not_valid,
                                  reason::server_unavailable,
                                  reason::bad_user_name_or_password,
                                  reason::not_authorized};
    const auto code = number_at<std::uint8_t>(from, "returnCode");
    if (code >= meanings.size()) throw not_expressible("a reserved return code");
    return meanings[code];
}

publish publish_of(const object& from) {
    publish result;
    result.topic = text_at(from, "topic");
    result.payload = text_at(from, "payload");
    result.qos = qos_at(from, "qos");
    result.retain = is_true(from, "retain");
    result.dup = is_true(from, "dup");
    if (result.qos != qos::at_most_once) result.id = id_at(from);
    result.properties = properties_at(from);
    return result;
}

template <typename T>
T acknowledgement_of(const object& from) {
    T result;
    result.id = id_at(from);
    result.reason = reason_at(from);
    result.properties = properties_at(from);
    return result;
}

subscribe subscribe_of(const object& from) {
    subscribe result;
    result.id = id_at(from);
    result.properties = properties_at(from);
    for (const auto& one : array_at(from, "subscriptions")) {
        const auto& wish = one.as_object();
        subscription to{text_at(wish, "topic"), qos_at(wish, "qos"), is_true(wish, "nl"), is_true(wish, "rap")};
        to.retain_handling = static_cast<retain_handling>(number_at<std::uint8_t>(wish, "rh"));
        result.subscriptions.push_back(to);
    }
    return result;
}

unsubscribe unsubscribe_of(const object& from) {
    unsubscribe result;
    result.id = id_at(from);
    result.properties = properties_at(from);
    for (const auto& one : array_at(from, "unsubscriptions")) result.filters.push_back(text_of(one));
    return result;
}

}  // namespace

std::string text_of(const value& from) {
    if (from.is_string()) return std::string(from.get_string());
    if (!from.is_object()) throw not_expressible("neither text nor bytes");
    const auto& buffer = from.get_object();
    if (!buffer.contains("hex")) throw not_expressible("neither text nor bytes");
    auto result = hex(std::string_view(buffer.at("hex").as_string()));
    result.append(number_at<std::size_t>(buffer, "zeros"), '\0');
    return result;
}

packet packet_of(const object& from, version how) {
    const auto command = text_at(from, "cmd");
    if (command == "connect") return connect_of(from);
    if (command == "connack") return connack{is_true(from, "sessionPresent"), connack_reason(from, how), properties_at(from)};
    if (command == "publish") return publish_of(from);
    if (command == "puback") return acknowledgement_of<puback>(from);
    if (command == "pubrec") return acknowledgement_of<pubrec>(from);
    if (command == "pubrel") return acknowledgement_of<pubrel>(from);
    if (command == "pubcomp") return acknowledgement_of<pubcomp>(from);
    if (command == "subscribe") return subscribe_of(from);
    if (command == "suback") return suback{id_at(from), reasons_at(from, "granted"), properties_at(from)};
    if (command == "unsubscribe") return unsubscribe_of(from);
    if (command == "unsuback")
        return unsuback{id_at(from), how == version::v5 ? reasons_at(from, "granted") : std::vector<reason>(),
                        properties_at(from)};
    if (command == "pingreq") return pingreq{};
    if (command == "pingresp") return pingresp{};
    if (command == "disconnect") return disconnect{reason_at(from), properties_at(from)};
    if (command == "auth") return auth{reason_at(from), properties_at(from)};
    throw not_expressible("an unknown command");
}

}  // namespace mqtt::test
