// gateway/service/live.hpp: what the gateway looks like now: last values, device and bus states, the queue, the broker. Whoever
// shows it (status page, metrics, control socket) reads it here. Loop thread only; pure: times are arguments. Not here: how it is
// shown.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/bus_statistics.hpp"
#include "gateway/bus/bus_thread.hpp"
#include "gateway/bus/reading.hpp"
#include "gateway/delivery/group_commit.hpp"
#include "gateway/service/config_changes.hpp"
#include "mqtt/session.hpp"
#include "store/queue.hpp"

namespace gateway {

/// What `check` says of a config that it takes.
struct config_warning {
    std::string file;  // the template; empty: the config file itself
    std::size_t line = 0, column = 0;
    std::string message;
};

class live {
public:
    explicit live(const config::file& config, const store::recovery& found, time_point started);

    struct point {
        gateway::value value;        // the last one read; no_value also before the first
        store::stamp taken;          // by the board's clock
        time_point taken_steady{};   // for its age
        std::uint64_t readings = 0;  // since the start; 0: none yet
    };
    struct device {
        device_state state = device_state::unknown;
        std::string error;
        store::stamp since;
        bool overdue = false;
        std::uint64_t implausible = 0;
        std::vector<live::point> points;  // in the config's order
    };
    struct bus {
        std::optional<bus_statistics> statistics;  // nothing: the first ten seconds
        std::uint64_t missed_cycles = 0;
        std::vector<live::device> devices;
    };
    struct queue {
        std::uint64_t accepted = 0;  // since the process began, as are the others up to `dropped`
        std::uint64_t refused = 0;
        std::uint64_t evicted = 0;
        std::uint64_t aged = 0;
        std::uint64_t thinned = 0;
        std::uint64_t damaged = 0;
        std::uint64_t bytes_used = 0;
        store::sequence last{0};  // the newest message in the log
        store::write_counts written;
        bool disk_full = false;
        store::ledger ledger;  // as of the last commit: what `tidegate queue stats` shows
        store::dead_letter_counts dead_letters;
        store::inbox_counts inbox;
        std::optional<std::int64_t> oldest_ms;  // when the oldest queued message was taken, as of the last look
    };
    struct broker {
        bool online = false;
        bool session_present = false;
        std::string offline_reason;  // the last one
        std::size_t server = 0;      // of the config's, the last that there was a connection to
        time_point since{};
        std::uint64_t connections = 0;
        std::uint64_t sessions_lost = 0;
        std::uint64_t refused = 0;
    };

    /// The config file that runs, and what was said of it.
    struct source {
        std::string path;
        std::vector<config_warning> warnings;
        store::stamp loaded;
        std::string reload_error;      // of the last attempt to load it anew; empty: none
        std::uint64_t generation = 0;  // how often it was loaded anew
    };
    /// Where the config in force comes from.
    void set_source(std::string path, std::vector<config_warning> warnings);
    void set_started(const store::stamp& at) { started_at_ = at; }

    void on_readings(const cycle& done);
    void on_device(const device_event& what);
    void on_missed(const missed_event& what);
    void on_statistics(const bus_statistics& what);
    void on_committed(const committed& done);
    void on_oldest(const std::optional<store::stored_message>& what);
    void set_boot_offset(std::int64_t offset_ms) { boot_offset_ms_ = offset_ms; }
    void on_effect(const mqtt::effect& what, time_point now);
    /// The config has taken the place of another: what is known of the buses that go on is kept.
    void follow(const renumbering& to);
    /// The config in force was read then. `fault`: a newer one couldn't take its place, and why; empty: it could.
    void on_loaded(const store::stamp& when);
    void on_reload_failed(std::string fault) { source_.reload_error = std::move(fault); }
    /// Every retained topic that the gateway keeps true: statuses and alarms, with their latest text.
    void on_status(const std::string& topic, const std::string& text);
    void on_status_gone(const std::string& topic) { statuses_.erase(topic); }

    const config::file& config() const { return config_; }
    const live::source& config_source() const { return source_; }
    std::optional<std::int64_t> boot_offset_ms() const { return boot_offset_ms_; }
    const store::stamp& loaded() const { return source_.loaded; }
    const std::string& reload_error() const { return source_.reload_error; }
    time_point started() const { return started_; }
    const store::stamp& started_at() const { return started_at_; }
    const std::vector<bus>& buses() const { return buses_; }
    const queue& log() const { return queue_; }
    const broker& destination() const { return broker_; }
    const std::map<std::string, std::string>& statuses() const { return statuses_; }

private:
    const config::file& config_;
    time_point started_;
    store::stamp started_at_;
    void make_buses();
    std::vector<bus> buses_;
    std::vector<std::vector<std::size_t>> first_point_;  // by bus and device: the number of its first point on the bus
    live::source source_;
    std::optional<std::int64_t> boot_offset_ms_;
    queue queue_;
    broker broker_;
    std::map<std::string, std::string> statuses_;
};

}  // namespace gateway
