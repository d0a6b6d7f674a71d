// gateway/http/metrics_text.cpp: see metrics_text.hpp.
#include "gateway/http/metrics_text.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "store/age.hpp"

namespace gateway {
namespace {

using kind = metrics_writer::kind;

double seconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }
double truth(bool is) { return is ? 1 : 0; }

struct exchange_result {
    const char* name;
    std::uint64_t exchange_counts::*count;
};
constexpr exchange_result results[] = {{"answered", &exchange_counts::answers},
                                       {"exception", &exchange_counts::exceptions},
                                       {"timed_out", &exchange_counts::timeouts},
                                       {"damaged", &exchange_counts::damaged},
                                       {"unreachable", &exchange_counts::unreachable}};

void write_gateway(metrics_writer& to, const live& of, std::string_view version, const view_time& now) {
    to.metric("tidegate_build_info", kind::gauge, "The version that runs; always 1.")
        .sample(1.0, metrics_writer::label("version", version) + ',' + metrics_writer::label("gateway", of.config().gateway_id));
    to.metric("tidegate_uptime_seconds", kind::gauge, "Since the process began to work, by a clock that nobody sets.")
        .sample(seconds(now.steady - of.started()));
    to.metric("tidegate_clock_synchronised", kind::gauge, "Whether the board's clock is known to be right.")
        .sample(truth(now.clock.synchronised));
    const auto& source = of.config_source();
    to.metric("tidegate_config_warnings", kind::gauge, "Warnings about the config file that runs.")
        .sample(std::uint64_t{source.warnings.size()});
    to.metric("tidegate_config_reload_failed", kind::gauge, "Whether the last attempt to load the config file anew failed.")
        .sample(truth(!source.reload_error.empty()));
    to.metric("tidegate_config_reloads_total", kind::counter, "How often the config file was loaded anew.")
        .sample(source.generation);
}

struct drop {
    const char* reason;
    std::uint64_t store::ledger::*count;
};
constexpr drop drops[] = {{"oldest", &store::ledger::dropped_oldest},   {"newest", &store::ledger::dropped_newest},
                          {"refused", &store::ledger::dropped_refused}, {"session", &store::ledger::dropped_session},
                          {"expired", &store::ledger::dropped_expired}, {"aged", &store::ledger::dropped_aged},
                          {"thinned", &store::ledger::dropped_thinned}, {"damaged", &store::ledger::dropped_damaged},
                          {"purged", &store::ledger::dropped_purged},   {"unwritten", &store::ledger::dropped_unwritten}};

void write_ledger(metrics_writer& to, const store::ledger& ledger) {
    to.metric("tidegate_messages_accepted_total", kind::counter,
              "Messages that were made durable; over the life of the queue file.")
        .sample(ledger.accepted);
    to.metric("tidegate_messages_acknowledged_total", kind::counter, "Of those, acknowledged by the broker.")
        .sample(ledger.acknowledged);
    to.metric("tidegate_messages_dropped_total", kind::counter,
              "Of those, dropped. accepted = acknowledged + queued + dropped, always.");
    for (const auto& each : drops) to.sample(ledger.*each.count, metrics_writer::label("reason", each.reason));
    to.metric("tidegate_queue_messages", kind::gauge, "Messages that wait for the broker.").sample(ledger.queued);
    to.metric("tidegate_ledger_balanced", kind::gauge, "Whether that sum comes out even.").sample(truth(ledger.balanced()));
}

void write_queue(metrics_writer& to, const live& of, const view_time& now) {
    const auto& queue = of.log();
    write_ledger(to, queue.ledger);
    to.metric("tidegate_queue_bytes", kind::gauge, "Of the queue file, used.").sample(queue.bytes_used);
    to.metric("tidegate_queue_max_bytes", kind::gauge, "Of the queue file, at most.").sample(of.config().buffer.max_bytes);
    if (queue.ledger.queued == 0 || queue.oldest_ms) {
        const auto now_ms = store::corrected(now.clock, of.boot_offset_ms()).wall_ms;
        const auto age_ms = queue.ledger.queued == 0 ? 0 : std::max<std::int64_t>(now_ms - *queue.oldest_ms, 0);
        to.metric(
              "tidegate_queue_oldest_seconds", kind::gauge,
              "How long the oldest message has waited, as of the last look, which is at most some seconds old; 0: none waits.")
            .sample(static_cast<double>(age_ms) / 1000);
    }
    to.metric("tidegate_queue_dead_letters", kind::gauge, "Messages that no broker would take, kept to be looked at.")
        .sample(queue.dead_letters.messages);
    to.metric("tidegate_queue_inbox_messages", kind::gauge, "Commands that came in and aren't handled yet.")
        .sample(queue.inbox.messages);
    to.metric("tidegate_queue_disk_full", kind::gauge, "Whether the device has no room for the queue file.")
        .sample(truth(queue.disk_full));
    to.metric("tidegate_queue_written_bytes_total", kind::counter,
              "Written to the device for the queue since the start; divide its rate by that of accepted messages.")
        .sample(queue.written.bytes);
    to.metric("tidegate_queue_syncs_total", kind::counter, "Waits for the device to have written, since the start.")
        .sample(queue.written.syncs);
}

void write_broker(metrics_writer& to, const live& of, const view_time& now) {
    const auto& broker = of.destination();
    const auto name = metrics_writer::label("destination", of.config().mqtt.name);
    to.metric("tidegate_broker_connected", kind::gauge, "Whether there is a connection.").sample(truth(broker.online), name);
    to.metric("tidegate_broker_state_seconds", kind::gauge, "How long that has been so.")
        .sample(seconds(now.steady - broker.since), name);
    to.metric("tidegate_broker_session_present", kind::gauge, "Whether the last connection found its session at the broker.")
        .sample(truth(broker.session_present), name);
    to.metric("tidegate_broker_connections_total", kind::counter, "Connections that were made, since the start.")
        .sample(broker.connections, name);
    to.metric("tidegate_broker_sessions_lost_total", kind::counter, "Sessions that the broker had lost.")
        .sample(broker.sessions_lost, name);
    to.metric("tidegate_broker_messages_refused_total", kind::counter, "Messages that the broker refused for good.")
        .sample(broker.refused, name);
}

void write_alarms(metrics_writer& to, const live& of) {
    const auto found = alarms_in(of);
    if (found.empty()) return;
    to.metric("tidegate_alarm", kind::gauge, "Whether an alarm is on; there once it has been on since the start.");
    for (const auto& each : found) to.sample(truth(each.on), metrics_writer::label("alarm", each.name));
    to.metric("tidegate_alarms_raised_total", kind::counter, "How often it was raised, since the start.");
    for (const auto& each : found) to.sample(each.count, metrics_writer::label("alarm", each.name));
}

/// Calls for each bus that has been measured.
template <typename Call>
void for_buses(const live& of, Call call) {
    for (std::size_t i = 0; i < of.buses().size(); ++i)
        if (of.buses()[i].statistics) call(*of.buses()[i].statistics, metrics_writer::label("bus", of.config().buses[i].name));
}

void write_buses(metrics_writer& to, const live& of) {
    const auto gauge = [&](std::string_view name, std::string_view help, auto figure) {
        to.metric(name, kind::gauge, help);
        for_buses(of, [&](const bus_statistics& is, const std::string& label) { to.sample(figure(is), label); });
    };
    gauge("tidegate_bus_up", "Whether its port or connection can be used.", [](const auto& is) { return truth(!is.down); });
    gauge("tidegate_bus_load_ratio",
          "Share of the bus that what has a period needs, by what it was measured to cost; above 1 it doesn't fit.",
          [](const auto& is) { return is.load; });
    gauge("tidegate_bus_busy_ratio", "Share of the last ten seconds that was spent on requests.",
          [](const auto& is) { return is.busy; });
    gauge("tidegate_bus_sweep_seconds", "Bus time to read everything once.", [](const auto& is) { return seconds(is.sweep); });
    to.metric("tidegate_bus_requests_total", kind::counter, "Requests by what became of them, since the start.");
    for_buses(of, [&](const bus_statistics& is, const std::string& label) {
        for (const auto& each : results)
            to.sample(is.exchanges.*each.count, label + ',' + metrics_writer::label("result", each.name));
    });
    to.metric("tidegate_bus_missed_cycles_total", kind::counter,
              "Readings that came due while earlier ones still waited: the interval isn't met.");
    for (std::size_t i = 0; i < of.buses().size(); ++i) {
        const auto& is = of.buses()[i];
        to.sample(std::max(is.missed_cycles, is.statistics ? is.statistics->missed_cycles : 0),
                  metrics_writer::label("bus", of.config().buses[i].name));
    }
}

class device_metrics {
public:
    device_metrics(metrics_writer& to, const live& of) : to_(to), of_(of) {}

