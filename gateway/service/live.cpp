// gateway/service/live.cpp: see live.hpp.
#include "gateway/service/live.hpp"

#include "store/age.hpp"

namespace gateway {

live::live(const config::file& config, const store::recovery& found, time_point started) : config_(config), started_(started) {
    make_buses();
    queue_.last = found.last;
    queue_.disk_full = found.disk_full;
    queue_.ledger = found.ledger;
    queue_.inbox = found.inbox;
    boot_offset_ms_ = found.boot_offset_ms;
    broker_.since = started;
}

void live::make_buses() {
    buses_.clear();
    first_point_.clear();
    for (const auto& each : config_.buses) {
        bus made;
        std::size_t next = 0;
        auto& firsts = first_point_.emplace_back();
        for (const auto& declared : each.devices) {
            made.devices.emplace_back().points.resize(declared.points.size());
            firsts.push_back(next);
            next += declared.points.size();
        }
        buses_.push_back(std::move(made));
    }
}

void live::follow(const renumbering& to) {
    auto before = std::move(buses_);
    make_buses();
    for (std::size_t each = 0; each < to.size(); ++each)
        if (to[each]) buses_[*to[each]] = std::move(before[each]);
    for (std::size_t each = 0; each < buses_.size(); ++each)
        if (buses_[each].statistics) buses_[each].statistics->bus = each;
}

void live::set_source(std::string path, std::vector<config_warning> warnings) {
    source_.path = std::move(path);
    source_.warnings = std::move(warnings);
}

void live::on_loaded(const store::stamp& when) {
    if (source_.loaded != store::stamp{}) ++source_.generation;
    source_.loaded = when;
    source_.reload_error.clear();
}

void live::on_readings(const cycle& done) {
    auto& read = buses_[done.bus].devices[done.device];
    const std::size_t first = first_point_[done.bus][done.device];
    for (const auto& each : done.readings) {
        point& now = read.points[each.point - first];
        now.value = each.value;
        now.taken = done.taken;
        now.taken_steady = done.taken_steady;
        ++now.readings;
    }
}

void live::on_device(const device_event& what) {
    auto& told = buses_[what.bus].devices[what.device];
    told.state = what.state;
    told.error = what.error;
    told.since = what.since;
    told.overdue = what.overdue;
    told.implausible = what.implausible;
}

void live::on_missed(const missed_event& what) { buses_[what.bus].missed_cycles += what.cycles; }

void live::on_statistics(const bus_statistics& what) { buses_[what.bus].statistics = what; }

void live::on_committed(const committed& done) {
    const store::commit_report& report = done.report;
    if (done.ledger) {
        queue_.ledger = *done.ledger;
        queue_.dead_letters = done.dead_letters;
        queue_.inbox = report.inbox;
    }
    queue_.accepted += report.appended + report.refused;
    queue_.refused += report.refused;
    queue_.evicted += report.evicted;
    queue_.aged += report.aged;
    queue_.thinned += report.thinned;
    queue_.damaged += report.damaged;
    if (report.bytes_used != 0) queue_.bytes_used = report.bytes_used;
    if (report.appended != 0)
        queue_.last = store::sequence{static_cast<std::int64_t>(report.first) + static_cast<std::int64_t>(report.appended) - 1};
    if (done.in_memory) return;
    queue_.written = report.written;
    queue_.disk_full = report.disk_full;
}

void live::on_oldest(const std::optional<store::stored_message>& what) {
    queue_.oldest_ms.reset();
    if (!what) return;
    const auto offset = what->of_this_boot ? boot_offset_ms_ : what->boot_offset_ms;
    queue_.oldest_ms = store::corrected(what->message.taken, offset).wall_ms;
}

void live::on_effect(const mqtt::effect& what, time_point now) {
    if (const auto* online = std::get_if<mqtt::online>(&what)) {
        broker_.online = true;
        broker_.session_present = online->session_present;
        broker_.server = online->server;
        broker_.since = now;
        ++broker_.connections;
    }
    if (const auto* offline = std::get_if<mqtt::offline>(&what)) {
        if (broker_.online) broker_.since = now;
        broker_.online = false;
        broker_.offline_reason = offline->reason;
    }
    if (std::holds_alternative<mqtt::session_lost>(what)) ++broker_.sessions_lost;
    if (std::holds_alternative<mqtt::message_refused>(what)) ++broker_.refused;
}

void live::on_status(const std::string& topic, const std::string& text) { statuses_[topic] = text; }

}  // namespace gateway
