// gateway/http/state_text.cpp: see state_text.hpp.
#include "gateway/http/state_text.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"
#include "gateway/limits.hpp"
#include "store/age.hpp"

namespace gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Members of a JSON object, one after the other.
class object {
public:
    explicit object(std::string& to) : to_(to) { to_ += '{'; }
    ~object() { to_ += '}'; }
    object(const object&) = delete;
    object& operator=(const object&) = delete;

    std::string& key(std::string_view name) {
        if (!std::exchange(first_, false)) to_ += ',';
        to_.append("\"").append(name).append("\":");
        return to_;
    }
    void text(std::string_view name, std::string_view what) { append_json_string(key(name), what); }
    void count(std::string_view name, std::uint64_t figure) { key(name) += std::to_string(figure); }
    void truth(std::string_view name, bool is) { key(name) += is ? "true" : "false"; }
    /// Three places behind the point: more is noise.
    void number(std::string_view name, double figure) {
        append_json(key(name), gateway::value{std::round(figure * 1000) / 1000});
    }
    void moment(std::string_view name, std::optional<std::int64_t> unix_ms) {
        if (unix_ms)
            append_json_string(key(name), format_timestamp(*unix_ms));
        else
            key(name) += "null";
    }

private:
    std::string& to_;
    bool first_ = true;
};

template <typename Items, typename Each>
void append_array(std::string& to, const Items& items, Each each) {
    to += '[';
    bool first = true;
    for (const auto& item : items) {
        if (!std::exchange(first, false)) to += ',';
        each(item);
    }
    to += ']';
}

std::int64_t wall_ms(const live& of, const store::stamp& at) { return store::corrected(at, of.boot_offset_ms()).wall_ms; }

/// A moment of the steady clock, by the clock of now.
std::int64_t wall_ms(const live& of, time_point at, const view_time& now) {
    return wall_ms(of, now.clock) - duration_cast<milliseconds>(now.steady - at).count();
}

std::string_view name_of_state(device_state what) {
    if (what == device_state::online) return "online";
    return what == device_state::offline ? "offline" : "unknown";
}

void append_gateway(std::string& to, const live& of, std::string_view version, const view_time& now) {
    object json(to);
    json.text("id", of.config().gateway_id);
    json.text("version", version);
    json.moment("started", wall_ms(of, of.started_at()));
    json.count("uptime_s", static_cast<std::uint64_t>(duration_cast<std::chrono::seconds>(now.steady - of.started()).count()));
    const bool trusted = of.config().clock == config::clock_trust::trusted;
    json.text("clock", trusted ? "trusted" : now.clock.synchronised ? "synchronised" : "unsynchronised");
    json.moment("now", wall_ms(of, now.clock));
    json.truth("writes", of.config().writes && of.config().http && of.config().http->writes);
}

void append_source(std::string& to, const live& of) {
    const auto& source = of.config_source();
    object json(to);
    json.text("path", source.path);
    json.moment("loaded", wall_ms(of, source.loaded));
    append_array(json.key("warnings"), source.warnings, [&](const auto& each) {
        object warning(to);
        if (!each.file.empty()) warning.text("file", each.file);
        warning.count("line", each.line);
        warning.count("column", each.column);
        warning.text("message", each.message);
    });
    if (source.reload_error.empty())
        json.key("reload_error") += "null";
    else
        json.text("reload_error", source.reload_error);
}

void append_exchanges(object& json, const exchange_counts& of) {
    json.count("requests", of.requests);
    json.count("answers", of.answers);
    json.count("exceptions", of.exceptions);
    json.count("time_outs", of.timeouts);
    json.count("damaged", of.damaged);
    json.count("unreachable", of.unreachable);
}

