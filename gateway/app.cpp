// gateway/app.cpp: wiring. Reading it top to bottom shows every part and every path between them.
#include "gateway/app.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <stdexcept>

#include "gateway/broker.hpp"
#include "gateway/broker_news.hpp"
#include "gateway/bus_news.hpp"
#include "gateway/bus_thread.hpp"
#include "gateway/clock.hpp"
#include "gateway/clock_report.hpp"
#include "gateway/control_server.hpp"
#include "gateway/delivery.hpp"
#include "gateway/device_news.hpp"
#include "gateway/learned.hpp"
#include "gateway/limits.hpp"
#include "gateway/live.hpp"
#include "gateway/pipeline.hpp"
#include "gateway/queue_news.hpp"
#include "gateway/queue_options.hpp"
#include "gateway/queue_purge.hpp"
#include "gateway/session_state.hpp"
#include "gateway/store_thread.hpp"
#include "gateway/writes.hpp"
#include "mqtt/client.hpp"
#include "mqtt/session.hpp"

namespace gateway {
namespace {

/// For idempotency keys: new with each start, whatever the clock says and whatever became of the queue file.
std::string new_epoch() {
    std::random_device random;
    char text[13];
    std::snprintf(text, sizeof text, "%06x%06x", random() & 0xFF'FFFF, random() & 0xFF'FFFF);
    return text;
}

std::string gateway_status_topic(const config::file& config) { return "tidegate/" + config.gateway_id + "/status"; }

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
    app(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, const log& logger);

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
    std::vector<std::string> recall_learned_in(store::queue& in, const std::vector<std::unique_ptr<adapter_bus>>& buses) const;
    void keep_learned(const learned_event& what);
    void open_control();
    void begin_session(const store::recovery& found);
    void pump();
    void look_at_age();
    void look_at_age_in(std::chrono::milliseconds delay);
    void look_at_clock(const store::stamp& now);
    void date_by(std::int64_t boot_offset_ms);
    writes::paths paths_of_writes();
    void look_at_writes();
    void set_status(const std::string& topic, std::string text);

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
    boost::asio::steady_timer pump_timer_;
    boost::asio::steady_timer write_timer_;
    pipeline pipeline_;
    device_news device_news_;
    bus_news bus_news_;
    queue_news queue_news_;
    broker_news broker_news_;
    const std::string boot_id_ = boot_id();
    std::optional<clock_watch> clock_;
    writes writes_;
    std::unique_ptr<store_thread> store_;
    std::unique_ptr<mqtt::session> session_;
    std::unique_ptr<delivery> delivery_;
    std::unique_ptr<mqtt::client> client_;
    std::optional<live> live_;
    queue_purge purge_{log_};
    control_server control_{loop_};
    std::vector<std::unique_ptr<bus_thread>> buses_;

    enum class stage { running, draining, leaving } stage_ = stage::running;
    std::uint64_t accepted_ = 0;          // messages made durable by this process
    std::vector<store::parking> parked_;  // refused messages; they go with the next save
};

}  // namespace

