// gateway/app.cpp: wiring. Reading it top to bottom shows every part and every path between them.
#include "gateway/app.hpp"

#include <array>
#include <bit>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>

#include "gateway/alarms.hpp"
#include "gateway/broker.hpp"
#include "gateway/bus_thread.hpp"
#include "gateway/clock.hpp"
#include "gateway/clock_report.hpp"
#include "gateway/delivery.hpp"
#include "gateway/limits.hpp"
#include "gateway/pipeline.hpp"
#include "gateway/queue_damage.hpp"
#include "gateway/queue_watch.hpp"
#include "gateway/session_state.hpp"
#include "gateway/status.hpp"
#include "gateway/store_thread.hpp"
#include "mqtt/client.hpp"
#include "mqtt/session.hpp"

namespace gateway {
namespace {

/// For idempotency keys: new with each start, whatever the clock says and whatever became of the queue file.
std::string new_epoch() {
    std::random_device random;
    const std::uint64_t bits = std::uint64_t{random()} << 32 | random();
    std::array<char, 13> text{};
    std::snprintf(text.data(), text.size(), "%012" PRIx64, bits >> 16);
    return text.data();
}

store::full_policy policy_of(config::when_full which) {
    switch (which) {
        case config::when_full::drop_oldest:
            return store::full_policy::drop_oldest;
        case config::when_full::drop_newest:
            return store::full_policy::drop_newest;
        case config::when_full::thin:
            return store::full_policy::thin;
    }
    return store::full_policy::drop_oldest;
}

mqtt::will last_will(const config::file& config) {
    return {gateway_status_topic(config), "offline", mqtt::qos::at_least_once, true};
}

std::optional<group_commit::on_outage> memory_first(const config::file& config, const store::recovery& found) {
    if (config.buffer.durability == config::durability::always) return std::nullopt;
    return group_commit::on_outage{found.last, found.cursor.acked};
}

/// All parts and the paths between them. Loop thread only.
class app {
public:
    app(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, const log& logger);
    ~app();

    /// Polls and delivers until SIGTERM or SIGINT, then leaves in order. Returns the exit code.
    int run();

private:
    // In from the threads and the session.
    void on_bus_events(std::vector<bus_event> events);
    void on_cycle(const cycle& done);
    void on_device(const device_event& what);
    void on_effect(const mqtt::effect& what);
    void on_committed(committed done);
    void on_read(store::sequence from, store::result<std::vector<store::stored_message>> found);
    void on_salvaged(const store::recovery& found);
    void tell_damage(const store::recovery& found);
    void begin_session(const store::recovery& found);
    void on_store_failed(const store::error& why, backlog behind);
    void tell_drops(const store::commit_report& report);
    void look_at_age();
    void look_at_age_in(std::chrono::milliseconds delay);
    void raise(alarm which, const std::string& reason);
    void clear(alarm which);
    void tell_unwritten();
    void tell_recovery(const committed& done);
    void pump();
    void look_at_clock(const store::stamp& now);
    store::stamp since_now() const;
    void tell_device(const device_event& what);

    // What an effect means here.
    void carry_out(const mqtt::save& what);
    void carry_out(const mqtt::online& what);
    void carry_out(const mqtt::offline& what);
    void carry_out(const mqtt::session_lost& what);
    void carry_out(const mqtt::message_refused& what);
    void carry_out(const mqtt::unlogged_lost& what);
    void carry_out(const mqtt::qos_lowered& what);
    void carry_out(const mqtt::redirected& what);
    void carry_out(const mqtt::unexpected_message& what);
    void tell_limits(const broker_limits& now);
    void carry_out(const mqtt::open_transport&) {}   // the client's
    void carry_out(const mqtt::close_transport&) {}  // the client's
    // Of what the gateway doesn't ask for: it subscribes to nothing, and its credentials don't change while it is connected.
    void carry_out(const mqtt::received&) {}
    void carry_out(const mqtt::subscribed&) {}
    void carry_out(const mqtt::unsubscribed&) {}
    void carry_out(const mqtt::reauthenticated&) {}