void append_point(std::string& to, const live& of, const config::point& what, const live::point& point,
                  const live::device& device, const view_time& now) {
    object json(to);
    json.text("name", what.name);
    json.text("unit", what.unit);
    append_json(json.key("value"), point.value);
    json.moment("ts", point.readings == 0 ? std::nullopt : std::optional(wall_ms(of, point.taken)));
    json.key("age_ms") +=
        point.readings == 0 ? "null" : std::to_string(duration_cast<milliseconds>(now.steady - point.taken_steady).count());
    json.text("quality", name_of(quality_of(point, device, what.every, now.steady)));
    json.truth("writable", of.config().writes && what.writable.has_value());
    json.key("every_ms") += std::to_string(duration_cast<milliseconds>(what.every).count());
}

void append_device(std::string& to, const live& of, std::size_t bus, std::size_t index, const view_time& now,
                   with_points points) {
    const auto& what = of.config().buses[bus].devices[index];
    const auto& device = of.buses()[bus].devices[index];
    const auto& statistics = of.buses()[bus].statistics;
    object json(to);
    json.text("name", what.name);
    json.text("state", name_of_state(device.state));
    json.moment("since", device.state == device_state::unknown ? std::nullopt : std::optional(wall_ms(of, device.since)));
    json.text("error", device.error);
    json.truth("overdue", device.overdue);
    json.count("implausible", device.implausible);
    const bool measured = statistics && index < statistics->devices.size();
    if (measured && statistics->devices[index].turnaround)
        json.number("turnaround_ms", static_cast<double>(statistics->devices[index].turnaround->count()) / 1e6);
    else
        json.key("turnaround_ms") += "null";
    json.count("missed_cycles", measured ? statistics->devices[index].missed_cycles : 0);
    if (points == with_points::no) return;
    json.key("points") += '[';
    for (std::size_t i = 0; i < what.points.size(); ++i) {
        if (i > 0) to += ',';
        append_point(to, of, what.points[i], device.points[i], device, now);
    }
    to += ']';
}

void append_bus(std::string& to, const live& of, std::size_t index, const view_time& now, with_points points) {
    const auto& what = of.config().buses[index];
    const auto& bus = of.buses()[index];
    const bus_statistics none;
    const auto& figures = bus.statistics ? *bus.statistics : none;
    object json(to);
    json.text("name", what.name);
    json.text("adapter", what.adapter);
    json.text("where", place_of(what));
    json.truth("measured", bus.statistics.has_value());
    json.truth("down", figures.down);
    json.number("load", figures.load);
    json.number("busy", figures.busy);
    json.number("requests_per_second", figures.requests_per_second);
    json.number("sweep_ms", static_cast<double>(figures.sweep.count()) / 1e6);
    json.count("missed_cycles", std::max(bus.missed_cycles, figures.missed_cycles));
    append_exchanges(json, figures.exchanges);
    json.key("devices") += '[';
    for (std::size_t i = 0; i < what.devices.size(); ++i) {
        if (i > 0) to += ',';
        append_device(to, of, index, i, now, points);
    }
    to += ']';
}

void append_drops(object& json, const store::ledger& of) {
    json.count("oldest", of.dropped_oldest);
    json.count("newest", of.dropped_newest);
    json.count("refused", of.dropped_refused);
    json.count("session", of.dropped_session);
    json.count("expired", of.dropped_expired);
    json.count("aged", of.dropped_aged);
    json.count("thinned", of.dropped_thinned);
    json.count("damaged", of.dropped_damaged);
    json.count("purged", of.dropped_purged);
    json.count("unwritten", of.dropped_unwritten);
}

void append_queue(std::string& to, const live& of) {
    const auto& queue = of.log();
    object json(to);
    json.count("messages", queue.ledger.queued);
    json.count("bytes", queue.bytes_used);
    json.count("max_bytes", of.config().buffer.max_bytes);
    json.moment("oldest", queue.ledger.queued > 0 ? queue.oldest_ms : std::nullopt);
    json.count("accepted", queue.ledger.accepted);
    json.count("acknowledged", queue.ledger.acknowledged);
    json.count("dropped", queue.ledger.dropped());
    json.key("dropped_by");
    {
        object drops(to);
        append_drops(drops, queue.ledger);
    }
    json.truth("balanced", queue.ledger.balanced());
    json.count("dead_letters", queue.dead_letters.messages);
    json.count("inbox", queue.inbox.messages);
    json.truth("disk_full", queue.disk_full);
    json.count("bytes_written", queue.written.bytes);
}