app::app(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, const log& logger)
    : config_(config),
      log_(logger),
      servers_(connections(config.mqtt)),
      session_options_(session_options(config, {gateway_status_topic(config), "offline", mqtt::qos::at_least_once, true})),
      signals_(loop_, SIGTERM, SIGINT),
      stop_timer_(loop_),
      age_timer_(loop_),
      pump_timer_(loop_),
      write_timer_(loop_),
      pipeline_(config, new_epoch()),
      device_news_(config, logger, [this](const auto& topic, auto text) { set_status(topic, std::move(text)); }),
      bus_news_(config, [this](const auto& topic, auto text) { set_status(topic, std::move(text)); }),
      queue_news_(config, logger, [this](const auto& topic, auto text) { set_status(topic, std::move(text)); }),
      broker_news_(config, servers_, logger),
      writes_(config, logger, paths_of_writes()) {
    trust_clock(config.clock);
    store::recovery found;
    auto queue = store::queue::open(queue_options(config.buffer, boot_id_), found);
    if (!queue) throw std::runtime_error(queue.error().detail());

    clock_.emplace(found.boot_offset_ms);
    live_.emplace(config, found, steady_now());
    begin_session(found);
    if (found.boot_offset_ms) date_by(*found.boot_offset_ms);
    queue_news_.on_opened(found, stamp_now());
    writes_.look_back(*queue);
    const auto stale = recall_learned_in(*queue, buses);
    store_ = std::make_unique<store_thread>(
        std::move(*queue), commits_of(config.buffer, found), loop_,
        store_events{[this](committed done) { on_committed(std::move(done)); },
                     [this](store::sequence from, auto messages) { on_read(from, std::move(messages)); },
                     [this](const store::error& why, backlog behind) { on_store_failed(why, behind); },
                     [this](store::inbox_number, auto messages) { on_read_inbox(std::move(messages)); },
                     [this](const store::recovery& salvaged) { on_salvaged(salvaged); }});
    if (!stale.empty()) {
        save_request request;
        request.forget = stale;
        store_->save(std::move(request));
    }
    for (std::size_t i = 0; i < buses.size(); ++i)
        buses_.push_back(
            std::make_unique<bus_thread>(i, config.buses[i], std::move(buses[i]), loop_,
                                         [this](std::vector<bus_event> events) { on_bus_events(std::move(events)); }));
    set_status(gateway_status_topic(config), "online");
    open_control();
    look_at_clock(stamp_now());
    if (!clock_->boot_offset_ms()) tell_unset_clock(log_, last_clock_evidence());
}

/// What the commands of the command line may ask of this process.
void app::open_control() {
    control_.on("purge", [this](const flat_object&, auto with) {
        purge_.begin(std::move(with));
        store_->purge();
    });
    std::string why;
    if (!control_.listen(control_path(config_.gateway_id, config_.buffer.path), why))
        log_.warning("no_control_socket", {{"reason", why}, {"effect", "commands can't ask this service"}});
}

/// Hands adapters what they learned in an earlier life. Returns the names of what is of no use any more.
std::vector<std::string> app::recall_learned_in(store::queue& in, const std::vector<std::unique_ptr<adapter_bus>>& buses) const {
    const auto memories = in.recall();
    if (!memories) throw std::runtime_error(memories.error().detail());
    recollection found = recall_learned(*memories, config_);
    for (const auto& each : found.learned) buses[each.bus]->recall(each.device, each.text);
    return std::move(found.stale);
}

/// What the session is made of. After damage this happens again.
void app::begin_session(const store::recovery& found) {
    session_ = std::make_unique<mqtt::session>(session_options_, saved_state_of(found), std::random_device{}());
    delivery_ = std::make_unique<delivery>(*session_, found.last);
    if (clock_->boot_offset_ms()) delivery_->set_boot_offset(*clock_->boot_offset_ms());
    client_ = std::make_unique<mqtt::client>(
        loop_, servers_, *session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); });
    if (auto commands = writes_.subscriptions(); !commands.empty()) session_->subscribe(std::move(commands), {}, steady_now());
}

int app::run() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (!error) begin_stop(signal);
    });
    log_.info("started", {{"gateway", config_.gateway_id}, {"buses", buses_.size()}, {"broker", broker_name(config_.mqtt)}});
    broker_news_.tell_settings();
    look_at_age();
    writes_.begin();
    client_->start();
    const auto begin = steady_now();
    for (const auto& bus : buses_) bus->start(begin);
    loop_.run();
    return 0;
}

// ---- Readings: bus threads → pipeline → store ----

void app::on_bus_events(std::vector<bus_event> events) {
    for (const auto& event : events) {
        if (const auto* done = std::get_if<cycle>(&event)) take_readings(*done);
        if (const auto* device = std::get_if<device_event>(&event)) take_device(*device);
        if (const auto* missed = std::get_if<missed_event>(&event)) take_missed(*missed);
        if (const auto* learned = std::get_if<learned_event>(&event)) keep_learned(*learned);
        if (const auto* statistics = std::get_if<bus_statistics>(&event)) take_statistics(*statistics);
        if (const auto* written = std::get_if<write_event>(&event)) writes_.on_written(*written);
        if (const auto* read = std::get_if<read_back_event>(&event)) writes_.on_read_back(*read);
    }
    pump();
}