    // Leaving: stop polling, deliver what can be delivered in time, say goodbye, close the store.
    void begin_stop(int signal);
    void continue_stop();
    void say_goodbye();
    void finish_stop();

    const config::file& config_;
    const log& log_;
    const std::vector<mqtt::connection_settings> servers_;
    const mqtt::options session_options_;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer stop_timer_;
    boost::asio::steady_timer age_timer_;
    pipeline pipeline_;
    alarms alarms_;
    queue_watch watch_;
    const std::string boot_id_ = boot_id();
    std::optional<clock_watch> clock_;
    std::map<std::pair<std::size_t, std::size_t>, device_event> undated_;  // told by a clock that wasn't known to be right
    std::unique_ptr<store_thread> store_;
    std::unique_ptr<mqtt::session> session_;
    std::unique_ptr<delivery> delivery_;
    std::unique_ptr<mqtt::client> client_;
    std::vector<std::unique_ptr<bus_thread>> buses_;

    enum class stage { running, draining, leaving } stage_ = stage::running;
    std::uint64_t accepted_ = 0;          // messages made durable by this process
    bool dropping_unwritten_ = false;     // messages had to go from memory since the disk last took something
    std::uint64_t unwritten_ = 0;         // these, as far as the ledger has them
    std::uint64_t unlogged_dropped_ = 0;  // QoS 0 messages that found no connection
    std::uint64_t full_dropped_ = 0;      // messages for which there was no room, old or new
    std::uint64_t aged_ = 0;              // messages dropped for their age
    std::optional<store::errc> failing_;  // how the last commit failed, if it did
    queue_damage damage_;
    std::vector<store::parking> parked_;  // refused messages; they go with the next save
    std::string refused_reason_;
    std::uint64_t refused_ = 0;    // in a row with this reason
    broker_limits broker_limits_;  // that the log has
    bool was_online_ = false;
    std::string offline_reason_;
    std::uint64_t offline_repeats_ = 0;
};

}  // namespace

app::app(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, const log& logger)
    : config_(config),
      log_(logger),
      servers_(connections(config.mqtt)),
      session_options_(session_options(config, last_will(config))),
      signals_(loop_, SIGTERM, SIGINT),
      stop_timer_(loop_),
      age_timer_(loop_),
      pipeline_(config, new_epoch()),
      alarms_(config),
      watch_(config.buffer) {
    trust_clock(config.clock);
    store::options file;
    file.path = config.buffer.path;
    file.max_bytes = config.buffer.max_bytes;
    file.when_full = policy_of(config.buffer.policy);
    file.max_age = config.buffer.max_age;
    file.boot_id = boot_id_;
    file.reserve_bytes = limits::reserve_bytes;
    store::recovery found;
    auto queue = store::queue::open(file, found);
    if (!queue) throw std::runtime_error(queue.error().detail());
    if (found.created) {
        log_.info("queue_created", {{"path", file.path}});
    } else {
        log_.info("queue_opened",
                  {{"path", file.path}, {"queued", found.ledger.queued}, {"balanced", found.ledger.balanced() ? "yes" : "no"}});
    }

    begin_session(found);
    store_ = std::make_unique<store_thread>(
        std::move(*queue), group_commit(config.buffer.commit_every, file.when_full, memory_first(config, found)), loop_,
        store_events{[this](committed done) { on_committed(std::move(done)); },
                     [this](store::sequence from, auto messages) { on_read(from, std::move(messages)); },
                     [this](const store::error& why, backlog behind) { on_store_failed(why, behind); },
                     {},
                     [this](const store::recovery& salvaged) { on_salvaged(salvaged); }});
    for (std::size_t i = 0; i < buses.size(); ++i)
        buses_.push_back(
            std::make_unique<bus_thread>(i, config.buses[i], std::move(buses[i]), loop_,
                                         [this](std::vector<bus_event> events) { on_bus_events(std::move(events)); }));
    delivery_->set_status(gateway_status_topic(config), "online", steady_now());
    clock_.emplace(found.boot_offset_ms);
    if (found.boot_offset_ms) delivery_->set_boot_offset(*found.boot_offset_ms);
    look_at_clock(stamp_now());
    if (!clock_->boot_offset_ms()) tell_unset_clock(log_, last_clock_evidence());
    tell_damage(found);
    if (found.disk_full) raise(alarm::disk_full, reason_of_full(config.buffer));
    if (!found.reserve_failed.empty())
        log_.warning("reserve_missing",
                     {{"reason", found.reserve_failed},
                      {"consequence", "if the device becomes full, nothing can be written until there is room"}});
}

app::~app() = default;

/// What the session is made of. After damage this happens again.
void app::begin_session(const store::recovery& found) {
    session_ = std::make_unique<mqtt::session>(session_options_, saved_state_of(found), std::random_device{}());
    delivery_ = std::make_unique<delivery>(*session_, found.last);
    if (clock_ && clock_->boot_offset_ms()) delivery_->set_boot_offset(*clock_->boot_offset_ms());
    client_ = std::make_unique<mqtt::client>(
        loop_, servers_, *session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); });
}

