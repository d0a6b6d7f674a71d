// gateway/app_parts.hpp: all parts of the running service and the paths between them, as a class.
// Not here: what it does while it runs (app.cpp), when a new config comes (app_reload.cpp) and when it leaves (app_leave.cpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/bus/bus_fleet.hpp"
#include "gateway/bus/bus_news.hpp"
#include "gateway/bus/device_news.hpp"
#include "gateway/bus/visits.hpp"
#include "gateway/clock.hpp"
#include "gateway/delivery/broker.hpp"
#include "gateway/delivery/broker_news.hpp"
#include "gateway/delivery/delivery.hpp"
#include "gateway/delivery/pipeline.hpp"
#include "gateway/delivery/queue_news.hpp"
#include "gateway/delivery/queue_purge.hpp"
#include "gateway/delivery/store_thread.hpp"
#include "gateway/diagnosis/traces.hpp"
#include "gateway/http/http_service.hpp"
#include "gateway/service/config_changes.hpp"
#include "gateway/service/config_reload.hpp"
#include "gateway/service/control_server.hpp"
#include "gateway/service/health.hpp"
#include "gateway/service/live.hpp"
#include "gateway/service/service_notify.hpp"
#include "gateway/service/service_record.hpp"
#include "gateway/service/watchdog.hpp"
#include "gateway/site.hpp"
#include "gateway/write/writes.hpp"
#include "mqtt/client.hpp"
#include "mqtt/session.hpp"

namespace gateway {

/// For idempotency keys: new with each start, whatever the clock says and whatever became of the queue file.
std::string new_epoch();

std::string gateway_status_topic(const config::file& config);

/// Calls on the loop's thread, unless the timer is set anew before.
template <typename Call>
void call_at(boost::asio::steady_timer& timer, mqtt::time_point when, Call call) {
    timer.expires_at(when);
    timer.async_wait([call](const boost::system::error_code& error) {
        if (!error) call();
    });
}

/// All parts and the paths between them. Loop thread only.
class app {
public:
    app(std::shared_ptr<site> from, const log& logger);

    /// Polls and delivers until SIGTERM or SIGINT, then leaves in order. Returns the exit code.
    int run();

private:
    // In from the threads and the session.
    void on_bus_events(std::vector<bus_event> events);
    void take_device(const device_event& what);
    void take_missed(const missed_event& what);
    void take_statistics(const bus_statistics& what);
    void take_readings(const cycle& done);
    void on_committed(committed done);
    void on_read(store::sequence from, store::result<std::vector<store::stored_message>> found);
    void on_salvaged(const store::recovery& found);
    void on_store_failed(const store::error& why, backlog behind);
    void on_read_inbox(store::result<std::vector<store::waiting_message>> found);
    void on_effect(const mqtt::effect& what);
    void on_offline(const mqtt::effect& what);

    // What happens in between.
    void open_store(const std::shared_ptr<site>& from);
    void recall_in(const std::vector<std::unique_ptr<adapter_bus>>& buses);
    void keep_learned(const learned_event& what);
    void open_control();
    std::string open_http();
    std::string adopt_http(const config_changes& what);
    bool serves_http_as(const config::http& next) const;
    void look_at_oldest();
    bus_thread* bus_named(const std::string& name) const;
    void begin_session(const store::recovery& found);
    void begin_session_anew(const store::recovery& found);
    void pump();
    void look_at_age();
    void look_at_age_in(std::chrono::milliseconds delay);
    void look_at_clock(const store::stamp& now);
    void date_by(std::int64_t boot_offset_ms);
    writes::paths paths_of_writes();
    void look_at_writes();
    visits::paths paths_of_visits();
    void set_status(const std::string& topic, std::string text);
    void tell_service();
    void tell_systemd();
    void look_after();
    service_figures figures() const;
    std::uint64_t queued() const;