void app::keep_learned(const learned_event& what) {
    auto memory = memory_of_learned(config_.buses[what.bus], what.device, what.text);
    if (!memory) return;  // it will be learned again
    save_request request;
    request.remember.push_back(std::move(*memory));
    store_->save(std::move(request));
}

void app::take_device(const device_event& what) {
    live_->on_device(what);
    device_news_.tell(what);
}

void app::take_missed(const missed_event& what) {
    live_->on_missed(what);
    device_news_.tell(what);
}

void app::take_statistics(const bus_statistics& what) {
    live_->on_statistics(what);
    bus_news_.tell(what, steady_now());
}

void app::take_readings(const cycle& done) {
    live_->on_readings(done);
    writes_.on_readings(done);
    std::vector<store::message> messages = pipeline_.process(done);
    const auto now = steady_now();
    const auto unlogged = std::erase_if(messages, [&](const store::message& m) {
        if (m.qos != 0) return false;
        if (!delivery_->publish_now(m, now)) broker_news_.note_qos0_dropped();
        return true;
    });
    if (unlogged > 0) client_->flush();
    if (messages.empty()) return;
    const std::uint64_t dropped = store_->append(std::move(messages), delivery_->takes_fresh());
    if (dropped > 0) queue_news_.on_unwritten();
}

// ---- The store ----

void app::on_committed(committed done) {
    accepted_ += done.report.appended;
    live_->on_committed(done.report);
    queue_news_.on_committed(done, stamp_now());
    if (purge_.on_committed(done)) store_->purge();
    if (done.report.more_aged) look_at_age_in(limits::look_at_age_again);
    delivery_->on_committed(done.report, std::move(done.messages), done.keep);
    const bool may_acknowledge = writes_.on_committed(done);
    if (done.saved_up_to != 0 && may_acknowledge) session_->on_durable(mqtt::log_position{done.saved_up_to}, steady_now());
    pump();
    if (stage_ != stage::running) continue_stop();
}

void app::look_at_age() {
    if (stage_ != stage::running) return;
    store_->look_at_age(stamp_now());
    look_at_age_in(limits::look_at_age);
}

void app::look_at_age_in(std::chrono::milliseconds delay) {
    call_at(age_timer_, steady_now() + delay, [this] { look_at_age(); });
}

void app::on_read(store::sequence from, store::result<std::vector<store::stored_message>> found) {
    if (found) {
        delivery_->on_read(from, std::move(*found));
    } else {
        queue_news_.on_read_failed(found.error());
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
        broker_news_.forget_connection();
    }
    queue_news_.on_salvaged(found, stamp_now());
    purge_.on_failed("the queue file was damaged, and is made anew; ask again");
    writes_.on_salvaged();
    store_->go_on(found);
    store_->read_inbox(store::inbox_number{1}, limits::read_messages, limits::read_bytes);
    if (stage_ == stage::leaving) return;
    client_->start();
    pump();
    if (stage_ != stage::running) continue_stop();
}

void app::on_store_failed(const store::error& why, backlog behind) {
    queue_news_.on_failed(why, behind, stamp_now());
    purge_.on_failed(why.detail());
    if (stage_ != stage::running) continue_stop();
}

// ---- The clock ----

/// When it is first known to be right in this boot, what was taken before that is put right: readings when they are sent.
void app::look_at_clock(const store::stamp& now) {
    const clock_news news = clock_->look(now);
    tell_clock_news(log_, news, !boot_id_.empty());
    if (!news.boot_offset_ms) return;
    store_->set_boot_offset(*news.boot_offset_ms);
    date_by(*news.boot_offset_ms);
}

void app::date_by(std::int64_t boot_offset_ms) {
    delivery_->set_boot_offset(boot_offset_ms);
    device_news_.set_boot_offset(boot_offset_ms);
    queue_news_.set_boot_offset(boot_offset_ms);
}

// ---- Commands: session → inbox → engine → bus threads, and back ----