int app::run() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (!error) begin_stop(signal);
    });
    log_.info("started", {{"gateway", config_.gateway_id}, {"buses", buses_.size()}, {"broker", broker_name(config_.mqtt)}});
    if (const auto verify = config_.mqtt.tls.verify; verify != config::tls_verify::full)
        log_.warning("broker_not_verified", {{"verify", verify == config::tls_verify::none ? "none" : "chain_only"},
                                             {"remedy", "set mqtt.tls.verify: full"}});
    look_at_age();
    client_->start();
    for (const auto& bus : buses_) bus->start();
    loop_.run();
    return 0;
}

// ---- Readings: bus threads → pipeline → store ----

void app::on_bus_events(std::vector<bus_event> events) {
    for (const auto& event : events) {
        if (const auto* done = std::get_if<cycle>(&event)) on_cycle(*done);
        if (const auto* device = std::get_if<device_event>(&event)) on_device(*device);
        if (const auto* missed = std::get_if<missed_event>(&event))
            log_.warning("interval_not_met", {{"bus", config_.buses[missed->bus].name},
                                              {"missed_cycles", missed->cycles},
                                              {"remedy", "tidegate check shows the load of each bus"}});
    }
    pump();
}

void app::on_cycle(const cycle& done) {
    std::vector<store::message> messages = pipeline_.process(done);
    const auto now = steady_now();
    const auto unlogged = std::erase_if(messages, [&](const store::message& m) {
        if (m.qos != 0) return false;
        if (!delivery_->publish_now(m, now)) ++unlogged_dropped_;
        return true;
    });
    if (unlogged > 0) client_->flush();
    if (messages.empty()) return;
    const std::uint64_t dropped = store_->append(std::move(messages), delivery_->takes_fresh());
    if (dropped > 0) tell_unwritten();
}

/// Once for each time that the disk takes nothing.
void app::tell_unwritten() {
    if (dropping_unwritten_) return;
    dropping_unwritten_ = true;
    log_.error("readings_dropped", {{"policy", name_of(config_.buffer.policy)}, {"reason", "the disk has taken nothing for long"}});
}

void app::on_device(const device_event& what) {
    const auto& bus = config_.buses[what.bus];
    const auto& device = bus.devices[what.device];
    if (what.state == device_state::online && what.error.empty()) {
        log_.info("device_online", {{"bus", bus.name}, {"device", device.name}});
    } else if (what.state == device_state::online) {
        log_.warning("device_error", {{"bus", bus.name}, {"device", device.name}, {"error", what.error}});
    } else {
        log_.warning("device_offline", {{"bus", bus.name}, {"device", device.name}, {"error", what.error}});
    }
    tell_device(what);
}

void app::tell_device(const device_event& what) {
    device_event dated = what;
    dated.since = corrected(what.since, clock_->boot_offset_ms());
    if (!dated.since.synchronised) undated_[{what.bus, what.device}] = what;
    const std::string& name = config_.buses[what.bus].devices[what.device].name;
    delivery_->set_status(device_status_topic(config_, name), device_status(dated), steady_now());
}