    // A new config (app_reload.cpp).
    void take_reload_signals();
    void on_reload_signal(const boost::system::error_code& error);
    void request_reload(std::shared_ptr<control_server::exchange> from);
    void on_config_read(config_reading found);
    void refuse_config(const config_reading& found);
    void adopt(config_reading found);
    void adopt_buses(config_reading& found, const config_changes& what, config::file next);
    void adopt_store(const config_changes& what);
    void reopen_store(session_fate session);
    void answer_reload(const std::vector<std::string>& lines, const std::string& fault);
    void leave_broker();
    void settle();
    void continue_leaving();
    bool changes_hands() const;
    void on_left_broker();
    void on_reopened(const store::recovery& found, bool held);
    void end_leaving();

    // Leaving: stop polling, deliver what can be delivered in time, say goodbye, close the store.
    void begin_stop(int signal);
    void continue_stop();
    void say_goodbye();
    void finish_stop();

    /// How to reach the broker: servers and session, with their secrets.
    struct uplink {
        std::vector<mqtt::connection_settings> servers;
        mqtt::options session;
        std::optional<std::string> password;  // of the login; SCRAM's isn't in `session`
        std::string tls_files;                // what is in them; "": there are none, or one can't be read
    };
    static uplink uplink_of(const config::file& config);
    static bool same_tls_files(const uplink& one, const uplink& other);
    static bool same_secrets(const uplink& one, const uplink& other);

    config::file config_;  // in force; a new one takes its place here, so that whoever looks at it sees that
    const log& log_;
    const service_notify notify_;
    uplink uplink_;
    boost::asio::io_context loop_{1};
    health health_;
    boost::asio::signal_set signals_;
    boost::asio::signal_set reload_signal_;
    boost::asio::steady_timer care_timer_;
    boost::asio::steady_timer stop_timer_;
    boost::asio::steady_timer age_timer_;
    boost::asio::steady_timer pump_timer_;
    boost::asio::steady_timer write_timer_;
    const std::string epoch_ = new_epoch();
    pipeline pipeline_;
    device_news device_news_;
    bus_news bus_news_;
    queue_news queue_news_;
    broker_news broker_news_;
    const std::string boot_id_ = boot_id();
    std::optional<clock_watch> clock_;
    writes writes_;
    visits visits_;
    std::unique_ptr<store_thread> store_;
    std::unique_ptr<mqtt::session> session_;
    std::unique_ptr<delivery> delivery_;
    std::unique_ptr<mqtt::client> client_;
    std::optional<live> live_;
    queue_purge purge_{log_};
    control_server control_{loop_};
    std::unique_ptr<http_service> http_;
    time_point oldest_looked_at_{};
    bus_fleet buses_;
    traces traces_{[this](const std::string& name) { return bus_named(name); }};
    status_line status_line_;
    std::vector<store::memory> memories_;  // as the queue file has them
    service_record record_;
    store::stamp started_;
    bool long_run_noted_ = false;
    bool start_pages_ = true;  // of a start or a reload, still resident

    config_reload reload_;
    bool reload_again_ = false;  // it was asked for while the file was being read, or the broker being left
    std::vector<std::shared_ptr<control_server::exchange>> asked_, ask_again_;
    /// Another broker or session comes: what is under way is finished, the connection closed, the queue opened anew.
    enum class leaving : std::uint8_t { no, settling, closing, reopening } leaving_ = leaving::no;
    std::optional<uplink> next_uplink_;
    bool awaits_broker_ = false, seen_online_ = false;  // while settling
    bool farewell_ = false;  // for good: the broker may forget the session, and hears that the gateway is offline

    enum class stage { running, draining, leaving } stage_ = stage::running;
    std::uint64_t accepted_ = 0;          // messages made durable by this process
    std::vector<store::parking> parked_;  // refused messages; they go with the next save
    std::optional<watchdog> watchdog_;    // asks the loop, so it goes first
};

}  // namespace gateway
