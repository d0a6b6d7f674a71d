// tests/mqtt/support/words.cpp: see words.hpp.
// Not here: parsing of these lines; they are only compared.
#include "tests/mqtt/support/words.hpp"

#include <cstdio>

namespace mqtt_test {
namespace {

std::string list(const char* name, const std::vector<mqtt::sequence>& numbers) {
    std::string text;
    for (const auto n : numbers) text += (text.empty() ? ' ' + std::string(name) + ' ' : ",") + std::to_string(number(n));
    return text;
}

std::string hex(mqtt::reason code) {
    if (code == mqtt::reason::success) return "";
    char text[8];
    std::snprintf(text, sizeof text, " 0x%02x", static_cast<unsigned>(code));
    return text;
}

std::string id(mqtt::packet_id what) { return std::to_string(static_cast<unsigned>(what)); }

std::string count(std::uint64_t n, const char* name) { return n == 0 ? "" : " +" + std::to_string(n) + ' ' + name; }

std::string text_of(const mqtt::open_transport& e) {
    return "open " + std::to_string(e.server) + (e.instead.empty() ? "" : " instead " + e.instead);
}
std::string text_of(const mqtt::close_transport&) { return "close"; }
std::string text_of(const mqtt::save& e) {
    std::string text = "save " + std::to_string(static_cast<std::uint64_t>(e.position)) + (e.barrier ? " barrier" : " lazy");
    if (e.session) text += " record " + e.session->client_id + '@' + e.session->broker + '#' + std::to_string(e.session->epoch);
    if (e.lane) text += ' ' + in_words(*e.lane);
    // A new session holds nothing: that needs no words.
    if (e.held && !(e.session && e.held->empty())) {
        text += " held";
        for (const auto each : *e.held) text += ' ' + id(each);
        if (e.held->empty()) text += " none";
    }
    return text + count(e.acknowledged, "acknowledged") + count(e.refused, "refused") + count(e.lost, "lost") +
           count(e.expired, "expired");
}
std::string text_of(const mqtt::received& e) {
    return "received q" + std::to_string(static_cast<int>(e.qos)) + (e.retain ? " retain" : "") + " '" + std::string(e.topic) +
           "' '" + std::string(e.payload) + "'" + in_words(e.properties);
}
std::string text_of(const mqtt::subscribed& e) {
    return "subscribed '" + e.filter + "'" + hex(e.reason) + in_words(e.properties);
}
std::string text_of(const mqtt::unsubscribed& e) {
    return "unsubscribed '" + e.filter + "'" + hex(e.reason) + in_words(e.properties);
}
std::string text_of(const mqtt::unexpected_message& e) { return "unexpected '" + e.topic + "'"; }
std::string text_of(const mqtt::qos_lowered& e) { return "qos lowered to " + std::to_string(static_cast<int>(e.to)); }
std::string text_of(const mqtt::redirected& e) {
    return std::string("redirected") + (e.permanent ? " for good" : "") + " to '" + e.to + "'" + (e.followed ? "" : " in vain");
}
std::string text_of(const mqtt::reauthenticated&) { return "reauthenticated"; }
std::string text_of(const mqtt::online& e) {
    return std::string("online ") + (e.session_present ? "resumed" : "new") + " epoch " + std::to_string(e.epoch) + " server " +
           std::to_string(e.server);
}
std::string text_of(const mqtt::offline& e) { return "offline: " + e.reason; }
std::string text_of(const mqtt::session_lost& e) {
    return "session lost" + count(e.resent, "resent") + count(e.dropped, "dropped") + " epoch " + std::to_string(e.epoch);
}
std::string text_of(const mqtt::message_refused& e) {
    return "refused " + std::to_string(number(e.sequence)) + hex(static_cast<mqtt::reason>(e.reason_code)) + ": " + e.reason;
}
std::string text_of(const mqtt::unlogged_lost& e) { return "unlogged lost " + std::to_string(e.count); }

/// Without what is as usual: QoS 1, retained.
std::string text_of(const mqtt::will& w) {
    const std::string level = w.qos == mqtt::qos::at_least_once ? "" : " q" + std::to_string(static_cast<int>(w.qos));
    return " will" + level + (w.retain ? "" : " passing") + " '" + w.topic + "' '" + w.payload + "'";
}
std::string text_of(const mqtt::connect& p) {
    std::string text = "CONNECT " + p.client_id + (p.clean_start ? " clean" : "") + " keepalive " + std::to_string(p.keep_alive);
    if (p.username) text += " user " + *p.username;
    if (p.password) text += " password " + *p.password;
    if (p.will) text += text_of(*p.will) + in_words(p.will_properties);
    if (p.properties.session_expiry_interval) text += " expiry " + std::to_string(*p.properties.session_expiry_interval);
    if (p.properties.receive_maximum) text += " receive " + std::to_string(*p.properties.receive_maximum);
    if (p.properties.maximum_packet_size) text += " packet " + std::to_string(*p.properties.maximum_packet_size);
    if (p.properties.topic_alias_maximum) text += " aliases " + std::to_string(*p.properties.topic_alias_maximum);
    if (p.properties.request_problem_information)
        text += " problems " + std::to_string(*p.properties.request_problem_information);
    if (p.properties.request_response_information)
        text += " responses " + std::to_string(*p.properties.request_response_information);
    if (p.properties.authentication_method) text += " method " + *p.properties.authentication_method;
    if (p.properties.authentication_data) text += " data '" + *p.properties.authentication_data + "'";
    return text;
}
std::string text_of(const mqtt::publish& p) {
    std::string text = "PUBLISH";
    if (p.qos != mqtt::qos::at_most_once) text += ' ' + id(p.id);
    text += " q" + std::to_string(static_cast<int>(p.qos)) + (p.dup ? " dup" : "") + (p.retain ? " retain" : "");
    text += " '" + p.topic + "' '" + p.payload + "'";
    return text + in_words(p.properties);
}
std::string text_of(const mqtt::puback& p) { return "PUBACK " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pubrec& p) { return "PUBREC " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pubrel& p) { return "PUBREL " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pubcomp& p) { return "PUBCOMP " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pingreq&) { return "PINGREQ"; }
/// Without its reason string: that is for the broker's people, and stands in `offline` as well.
std::string text_of(const mqtt::disconnect& p) {
    mqtt::property_set rest = p.properties;
    rest.reason_string.reset();
    return "DISCONNECT" + hex(p.reason) + in_words(rest);
}
std::string text_of(const mqtt::subscribe& p) {
    std::string text = "SUBSCRIBE " + id(p.id);
    for (const auto& s : p.subscriptions) {
        text += " '" + s.filter + "' q" + std::to_string(static_cast<int>(s.qos)) + (s.no_local ? " no-local" : "");
        text += s.retain_as_published ? " as-published" : "";
        if (s.retain_handling != mqtt::retain_handling::send)
            text += " retain-handling " + std::to_string(static_cast<int>(s.retain_handling));
    }
    return text + in_words(p.properties);
}
std::string text_of(const mqtt::unsubscribe& p) {
    std::string text = "UNSUBSCRIBE " + id(p.id);
    for (const auto& filter : p.filters) text += " '" + filter + "'";
    return text + in_words(p.properties);
}
std::string text_of(const mqtt::auth& p) { return "AUTH" + hex(p.reason) + in_words(p.properties); }
template <typename T>
std::string text_of(const T&) {
    return "another packet";
}

}  // namespace

std::string in_words(const mqtt::lane_state& what) {
    return "acked " + std::to_string(number(what.acked)) + " released " + std::to_string(number(what.released)) + " maybe " +
           std::to_string(number(what.maybe_sent)) + list("acked beyond", what.acked_beyond) +
           list("released beyond", what.released_beyond);
}

std::string in_words(const mqtt::property_set& what) {
    std::string text;
    if (what.will_delay_interval) text += " delay " + std::to_string(*what.will_delay_interval);
    if (what.message_expiry_interval) text += " expiry " + std::to_string(*what.message_expiry_interval);
    if (what.topic_alias) text += " alias " + std::to_string(*what.topic_alias);
    if (what.payload_format_indicator) text += " format " + std::to_string(*what.payload_format_indicator);
    if (what.content_type) text += " content " + *what.content_type;
    if (what.response_topic) text += " respond to " + *what.response_topic;
    if (what.correlation_data) text += " correlation " + *what.correlation_data;
    for (const auto each : what.subscription_identifiers) text += " identifier " + std::to_string(each);
    if (what.session_expiry_interval) text += " session expiry " + std::to_string(*what.session_expiry_interval);
    if (what.authentication_method) text += " method " + *what.authentication_method;
    if (what.authentication_data) text += " data '" + *what.authentication_data + "'";
    if (what.reason_string) text += " because '" + *what.reason_string + "'";
    for (const auto& [name, value] : what.user) text += ' ' + name + '=' + value;
    return text;
}

std::string in_words(const mqtt::effect& what) {
    return std::visit([](const auto& each) { return text_of(each); }, what);
}

std::string in_words(const mqtt::packet& what) {
    return std::visit([](const auto& each) { return text_of(each); }, what);
}

}  // namespace mqtt_test
