// config/check.cpp: finds points of different devices, or with different rules, that share a topic.
#include "config/check.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "config/topic.hpp"
#include "config/units.hpp"

namespace config {
namespace {

std::string on_line(position where) { return "line " + std::to_string(where.line) + (where.file > 0 ? " of its template" : ""); }
std::string key_of(position where) {
    return std::to_string(where.file) + ' ' + std::to_string(where.line) + ' ' + std::to_string(where.column);
}

place name_of(const device& one) { return {one.where, count_characters(one.name)}; }
place name_of(const point& one) { return {one.where, count_characters(one.name)}; }

std::string name(payload_format format) { return format == payload_format::raw ? "raw" : "json"; }
std::string name(publish_mode mode) { return mode == publish_mode::on_change ? "on_change" : "every_poll"; }
std::string name(idempotency_key key) {
    if (key == idempotency_key::none) return "none";
    return key == idempotency_key::json ? "json" : "property";
}
std::string name(bool yes) { return yes ? "true" : "false"; }

class topic_checker {
public:
    topic_checker(const file& all, findings& out) : file_(all), out_(out) {}

    void check() {
        for (const auto& bus : file_.buses)
            for (const auto& device : bus.devices)
                for (const auto& point : device.points) check(bus, device, point);
    }

private:
    struct user {
        const config::device* device = nullptr;
        const config::point* point = nullptr;
    };

    void check(const bus& bus, const device& device, const point& point);
    void check_field(const point& point);
    void check_shape(const std::string& topic, const point& point);
    void check_same_topic(const std::string& topic, const user& first, const user& second);
    void check_group(const std::string& topic, const point& first, const point& second);
    template <class T, class Name>
    void check_agreement(const char* key, const T& here, const T& there, Name name, const point& first, const point& second);
    bool once(const std::string& what) { return reported_.insert(what).second; }