// ---- The store ----

void app::on_committed(committed done) {
    unwritten_ += done.unwritten;
    if (!done.in_memory) tell_recovery(done);
    accepted_ += done.report.appended;
    if (done.report.damaged > 0) {
        damage_.dropped += done.report.damaged;
        log_.error("messages_damaged", {{"dropped", done.report.damaged}, {"path", config_.buffer.path}});
        raise(alarm::queue_damaged, damage_.words());
    }
    tell_drops(done.report);
    delivery_->on_committed(done.report, std::move(done.messages), done.keep);
    if (done.saved_up_to != 0) session_->on_durable(mqtt::log_position{done.saved_up_to}, steady_now());
    pump();
    if (stage_ != stage::running) continue_stop();
}

/// The disk has taken something.
void app::tell_recovery(const committed& done) {
    if (done.unwritten > 0)
        log_.warning("readings_were_dropped", {{"messages", done.unwritten}, {"ledger", "dropped_unwritten"}});
    dropping_unwritten_ = false;
    failing_.reset();
    clear(alarm::disk_failing);
    if (done.report.disk_full) {
        raise(alarm::disk_full, reason_of_full(config_.buffer));
    } else {
        clear(alarm::disk_full);
    }
}

/// The first of each kind; how many there are is in the ledger.
void app::tell_drops(const store::commit_report& report) {
    const std::uint64_t full_dropped = report.evicted + report.refused + report.thinned;
    if (full_dropped > 0 && full_dropped_ == 0)
        log_.warning("queue_full", {{"path", config_.buffer.path},
                                    {"policy", name_of(config_.buffer.policy)},
                                    {"remedy", "raise buffer.max_bytes, or see why the broker is away"}});
    full_dropped_ += full_dropped;
    if (report.aged > 0 && aged_ == 0)
        log_.warning("messages_too_old", {{"dropped", report.aged},
                                          {"max_age", config_.buffer.max_age},
                                          {"remedy", "raise buffer.max_age, or see why the broker is away"}});
    aged_ += report.aged;
    const auto found = watch_.on_committed(report, steady_now());
    if (found.news == queue_watch::news::filling) raise(alarm::queue_filling, found.reason);
    if (found.news == queue_watch::news::eased) clear(alarm::queue_filling);
    if (report.more_aged) look_at_age_in(limits::look_at_age_again);
}

void app::look_at_age() {
    if (stage_ != stage::running) return;
    store_->look_at_age(stamp_now());
    look_at_age_in(limits::look_at_age);
}

void app::look_at_age_in(std::chrono::milliseconds delay) {
    age_timer_.expires_after(delay);
    age_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look_at_age();
    });
}

void app::on_read(store::sequence from, store::result<std::vector<store::stored_message>> found) {
    if (found) {
        delivery_->on_read(from, std::move(*found));
    } else {
        log_.error("queue_read_failed", {{"reason", found.error().detail()}});
        delivery_->on_read_failed(steady_now() + limits::store_retry);
    }
    pump();
}

/// Polling has gone on meanwhile, and what was read waits for the new file. How far the session had got is in doubt: it begins
/// anew, on a new connection.
void app::on_salvaged(const store::recovery& found) {
    if (stage_ != stage::leaving) {
        client_.reset();
        const auto old = std::move(delivery_);
        begin_session(found);
        delivery_->take_status_of(*old);
        parked_.clear();
        was_online_ = false;
    }
    tell_damage(found);
    store_->go_on(found);
    if (stage_ == stage::leaving) return;
    client_->start();
    pump();
    if (stage_ != stage::running) continue_stop();
}

void app::tell_damage(const store::recovery& found) {
    if (!found.damage) return;
    const store::damage& what = *found.damage;
    damage_.file = what;
    if (what.is_news) std::ignore = alarms_.clear(alarm::queue_damaged, stamp_now());  // each time counts
    if (what.is_news)
        log_.error("queue_damaged", {{"path", config_.buffer.path},
                                     {"reason", what.reason},
                                     {"moved_to", what.moved_to},
                                     {"salvaged", what.salvaged},
                                     {"lost", what.lost},
                                     {"may_arrive_twice", what.repeated},
                                     {"exact", what.exact ? "yes" : "no, at least"}});
    raise(alarm::queue_damaged, damage_.words());
}

