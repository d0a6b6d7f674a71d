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

std::string count(std::uint64_t n, const char* name) { return n == 0 ? "" : " +" + std::to_string(n) + ' ' + name; }

std::string text_of(const mqtt::open_transport& e) { return "open " + std::to_string(e.server); }
std::string text_of(const mqtt::close_transport&) { return "close"; }
std::string text_of(const mqtt::save& e) {
    std::string text = "save " + std::to_string(static_cast<std::uint64_t>(e.position)) + (e.barrier ? " barrier" : " lazy");
    if (e.session) text += " record " + e.session->client_id + '@' + e.session->broker + '#' + std::to_string(e.session->epoch);
    if (e.lane) text += ' ' + in_words(*e.lane);
    return text + count(e.acknowledged, "acknowledged") + count(e.refused, "refused") + count(e.lost, "lost");
}
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

std::string id(mqtt::packet_id what) { return std::to_string(static_cast<unsigned>(what)); }

std::string text_of(const mqtt::connect& p) {
    std::string text = "CONNECT " + p.client_id + (p.clean_start ? " clean" : "") + " keepalive " + std::to_string(p.keep_alive);
    if (p.username) text += " user " + *p.username;
    if (p.password) text += " password " + *p.password;
    if (p.will) text += " will '" + p.will->topic + "' '" + p.will->payload + "'";
    if (p.properties.session_expiry_interval) text += " expiry " + std::to_string(*p.properties.session_expiry_interval);
    if (p.properties.receive_maximum) text += " receive " + std::to_string(*p.properties.receive_maximum);
    if (p.properties.maximum_packet_size) text += " packet " + std::to_string(*p.properties.maximum_packet_size);
    return text;
}
std::string text_of(const mqtt::publish& p) {
    std::string text = "PUBLISH";
    if (p.qos != mqtt::qos::at_most_once) text += ' ' + id(p.id);
    text += " q" + std::to_string(static_cast<int>(p.qos)) + (p.dup ? " dup" : "") + (p.retain ? " retain" : "");
    text += " '" + p.topic + "' '" + p.payload + "'";
    if (p.properties.message_expiry_interval) text += " expiry " + std::to_string(*p.properties.message_expiry_interval);
    for (const auto& [name, value] : p.properties.user) text += ' ' + name + '=' + value;
    return text;
}
std::string text_of(const mqtt::puback& p) { return "PUBACK " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pubrec& p) { return "PUBREC " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pubrel& p) { return "PUBREL " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pubcomp& p) { return "PUBCOMP " + id(p.id) + hex(p.reason); }
std::string text_of(const mqtt::pingreq&) { return "PINGREQ"; }
std::string text_of(const mqtt::disconnect& p) { return "DISCONNECT" + hex(p.reason); }
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

std::string in_words(const mqtt::effect& what) {
    return std::visit([](const auto& each) { return text_of(each); }, what);
}

std::string in_words(const mqtt::packet& what) {
    return std::visit([](const auto& each) { return text_of(each); }, what);
}

}  // namespace mqtt_test