writes::paths app::paths_of_writes() {
    return {[this](std::size_t bus, bus_order order) { buses_[bus]->order(std::move(order)); },
            [this](std::vector<store::message> answers, save_request with) {
                store_->append(std::move(answers), delivery_->takes_fresh(), std::move(with));
                look_at_writes();
            },
            [this](save_request request) { store_->save(std::move(request)); },
            [this] {
                return write_engine::moment{steady_now(), {stamp_now(), clock_->boot_offset_ms()}};
            }};
}

void app::look_at_writes() {
    if (const auto next = writes_.next_deadline())
        call_at(write_timer_, *next, [this] {
            writes_.on_time();
            look_at_writes();
        });
}

void app::on_read_inbox(store::result<std::vector<store::waiting_message>> found) {
    if (found) writes_.on_read_inbox(std::move(*found));
}

// ---- The session ----

void app::pump() {
    const store::stamp now = stamp_now();
    look_at_clock(now);
    delivery_->pump(steady_now(), now);
    look_at_writes();
    if (const auto read = delivery_->wanted()) store_->read(read->from, read->messages, read->bytes);
    if (const auto next = delivery_->next_deadline()) call_at(pump_timer_, *next, [this] { pump(); });
    client_->flush();
    if (stage_ == stage::draining) continue_stop();
}

void app::set_status(const std::string& topic, std::string text) {
    live_->on_status(topic, text);
    if (config_.mqtt.status_topics) delivery_->set_status(topic, std::move(text), steady_now());
}

void app::on_effect(const mqtt::effect& what) {
    live_->on_effect(what, steady_now());
    if (std::holds_alternative<mqtt::offline>(what)) return on_offline(what);
    broker_news_.tell(what);
    if (const auto* wanted = std::get_if<mqtt::save>(&what)) {
        save_request request = save_request_of(*wanted);
        request.park.swap(parked_);
        writes_.add_to(request);
        store_->save(std::move(request));
    }
    if (const auto* message = std::get_if<mqtt::received>(&what)) writes_.on_received(*message);
    if (const auto* answered = std::get_if<mqtt::subscribed>(&what)) writes_.on_subscribed(*answered);
    if (const auto* online = std::get_if<mqtt::online>(&what)) writes_.on_online(online->session_present);
    if (const auto* refused = std::get_if<mqtt::message_refused>(&what))
        parked_.push_back({to_store(refused->sequence), refused->reason_code, refused->reason});
}

void app::on_offline(const mqtt::effect& what) {
    delivery_->on_offline();
    if (stage_ == stage::leaving) return finish_stop();
    writes_.on_offline();
    broker_news_.tell(what);
    if (stage_ == stage::draining) continue_stop();
}

// ---- Leaving ----

void app::begin_stop(int signal) {
    if (stage_ != stage::running) return;
    log_.info("stopping", {{"signal", signal}});
    stage_ = stage::draining;
    writes_.begin_stop();
    for (const auto& bus : buses_) bus->stop();  // hands over what has been read
    writes_.finish_all();
    store_->flush();
    call_at(stop_timer_, steady_now() + limits::drain_on_stop, [this] {
        if (stage_ == stage::draining) say_goodbye();
    });
    continue_stop();
}

/// Waits until all that was read is durable, and, while the broker is there, until the queue is empty.
void app::continue_stop() {
    if (stage_ != stage::draining) return;
    if (session_->is_online() && !delivery_->drained()) return;
    // Acknowledgements that came since would otherwise wait for their lazy commit.
    if (!store_->idle() && !queue_news_.has_failed()) return store_->flush();
    say_goodbye();
}

void app::say_goodbye() {
    stage_ = stage::leaving;
    stop_timer_.cancel();
    if (session_->is_online()) {
        set_status(gateway_status_topic(config_), "offline");
        client_->flush();
    }
    client_->stop(limits::disconnect_on_stop, [this] { finish_stop(); });
}

void app::finish_stop() {
    control_.stop();
    if (store_) store_->stop();  // commits the last acknowledgements
    loop_.stop();
    const backlog lost = store_ ? store_->behind() : backlog{};
    queue_news_.on_closed(lost);
    log_.info("stopped", {{"accepted", accepted_}, {"lost", lost.waiting + lost.unwritten}});
}

int run_service(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, const log& logger) {
    return app(config, std::move(buses), logger).run();
}

}  // namespace gateway