void app::on_store_failed(const store::error& why, backlog behind) {
    // Told once for each kind of failure: every retry may have other words for the same.
    if (failing_ != why.code())
        raise(why.code() == store::errc::full ? alarm::disk_full : alarm::disk_failing, reason_of_failure(why, config_.buffer));
    failing_ = why.code();
    if (behind.unwritten > 0) tell_unwritten();
    if (stage_ != stage::running) continue_stop();
}

void app::raise(alarm which, const std::string& reason) {
    auto told = alarms_.raise(which, reason, since_now());
    if (!told) return;
    delivery_->set_status(told->topic, std::move(told->payload), steady_now());
    log_.error("alarm_raised", {{"alarm", name_of(which)}, {"reason", reason}});
}

void app::clear(alarm which) {
    auto told = alarms_.clear(which, since_now());
    if (!told) return;
    delivery_->set_status(told->topic, std::move(told->payload), steady_now());
    log_.info("alarm_cleared", {{"alarm", name_of(which)}});
}

// ---- The clock ----

/// When it is first known to be right in this boot, what was taken before that is put right: readings when they are sent.
void app::look_at_clock(const store::stamp& now) {
    const clock_news news = clock_->look(now);
    tell_clock_news(log_, news, !boot_id_.empty());
    if (!news.boot_offset_ms) return;
    delivery_->set_boot_offset(*news.boot_offset_ms);
    store_->set_boot_offset(*news.boot_offset_ms);
    for (const auto& [which, told] : std::exchange(undated_, {})) tell_device(told);
    for (auto& told : alarms_.correct(*news.boot_offset_ms))
        delivery_->set_status(told.topic, std::move(told.payload), steady_now());
}

store::stamp app::since_now() const { return corrected(stamp_now(), clock_->boot_offset_ms()); }

// ---- The session ----

void app::pump() {
    const store::stamp now = stamp_now();
    look_at_clock(now);
    delivery_->pump(steady_now(), now);
    if (const auto read = delivery_->wanted()) store_->read(read->from, read->messages, read->bytes);
    client_->flush();
    if (stage_ == stage::draining) continue_stop();
}

void app::on_effect(const mqtt::effect& what) {
    std::visit([this](const auto& each) { carry_out(each); }, what);
}

void app::carry_out(const mqtt::save& what) {
    save_request request = save_request_of(what);
    request.park.swap(parked_);
    store_->save(std::move(request));
}

void app::carry_out(const mqtt::online& what) {
    log_.info("broker_connected", {{"broker", mqtt::url_of(servers_[what.server].endpoint)},
                                   {"session", what.session_present ? "resumed" : "new"},
                                   {"epoch", what.epoch},
                                   {"failed_attempts", offline_repeats_}});
    if (unlogged_dropped_ > 0) log_.warning("qos0_dropped", {{"messages", unlogged_dropped_}, {"reason", "no connection"}});
    unlogged_dropped_ = 0;
    offline_repeats_ = 0;
    offline_reason_.clear();
    was_online_ = true;
    tell_limits(limits_of(what, config_));
}

/// What the broker doesn't grant, once until it changes.
void app::tell_limits(const broker_limits& now) {
    const broker_limits before = std::exchange(broker_limits_, now);
    if (now.session_expiry && now.session_expiry != before.session_expiry)
        log_.warning("session_expiry_reduced",
                     {{"asked", std::chrono::milliseconds(config_.mqtt.session_expiry)},
                      {"granted", std::chrono::milliseconds(std::chrono::seconds(*now.session_expiry))},
                      {"consequence", "an outage longer than this loses what is in flight at the broker"}});
    if (now.maximum_qos && now.maximum_qos != before.maximum_qos)
        log_.warning("qos_limited", {{"to", *now.maximum_qos}, {"reason", "the broker takes no higher QoS"}});
    if (now.no_retain && !before.no_retain)
        log_.warning("retain_unavailable", {{"reason", "the broker keeps no retained messages"},
                                            {"consequence", "who subscribes later doesn't get the last value or status"}});
}