    /// Calls with each device, its statistics or null, and its labels.
    template <typename Call>
    void each(Call call) {
        for (std::size_t bus = 0; bus < of_.buses().size(); ++bus) {
            const auto& is = of_.buses()[bus];
            for (std::size_t i = 0; i < is.devices.size(); ++i) {
                const bool measured = is.statistics && i < is.statistics->devices.size();
                call(is.devices[i], measured ? &is.statistics->devices[i] : nullptr,
                     metrics_writer::label("bus", of_.config().buses[bus].name) + ',' +
                         metrics_writer::label("device", of_.config().buses[bus].devices[i].name));
            }
        }
    }

    void write_states() {
        to_.metric("tidegate_device_online", kind::gauge, "Whether the device answers; 0 also before its first answer.");
        each([&](const auto& is, const auto*, const std::string& label) {
            to_.sample(truth(is.state == device_state::online), label);
        });
        to_.metric("tidegate_device_overdue", kind::gauge, "Whether readings of it are being missed: its interval isn't met.");
        each([&](const auto& is, const auto*, const std::string& label) { to_.sample(truth(is.overdue), label); });
        to_.metric("tidegate_device_implausible_readings_total", kind::counter,
                   "Readings that weren't believed, since the start.");
        each([&](const auto& is, const auto*, const std::string& label) { to_.sample(is.implausible, label); });
    }