void append_destination(std::string& to, const live& of, const view_time& now) {
    const auto& broker = of.destination();
    object json(to);
    json.text("name", of.config().mqtt.name);
    json.text("url", url_of(of));
    json.text("state", broker.online ? "online" : "offline");
    json.moment("since", wall_ms(of, broker.since, now));
    json.text("reason", broker.online ? "" : broker.offline_reason);
    json.truth("session_present", broker.session_present);
    json.count("connections", broker.connections);
    json.count("sessions_lost", broker.sessions_lost);
    json.count("refused", broker.refused);
}

void append_alarms(std::string& to, const live& of) {
    append_array(to, alarms_in(of), [&](const told_alarm& each) {
        object json(to);
        json.text("name", each.name);
        json.truth("on", each.on);
        json.text("since", each.since);
        json.count("count", each.count);
        json.text("reason", each.reason);
    });
}

void append_value(std::string& to, const live& of, std::size_t bus, std::size_t device, std::size_t point, time_point now) {
    const auto& has = of.buses()[bus].devices[device];
    const auto& what = has.points[point];
    to += '[' + std::to_string(bus) + ',' + std::to_string(device) + ',' + std::to_string(point) + ',';
    append_json(to, what.value);
    to += ',';
    if (what.readings == 0)
        to += "null";
    else
        append_json_string(to, format_timestamp(wall_ms(of, what.taken)));
    to.append(",\"")
        .append(name_of(quality_of(what, has, of.config().buses[bus].devices[device].points[point].every, now)))
        .append("\"]");
}

template <typename Call>
void for_each_point(const live& of, Call call) {
    for (std::size_t bus = 0; bus < of.buses().size(); ++bus)
        for (std::size_t device = 0; device < of.buses()[bus].devices.size(); ++device)
            for (std::size_t point = 0; point < of.buses()[bus].devices[device].points.size(); ++point) call(bus, device, point);
}

std::string begin_values(const live& of, const view_time& now) {
    return R"({"now":")" + format_timestamp(wall_ms(of, now.clock)) + R"(","points":[)";
}

}  // namespace

std::string state_text(const live& of, std::string_view version, const view_time& now, with_points points) {
    std::string text;
    {
        object json(text);
        append_gateway(json.key("gateway"), of, version, now);
        append_source(json.key("config"), of);
        json.key("buses") += '[';
        for (std::size_t i = 0; i < of.buses().size(); ++i) {
            if (i > 0) text += ',';
            append_bus(text, of, i, now, points);
        }
        text += ']';
        append_queue(json.key("queue"), of);
        json.key("destinations") += '[';
        append_destination(text, of, now);
        text += ']';
        append_alarms(json.key("alarms"), of);
    }
    return text;
}

std::string essence_text(const live& of) {
    std::string text;
    for (const auto& bus : of.buses()) {
        text += bus.statistics && bus.statistics->down ? 'd' : 'u';
        for (const auto& device : bus.devices) {
            text += static_cast<char>('0' + static_cast<int>(device.state));
            text += device.overdue ? '!' : '.';
            text += device.error;
        }
    }
    text += of.destination().online ? 'o' : 'x';
    text += std::to_string(of.destination().connections) + of.destination().offline_reason;
    for (const auto& alarm : alarms_in(of)) text += alarm.name + (alarm.on ? '1' : '0') + alarm.reason;
    return text + of.config_source().reload_error + (of.log().disk_full ? 'f' : 'r');
}