void app::carry_out(const mqtt::offline& what) {
    delivery_->on_offline();
    if (stage_ == stage::leaving) return finish_stop();
    ++offline_repeats_;
    const bool news = was_online_ || what.reason != offline_reason_;
    was_online_ = false;
    offline_reason_ = what.reason;
    if (news) log_.warning("broker_lost", {{"reason", what.reason}, {"retry_in", what.retry_in}});
    if (stage_ == stage::draining) continue_stop();
}

void app::carry_out(const mqtt::session_lost& what) {
    log_.warning("session_lost", {{"resent", what.resent}, {"dropped", what.dropped}, {"epoch", what.epoch}});
}

void app::carry_out(const mqtt::message_refused& what) {
    if (what.reason != refused_reason_) refused_ = 0;
    refused_reason_ = what.reason;
    // What is refused once is as a rule refused always; told when its number has doubled.
    if (std::has_single_bit(++refused_))
        log_.warning("message_refused", {{"sequence", mqtt::number(what.sequence)},
                                         {"reason", what.reason},
                                         {"messages", refused_},
                                         {"remedy", "it is kept among the dead letters: tidegate queue peek --dead-letters"}});
    parked_.push_back({to_store(what.sequence), what.reason_code, what.reason});
}

void app::carry_out(const mqtt::qos_lowered& what) {
    log_.warning("qos_lowered", {{"to", static_cast<int>(what.to)},
                                 {"reason", "the broker takes no messages of QoS 2"},
                                 {"remedy", "set mqtt.max_qos: 1"}});
}

void app::carry_out(const mqtt::redirected& what) {
    log_.warning("broker_moved",
                 {{"to", what.to}, {"permanent", what.permanent ? "yes" : "no"}, {"followed", what.followed ? "yes" : "no"}});
}

void app::carry_out(const mqtt::unexpected_message& what) { log_.debug("unexpected_message", {{"topic", what.topic}}); }

void app::carry_out(const mqtt::unlogged_lost& what) {
    // Status topics are sent again after the reconnect; QoS 0 messages promise nothing.
    log_.debug("unlogged_lost", {{"messages", what.count}});
}

// ---- Leaving ----

void app::begin_stop(int signal) {
    if (stage_ != stage::running) return;
    log_.info("stopping", {{"signal", signal}});
    stage_ = stage::draining;
    for (const auto& bus : buses_) bus->stop();  // hands over what has been read
    store_->flush();
    stop_timer_.expires_after(limits::drain_on_stop);
    stop_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && stage_ == stage::draining) say_goodbye();
    });
    continue_stop();
}

/// Waits until all that was read is durable, and, while the broker is there, until the queue is empty.
void app::continue_stop() {
    if (stage_ != stage::draining) return;
    if (session_->is_online() && !delivery_->drained()) return;
    // Acknowledgements that came since would otherwise wait for their lazy commit.
    if (!store_->idle() && !failing_) return store_->flush();
    say_goodbye();
}

void app::say_goodbye() {
    stage_ = stage::leaving;
    stop_timer_.cancel();
    if (session_->is_online()) {
        delivery_->set_status(gateway_status_topic(config_), "offline", steady_now());
        client_->flush();
    }
    client_->stop(limits::disconnect_on_stop, [this] { finish_stop(); });
}

void app::finish_stop() {
    if (store_) store_->stop();  // commits the last acknowledgements
    loop_.stop();
    const backlog lost = store_ ? store_->behind() : backlog{};
    if (lost != backlog{})
        log_.error("readings_lost",
                   {{"messages", lost.waiting + lost.unwritten}, {"reason", "the disk took nothing until the end"}});
    log_.info("stopped", {{"accepted", accepted_}, {"lost", lost.waiting + lost.unwritten}});
}

int run_service(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, const log& logger) {
    return app(config, std::move(buses), logger).run();
}

}  // namespace gateway
