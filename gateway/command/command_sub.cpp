// gateway/command/command_sub.cpp: `tidegate sub`: prints what comes under some topic filters, a line for each message, until it
// is interrupted, has seen enough, or --timeout has passed. Not here: the connection (broker_link.hpp).
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "config/units.hpp"
#include "gateway/clock.hpp"
#include "gateway/command/commands.hpp"
#include "gateway/command/message_text.hpp"
#include "gateway/delivery/broker_link.hpp"
#include "gateway/delivery/payload.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/digest.hpp"
#include "mqtt/topic.hpp"

namespace gateway {
namespace {

constexpr std::int64_t largest_of_mqtt = (256 << 20) + 4;  // bytes of a packet

/// One line: {"ts":…,"topic":…,"payload":…,"qos":…}, with "payload_base64" for what is no text and "number" for what a state
/// file keeps.
std::string as_json(const mqtt::received& what, std::int64_t number) {
    const mqtt::property_set& p = what.properties;
    std::string line = "{\"ts\":\"" + format_timestamp(stamp_now().wall_ms) + '"';
    append_field(line, "topic", what.topic);
    append_bytes(line, "payload", what.payload);
    append_number(line, "qos", static_cast<unsigned>(what.qos));
    line += what.retain ? ",\"retain\":true" : ",\"retain\":false";
    if (number != 0) append_number(line, "number", static_cast<std::uint64_t>(number));
    if (what.dup) line += ",\"dup\":true";
    if (p.payload_format_indicator) append_number(line, "payload_format", *p.payload_format_indicator);
    if (p.message_expiry_interval) append_number(line, "expiry", *p.message_expiry_interval);
    if (p.content_type) append_field(line, "content_type", *p.content_type);
    if (p.response_topic) append_field(line, "response_topic", *p.response_topic);
    if (p.correlation_data) append_bytes(line, "correlation_data", *p.correlation_data);
    if (!p.subscription_identifiers.empty()) {
        line += ",\"subscription_identifiers\":[";
        for (const auto each : p.subscription_identifiers) line += std::to_string(each) + ',';
        line.back() = ']';
    }
    if (!p.user.empty()) {
        line += ",\"properties\":[";
        for (const auto& [name, value] : p.user) {
            line += '[';
            append_json_string(line, name);
            line += ',';
            append_json_string(line, value);
            line += "],";
        }
        line.back() = ']';
    }
    return line += '}';
}

class subscriber {
public:
    subscriber(broker_settings how, const sub_options& typed)
        : typed_(typed),
          on_terminal_(::isatty(STDOUT_FILENO) != 0),
          link_(std::move(how), "tidegate sub",
                {[this](const mqtt::effect& what) { on_effect(what); },
                 [this](const mqtt::received& what, std::int64_t number) { return on_message(what, number); }, [] {},
                 [this] { return typed_.count == 0 || seen_ >= typed_.count ? 0 : 1; }, [this] { return timed_out(); }}) {}

    int run() {
        std::vector<mqtt::subscription> wanted;
        for (const std::string& filter : typed_.filters) {
            mqtt::subscription one;
            one.filter = filter;
            one.qos = static_cast<mqtt::qos>(typed_.qos);
            one.no_local = typed_.no_local;
            one.retain_as_published = typed_.retain_as_published;
            one.retain_handling = static_cast<mqtt::retain_handling>(typed_.retain_handling);
            wanted.push_back(std::move(one));
        }
        mqtt::property_set properties;
        if (typed_.identifier != 0) properties.subscription_identifiers = {typed_.identifier};
        link_.session().subscribe(std::move(wanted), std::move(properties), command_now());
        return link_.run(broker_link::when_lost::connect_again);
    }

private:
    void on_effect(const mqtt::effect& what) {
        if (const auto* const answer = std::get_if<mqtt::subscribed>(&what)) on_answer(*answer);
    }

    bool on_message(const mqtt::received& what, std::int64_t number) {
        if (typed_.no_retained && what.retain) return true;
        if (!print(what, number)) {
            link_.leave(1);  // the reader is gone
            return false;
        }
        ++seen_;
        if (typed_.count != 0 && seen_ >= typed_.count) link_.leave(0);
        return true;
    }

    bool print(const mqtt::received& what, std::int64_t number) {
        std::string line;
        if (typed_.json) {
            line = as_json(what, number);
        } else {
            const auto shown = [this](std::string_view text) { return on_terminal_ ? for_terminal(text) : std::string(text); };
            if (!typed_.payload_only) line = shown(what.topic) + ' ';
            line += shown(what.payload);
        }
        line += '\n';
        // Each line at once: who reads them from a pipe wants them as they come.
        return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
    }

    void on_answer(const mqtt::subscribed& what) {
        const auto granted = static_cast<int>(what.reason);
        if (mqtt::is_error(what.reason)) {
            const std::string why = what.properties.reason_string ? " (" + *what.properties.reason_string + ")" : "";
            link_.say("'" + what.filter + "' is refused: " + std::string(mqtt::phrase(what.reason)) + why);
            return link_.leave(1);
        }
        if (granted < typed_.qos) link_.say("'" + what.filter + "' is granted with QoS " + std::to_string(granted) + " only");
    }

    int timed_out() {
        if (typed_.count == 0) return 0;
        link_.say("--timeout has passed after " + std::to_string(seen_) + " of " + std::to_string(typed_.count) + " messages");
        return 1;
    }

    const sub_options& typed_;
    const bool on_terminal_;
    std::uint64_t seen_ = 0;
    broker_link link_;
};

/// Of options that don't go together; empty: none.
std::string fault_in(const sub_options& typed) {
    const bool of_5 = typed.no_local || typed.retain_as_published || typed.retain_handling != 0 || typed.identifier != 0;
    if (of_5 && typed.broker.version != "5")
        return "--no-local, --retain-as-published, --retain-handling and --identifier need MQTT 5: leave out --mqtt";
    for (const std::string& filter : typed.filters) {
        if (typed.no_local && mqtt::is_shared_subscription(filter))
            return "'" + filter + "' is shared, which --no-local can't be used with";
    }
    return "";
}

}  // namespace

int sub_command(const sub_options& typed) {
    for (const std::string& filter : typed.filters) {
        if (mqtt::is_valid_topic_filter(filter)) continue;
        std::fprintf(stderr, "tidegate sub: '%s' is no topic filter: + stands for a whole level, # for all below, at the end\n",
                     filter.c_str());
        return 2;
    }
    if (const auto fault = fault_in(typed); !fault.empty()) {
        std::fprintf(stderr, "tidegate sub: %s\n", fault.c_str());
        return 2;
    }
    auto how = settings_of(typed.broker, "sub");
    if (!how) {
        std::fprintf(stderr, "tidegate sub: %s\n", how.error().message().c_str());
        return 2;
    }
    const auto largest = config::parse_size(typed.largest);
    if (!largest.value || *largest.value < 1) {
        const std::string why = largest.value ? "must be at least 1 byte" : largest.problem;
        std::fprintf(stderr, "tidegate sub: --largest: %s\n", why.c_str());
        return 2;
    }
    how->session.largest_packet_in = static_cast<std::uint32_t>(std::min(*largest.value, largest_of_mqtt));
    return subscriber(std::move(*how), typed).run();
}

}  // namespace gateway