    const file& file_;
    findings& out_;
    std::unordered_map<std::string, user> users_;  // the first of each topic
    std::unordered_set<std::string> reported_;
};

void topic_checker::check(const bus& bus, const device& device, const point& point) {
    out_.set_use(device.template_where);
    const auto& rules = *point.publish;
    const auto topic = expand(rules.topic, {file_.gateway_id, bus.name, device.name, point.name});
    check_shape(topic, point);
    if (!has_point(rules.topic) && rules.format == payload_format::json) check_field(point);
    const user now{&device, &point};
    const auto [first, fresh] = users_.emplace(topic, now);
    if (!fresh) check_same_topic(topic, first->second, now);
}

/// Of a message of several points, each under its name.
void topic_checker::check_field(const point& point) {
    const bool has_key = point.publish->key == idempotency_key::json;
    if (point.name != "ts" && !(point.name == "key" && has_key)) return;
    out_.error(name_of(point), "a point can't be named " + quoted(point.name) +
                                   " in a message of several points, as that is the " +
                                   (has_key && point.name == "key" ? "idempotency key's" : "time stamp's") + " name");
}

void topic_checker::check_shape(const std::string& topic, const point& point) {
    const place at{point.publish->topic_where.line > 0 ? point.publish->topic_where : point.where};
    if (topic.size() > longest_topic && once("length " + key_of(at.where)))
        out_.error(at, "the topic is " + std::to_string(topic.size()) + " bytes long; at most " + std::to_string(longest_topic));
    const auto reserved = "tidegate/" + file_.gateway_id + "/";
    if (!topic.starts_with(reserved)) return;
    const auto rest = std::string_view(topic).substr(reserved.size());
    if (rest == "status" || rest.starts_with("device/") || rest.starts_with("set/") || rest.starts_with("ack/"))
        out_.error(name_of(point), "the topic " + quoted(topic) + " is one that the gateway itself uses");
}

void topic_checker::check_same_topic(const std::string& topic, const user& first, const user& second) {
    if (first.device != second.device) {
        if (!once(topic + '\n' + second.device->name)) return;
        out_.error(name_of(*second.device), "device " + quoted(second.device->name) + " would publish to the topic " +
                                                quoted(topic) + ", as device " + quoted(first.device->name) + " (" +
                                                on_line(first.device->where) + ") does; add {device} to the topic");
        return;
    }
    if (!has_point(first.point->publish->topic) && !has_point(second.point->publish->topic))
        return check_group(topic, *first.point, *second.point);
    out_.error(name_of(*second.point), "points " + quoted(first.point->name) + " (" + on_line(first.point->where) + ") and " +
                                           quoted(second.point->name) + " would both publish to the topic " + quoted(topic));
}

void topic_checker::check_group(const std::string& topic, const point& first, const point& second) {
    const auto& here = *second.publish;
    const auto& there = *first.publish;
    check_agreement(
        "format", here.format, there.format, [](payload_format f) { return name(f); }, first, second);
    check_agreement(
        "qos", here.qos, there.qos, [](int qos) { return std::to_string(qos); }, first, second);
    check_agreement(
        "retain", here.retain, there.retain, [](bool retain) { return name(retain); }, first, second);
    check_agreement(
        "mode", here.mode, there.mode, [](publish_mode mode) { return name(mode); }, first, second);
    check_agreement("min_interval", here.min_interval, there.min_interval, show_duration, first, second);
    check_agreement("max_interval", here.max_interval, there.max_interval, show_duration, first, second);
    check_agreement("expiry", here.expiry, there.expiry, show_duration, first, second);
    check_agreement(
        "idempotency_key", here.key, there.key, [](idempotency_key key) { return name(key); }, first, second);
    if (here.format != payload_format::raw || there.format != payload_format::raw || !once(topic)) return;
    out_.error({here.topic_where.line > 0 ? here.topic_where : second.where},
               "'format: raw' holds a single value, but " + quoted(first.name) + " (" + on_line(first.where) + ") and " +
                   quoted(second.name) + " (" + on_line(second.where) + ") would share the topic " + quoted(topic) +
                   "; add {point} to it, or use 'format: json'");
}

template <class T, class Name>
void topic_checker::check_agreement(const char* key, const T& here, const T& there, Name name, const point& first,
                                    const point& second) {
    if (here == there) return;
    out_.error(name_of(second), quoted(second.name) + " shares its messages with " + quoted(first.name) + " (" +
                                    on_line(first.where) + "), so both need the same '" + key + "': here it is " + name(here) +
                                    ", there " + name(there));
}

}  // namespace

void check_idempotency_keys(const file& file, findings& out) {
    const auto problem = [&](const publish_rules& rules) -> std::string {
        if (rules.key == idempotency_key::property && file.mqtt.version == mqtt_version::v3_1_1)
            return "'idempotency_key: property' needs MQTT 5, and 'mqtt' has 'version: 3.1.1'; use 'json'";
        if (rules.key == idempotency_key::json && rules.format == payload_format::raw)
            return "'idempotency_key: json' has no place in 'format: raw'; use 'property', or 'format: json'";
        return {};
    };
    std::unordered_set<std::string> reported;  // places: of a default many points have the same
    for (const auto& bus : file.buses)
        for (const auto& device : bus.devices)
            for (const auto& point : device.points) {
                const auto where = point.publish->key_where;
                const auto what = problem(*point.publish);
                if (what.empty() || !reported.insert(key_of(where)).second) continue;
                out.set_use(device.template_where);
                out.error({where, name(point.publish->key).size()}, what);
            }
}

void check_durability(const file& file, findings& out) {
    if (file.buffer.durability == durability::always || file.mqtt.max_qos < 2) return;
    std::unordered_set<std::string> reported;  // places: of a default many points have the same
    for (const auto& bus : file.buses)
        for (const auto& device : bus.devices)
            for (const auto& point : device.points) {
                const auto where = point.publish->qos_where;
                if (point.publish->qos < 2) continue;
                if (!reported.insert(key_of(where)).second) continue;
                out.set_use(device.template_where);
                out.error({where, 1},
                          "'qos: 2' isn't possible with 'durability: on_outage' in 'buffer', which may forget what the broker "
                          "still holds; use 'qos: 1', or 'durability: always', or 'max_qos: 1' in 'mqtt'");
            }
}

void check_topics(const file& file, findings& out) { topic_checker(file, out).check(); }

}  // namespace config