std::string_view name_of(quality what) {
    constexpr std::string_view names[] = {"none", "good", "stale", "offline"};
    return names[static_cast<std::size_t>(what)];
}

quality quality_of(const live::point& point, const live::device& device, std::chrono::nanoseconds period, time_point now) {
    if (point.readings == 0) return quality::none;
    if (device.state == device_state::offline) return quality::offline;
    const std::chrono::nanoseconds patience = std::max<std::chrono::nanoseconds>(3 * period, limits::fresh_reading);
    return now - point.taken_steady > patience ? quality::stale : quality::good;
}

std::string told_points::all(const live& of, const view_time& now) const {
    std::string text = begin_values(of, now);
    const auto before = text.size();
    for_each_point(of, [&](std::size_t bus, std::size_t device, std::size_t point) {
        if (text.size() > before) text += ',';
        append_value(text, of, bus, device, point, now.steady);
    });
    return text += "]}";
}

std::string told_points::changes(const live& of, const view_time& now) {
    if (told_.empty()) begin(of, now);
    std::string text = begin_values(of, now);
    const auto before = text.size();
    std::size_t index = 0;
    for_each_point(of, [&](std::size_t bus, std::size_t device, std::size_t point) {
        const auto& has = of.buses()[bus].devices[device];
        const auto period = of.config().buses[bus].devices[device].points[point].every;
        const told is{has.points[point].readings, quality_of(has.points[point], has, period, now.steady)};
        if (std::exchange(told_[index++], is) == is) return;
        if (text.size() > before) text += ',';
        append_value(text, of, bus, device, point, now.steady);
    });
    return text.size() == before ? std::string() : text += "]}";
}

void told_points::begin(const live& of, const view_time& now) {
    told_.clear();
    for_each_point(of, [&](std::size_t bus, std::size_t device, std::size_t point) {
        const auto& has = of.buses()[bus].devices[device];
        const auto period = of.config().buses[bus].devices[device].points[point].every;
        told_.push_back({has.points[point].readings, quality_of(has.points[point], has, period, now.steady)});
    });
}

std::string place_of(const config::bus& bus) {
    std::string host, port;
    for (const auto& each : bus.settings) {
        const auto name = each.path.substr(each.path.rfind('.') + 1);
        if (name == "host") host = each.text;
        if (name == "port") port = each.text;
    }
    if (host.empty()) return port;
    const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port.empty() ? shown : shown + ":" + port;
}

std::string url_of(const live& of) {
    constexpr std::string_view names[] = {"mqtt", "mqtts", "ws", "wss"};
    const auto& servers = of.config().mqtt.servers;
    if (servers.empty()) return {};
    const auto& server = servers[std::min(of.destination().server, servers.size() - 1)];
    const bool v6 = server.host.find(':') != std::string::npos;
    return std::string(names[static_cast<std::size_t>(server.scheme)]) + "://" + (v6 ? "[" + server.host + "]" : server.host) +
           ":" + std::to_string(server.port);
}

std::vector<told_alarm> alarms_in(const live& of) {
    constexpr std::size_t most_members = 8;
    std::vector<told_alarm> found;
    const std::string prefix = "tidegate/" + of.config().gateway_id + "/alarm/";
    for (auto it = of.statuses().lower_bound(prefix); it != of.statuses().end() && it->first.starts_with(prefix); ++it) {
        const auto told = read_flat_object(it->second, most_members);
        if (!told) continue;
        const auto text = [&](std::string_view name) {
            const auto* is = told->find(name);
            const auto* as_text = is ? std::get_if<std::string>(is) : nullptr;
            return as_text ? *as_text : std::string();
        };
        told_alarm one{it->first.substr(prefix.size()), text("state") == "on", text("since"), 0, text("reason")};
        if (const auto* count = told->find("count"))
            if (const auto* number = std::get_if<std::int64_t>(count)) one.count = static_cast<std::uint64_t>(*number);
        found.push_back(std::move(one));
    }
    return found;
}

}  // namespace gateway
