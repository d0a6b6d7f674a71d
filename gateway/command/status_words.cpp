// gateway/command/status_words.cpp: see status_words.hpp.
#include "gateway/command/status_words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "config/units.hpp"
#include "store/age.hpp"

namespace gateway {
namespace {

using std::chrono::seconds;

std::string span_text(std::int64_t total) {
    if (total < 120) return std::to_string(std::max<std::int64_t>(total, 0)) + " s";
    if (total < 7200) return std::to_string(total / 60) + " min";
    if (total < 172'800) return std::to_string(total / 3600) + " h";
    return std::to_string(total / 86'400) + " d";
}

std::string span_text(time_point from, time_point to) {
    return span_text(std::chrono::duration_cast<seconds>(to - from).count());
}

std::string size_text(std::uint64_t bytes) {
    constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (size >= 1024 && unit + 1 < std::size(units)) {
        size /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, size < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return text;
}

std::string plural(std::uint64_t count, const char* one) { return std::to_string(count) + ' ' + one + (count == 1 ? "" : "s"); }

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

class lines {
public:
    /// A line with what it is about in front, and whether something is wrong.
    void add(std::string_view about, const std::string& text, bool wrong = false) {
        std::string line = wrong ? "! " : "  ";
        line += about;
        line.resize(std::max<std::size_t>(line.size() + 1, 12), ' ');
        lines_.push_back(line + text);
        if (wrong) ++wrong_;
    }
    std::vector<std::string> take() {
        lines_.push_back(wrong_ == 0 ? "Nothing is wrong."
                                     : plural(wrong_, "thing") + (wrong_ == 1 ? " is" : " are") + " wrong, marked with '!'.");
        return std::move(lines_);
    }

private:
    std::vector<std::string> lines_;
    std::size_t wrong_ = 0;
};

void tell_gateway(lines& to, const live& of, std::string_view version, const view_time& now) {
    const bool trusted = of.config().clock == config::clock_trust::trusted;
    const bool known = trusted || now.clock.synchronised;
    to.add("gateway",
           of.config().gateway_id + ", tidegate " + std::string(version) + ", up " + span_text(of.started(), now.steady) +
               ", clock " +
               (trusted ? "trusted"
                : known ? "synchronised"
                        : "NOT SYNCHRONISED"),
           !known);
    const auto& source = of.config_source();
    std::string text = source.path;
    if (!source.warnings.empty()) text += ", " + plural(source.warnings.size(), "warning") + " (tidegate check shows them)";
    if (!source.reload_error.empty()) text += "; NOT LOADED ANEW: " + source.reload_error;
    to.add("config", text, !source.reload_error.empty());
}

void tell_broker(lines& to, const live& of, const view_time& now) {
    const auto& broker = of.destination();
    const std::string for_so_long = span_text(broker.since, now.steady);
    if (broker.online)
        to.add("broker", url_of(of) + " online for " + for_so_long + ", session " + (broker.session_present ? "resumed" : "new"));
    else
        to.add("broker",
               url_of(of) + " OFFLINE for " + for_so_long + (broker.offline_reason.empty() ? "" : ": " + broker.offline_reason),
               true);
}

void tell_queue(lines& to, const live& of, const view_time& now) {
    const auto& queue = of.log();
    std::string text = plural(queue.ledger.queued, "message");
    if (queue.ledger.queued > 0 && queue.oldest_ms)
        text +=
            ", the oldest for " + span_text((store::corrected(now.clock, of.boot_offset_ms()).wall_ms - *queue.oldest_ms) / 1000);
    const auto most = of.config().buffer.max_bytes;
    text += ", " + size_text(queue.bytes_used) + " of " + size_text(most);
    text += "; " + std::to_string(queue.ledger.acknowledged) + " of " + std::to_string(queue.ledger.accepted) + " delivered, " +
            std::to_string(queue.ledger.dropped()) + " dropped";
    if (!queue.ledger.balanced()) text += "; the ledger does NOT balance";
    to.add("queue", text, !queue.ledger.balanced());
}

void tell_bus(lines& to, const live& of, std::size_t index, const view_time& now) {
    const auto& what = of.config().buses[index];
    const auto& bus = of.buses()[index];
    const auto online = std::count_if(bus.devices.begin(), bus.devices.end(),
                                      [](const auto& each) { return each.state == device_state::online; });
    std::string text;
    if (const auto place = place_of(what); !place.empty()) text += place + ": ";
    text += std::to_string(online) + " of " + plural(bus.devices.size(), "device") + " online";
    bool wrong = false;
    if (bus.statistics) {
        const auto& is = *bus.statistics;
        wrong = is.down || is.load > 1;
        text += ", load " + percent(is.load) + ", " + std::to_string(std::lround(is.requests_per_second * 10) / 10) +
                " requests/s, " + std::to_string(is.exchanges.requests - is.exchanges.answers) + " of " +
                std::to_string(is.exchanges.requests) + " failed";
        if (is.down) text += ", DOWN";
    }
    to.add("bus", what.name + (text.empty() ? "" : " " + text), wrong);
    for (std::size_t i = 0; i < bus.devices.size(); ++i) {
        const auto& device = bus.devices[i];
        const bool away = device.state == device_state::offline;
        if (!away && device.error.empty() && !device.overdue) continue;
        const auto wall = store::corrected(now.clock, of.boot_offset_ms()).wall_ms -
                          store::corrected(device.since, of.boot_offset_ms()).wall_ms;
        std::string trouble = what.devices[i].name + (away ? " OFFLINE for " + span_text(wall / 1000) : "");
        if (device.overdue) trouble += " OVERDUE, its interval isn't met";
        if (!device.error.empty()) trouble += ": " + device.error;
        to.add("device", trouble, true);
    }
}

}  // namespace

std::vector<std::string> status_words(const live& of, std::string_view version, const view_time& now) {
    lines text;
    tell_gateway(text, of, version, now);
    tell_broker(text, of, now);
    tell_queue(text, of, now);
    for (const auto& alarm : alarms_in(of))
        if (alarm.on) text.add("alarm", alarm.name + ": " + alarm.reason, true);
    for (std::size_t i = 0; i < of.buses().size(); ++i) tell_bus(text, of, i, now);
    return text.take();
}

}  // namespace gateway
