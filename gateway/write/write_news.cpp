// gateway/write/write_news.cpp: see write_news.hpp.
#include "gateway/write/write_news.hpp"

#include <array>

#include "gateway/delivery/payload.hpp"
#include "gateway/delivery/timestamps.hpp"
#include "gateway/flat_json.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/topic.hpp"

namespace gateway {
namespace {

constexpr std::size_t longest_shown = 300;  // of a phrase in the audit
constexpr std::size_t longest_lean = 40;    // … if the entry would be too long otherwise
constexpr std::size_t most_members = 32;    // of an entry

bool is_ok(const write_news& what) { return what.stage == write_stage::accepted || what.stage == write_stage::verified; }

void append_text(std::string& to, const char* name, std::string_view text) {
    if (text.empty()) return;
    to += std::string(",\"") + name + "\":";
    append_json_string(to, text);
}

void append_plain(std::string& to, const char* name, std::string_view json) {
    to += std::string(",\"") + name + "\":" + std::string(json);
}

/// Half a character at the end of a phrase that is cut off becomes U+FFFD.
std::string entry_of(const write_news& what, std::size_t longest) {
    const auto shortened = [&](std::string_view text) { return text.substr(0, longest); };
    std::string json = "{";
    append_timestamp(json, "ts", what.at);
    append_text(json, "who", shortened(what.who));
    append_text(json, "device", shortened(what.what.device));
    append_text(json, "point", shortened(points_of(what.what)));
    append_text(json, "id", what.what.id);
    // Of what wasn't sent nobody asks, and it may name anything.
    if (what.sent) append_text(json, "key", identity_of(what.what));
    const std::string values = value_json(what.what);
    if (what.old_value.size() <= 2 * longest) append_text(json, "old", what.old_value);
    if (values.size() <= 2 * longest) append_text(json, "value", values);
    append_text(json, "raw", shortened(what.raw));
    append_text(json, "stage", name_of(what.stage));
    append_plain(json, "ok", is_ok(what) ? "true" : "false");
    append_plain(json, "sent", what.sent ? "true" : "false");
    if (what.reason != write_reason::none) append_text(json, "reason", name_of(what.reason));
    append_text(json, "detail", shortened(what.detail));
    if (what.exception != 0) append_plain(json, "exception", std::to_string(what.exception));
    append_plain(json, "ms", std::to_string(what.ms));
    return json += '}';
}

}  // namespace

std::string_view name_of(write_stage what) {
    constexpr std::array names{"rejected", "sent", "accepted", "verified", "timeout"};
    return names[static_cast<std::size_t>(what)];
}

std::string points_of(const write_request& what) {
    if (!what.point.empty()) return what.point;
    std::string all;
    for (const auto& [name, _] : what.values) all += (all.empty() ? "" : ",") + name;
    return all;
}

std::string value_json(const write_request& what) {
    if (what.values.empty()) return "";
    std::string json;
    if (!what.point.empty()) {
        append_json(json, what.values.front().second);
        return json;
    }
    for (const auto& [name, wanted] : what.values) {
        json += json.empty() ? '{' : ',';
        append_json_string(json, name);
        json += ':';
        append_json(json, wanted);
    }
    return json += '}';
}

std::string answer_topic(std::string_view gateway_id, const write_news& what) {
    const std::string own = "tidegate/" + std::string(gateway_id) + "/";
    // An answer that is a command again would go round for ever.
    const bool usable = !what.response_topic.empty() && !what.response_topic.starts_with(own + "set/") &&
                        what.response_topic.front() != '$' && mqtt::is_valid_topic_name(what.response_topic);
    if (usable) return what.response_topic;
    return own + "ack/" + what.what.device + (what.what.point.empty() ? "" : "/" + what.what.point);
}

std::string answer_payload(const write_news& what) {
    std::string json = "{";
    if (!what.what.id.empty()) {
        json += "\"id\":";
        append_json_string(json, what.what.id);
        json += ',';
    }
    json += "\"stage\":\"" + std::string(name_of(what.stage)) + "\",\"ok\":" + (is_ok(what) ? "true" : "false") +
            ",\"final\":" + (what.is_final ? "true" : "false");
    if (what.reason != write_reason::none) append_text(json, "reason", name_of(what.reason));
    append_text(json, "detail", what.detail);
    if (what.exception != 0) append_plain(json, "exception", std::to_string(what.exception));
    append_text(json, "raw", what.raw);
    if (!what.what.values.empty()) append_plain(json, "value", value_json(what.what));
    append_plain(json, "ms", std::to_string(what.ms));
    return json += '}';
}

store::message answer(std::string_view gateway_id, const write_news& what) {
    store::message made;
    made.topic = answer_topic(gateway_id, what);
    made.payload = answer_payload(what);
    made.qos = 1;
    made.taken = what.at;
    if (what.response_topic.empty()) return made;
    mqtt::property_set properties;
    if (!what.correlation_data.empty()) properties.correlation_data = what.correlation_data;
    properties.user.emplace_back("status", name_of(what.stage));
    made.properties = mqtt::encode_message_properties(properties).value_or("");
    return made;
}

std::string audit_entry_of(const write_news& what) {
    std::string entry = entry_of(what, longest_shown);
    if (entry.size() > store::longest_audit_entry) entry = entry_of(what, longest_lean);
    return entry;
}

std::string identity_of(const write_request& what) {
    if (what.id.empty()) return "";
    return what.device.substr(0, 256) + '/' + what.point.substr(0, 256) + '#' + what.id;
}

std::string identity_in(std::string_view audit_entry) {
    const auto entry = read_flat_object(audit_entry, most_members);
    if (!entry) return "";
    const auto* sent = entry->find("sent");
    const auto* key = entry->find("key");
    if (sent == nullptr || *sent != value{true} || key == nullptr || !std::holds_alternative<std::string>(*key)) return "";
    return std::get<std::string>(*key);
}

}  // namespace gateway