    void write_ages(time_point now) {
        to_.metric("tidegate_device_last_reading_seconds", kind::gauge, "Age of its newest reading; not there before the first.");
        each([&](const live::device& is, const auto*, const std::string& label) {
            std::optional<time_point> newest;
            for (const auto& point : is.points)
                if (point.readings > 0) newest = newest ? std::max(*newest, point.taken_steady) : point.taken_steady;
            if (newest) to_.sample(seconds(now - *newest), label);
        });
    }

    void write_exchanges() {
        to_.metric("tidegate_device_turnaround_seconds", kind::gauge, "From request to answer, moving average.");
        each([&](const auto&, const auto* is, const std::string& label) {
            if (is && is->turnaround) to_.sample(seconds(*is->turnaround), label);
        });
        to_.metric("tidegate_device_missed_cycles_total", kind::counter, "As tidegate_bus_missed_cycles_total, of this device.");
        each([&](const auto&, const auto* is, const std::string& label) {
            if (is) to_.sample(is->missed_cycles, label);
        });
        to_.metric("tidegate_device_requests_total", kind::counter, "As tidegate_bus_requests_total, of this device.");
        each([&](const auto&, const auto* is, const std::string& label) {
            if (!is) return;
            for (const auto& one : results)
                to_.sample(is->exchanges.*one.count, label + ',' + metrics_writer::label("result", one.name));
        });
    }

private:
    metrics_writer& to_;
    const live& of_;
};

}  // namespace

metrics_writer& metrics_writer::metric(std::string_view name, kind what, std::string_view help) {
    name_ = name;
    to_.append("# HELP ").append(name).append(" ").append(help);
    to_.append("\n# TYPE ").append(name).append(what == kind::counter ? " counter\n" : " gauge\n");
    return *this;
}

void metrics_writer::begin(std::string_view labels) {
    to_ += name_;
    if (!labels.empty()) to_.append("{").append(labels).append("}");
    to_ += ' ';
}

metrics_writer& metrics_writer::sample(double figure, std::string_view labels) {
    begin(labels);
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, figure).ptr;
    to_.append(text, end).append("\n");
    return *this;
}

metrics_writer& metrics_writer::sample(std::uint64_t figure, std::string_view labels) {
    begin(labels);
    to_.append(std::to_string(figure)).append("\n");
    return *this;
}

std::string metrics_writer::label(std::string_view name, std::string_view text) {
    std::string made(name);
    made += "=\"";
    for (const char c : text) {
        if (c == '\n') {
            made += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') made += '\\';
        made += c;
    }
    return made += '"';
}

std::string metrics_text(const live& of, std::string_view version, const view_time& now) {
    std::string text;
    metrics_writer to(text);
    write_gateway(to, of, version, now);
    write_queue(to, of, now);
    write_broker(to, of, now);
    write_alarms(to, of);
    write_buses(to, of);
    device_metrics devices(to, of);
    devices.write_states();
    devices.write_ages(now.steady);
    devices.write_exchanges();
    return text;
}

}  // namespace gateway
