// gateway/app.cpp: wiring. Reading it top to bottom shows every part and every path between them.
#include "gateway/app.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <stdexcept>

#include "gateway/app_parts.hpp"
#include "gateway/bus/learned.hpp"
#include "gateway/clock_report.hpp"
#include "gateway/delivery/queue_options.hpp"
#include "gateway/delivery/session_state.hpp"
#include "gateway/limits.hpp"
#include "gateway/service/resident_pages.hpp"

namespace gateway {

std::string new_epoch() {
    std::random_device random;
    char text[13];
    std::snprintf(text, sizeof text, "%06x%06x", random() & 0xFF'FFFF, random() & 0xFF'FFFF);
    return text;
}

std::string gateway_status_topic(const config::file& config) { return "tidegate/" + config.gateway_id + "/status"; }

app::app(std::shared_ptr<site> from, const log& logger)
    : config_(std::move(*from->config)),
      log_(logger),
      uplink_(uplink_of(config_)),
      signals_(loop_, SIGTERM, SIGINT),
      reload_signal_(loop_, SIGHUP),
      care_timer_(loop_),
      stop_timer_(loop_),
      age_timer_(loop_),
      pump_timer_(loop_),
      write_timer_(loop_),
      pipeline_(config_, epoch_),
      device_news_(config_, logger, [this](const auto& topic, auto text) { set_status(topic, std::move(text)); }),
      bus_news_(config_, [this](const auto& topic, auto text) { set_status(topic, std::move(text)); }),
      queue_news_(config_, logger, [this](const auto& topic, auto text) { set_status(topic, std::move(text)); }),
      broker_news_(config_, uplink_.servers, logger),
      writes_(config_, logger, paths_of_writes()),
      visits_(config_, std::move(from->held), {from, &from->adapters}, logger, paths_of_visits()),
      buses_(loop_, health_, [this](std::vector<bus_event> events) { on_bus_events(std::move(events)); }),
      reload_(loop_, from->path, [this](config_reading found) { on_config_read(std::move(found)); }) {
    trust_clock(config_.clock);
    // A damaged file is salvaged first.
    notify_.send(patience_text(limits::salvage_hangs));
    open_store(from);
    set_status(gateway_status_topic(config_), "online");
    tell_service();
    open_control();
    std::ignore = open_http();  // why it isn't served has been logged
    look_at_clock(stamp_now());
    if (!clock_->boot_offset_ms()) tell_unset_clock(log_, last_clock_evidence());
}

void app::open_store(const std::shared_ptr<site>& from) {
    store::recovery found;
    auto queue = store::queue::open(queue_options(config_.buffer, boot_id_), found);
    if (!queue) throw std::runtime_error(queue.error().detail());
    const auto memories = queue->recall();
    if (!memories) throw std::runtime_error(memories.error().detail());

    clock_.emplace(found.boot_offset_ms);
    started_ = stamp_now();
    live_.emplace(config_, found, steady_now());
    live_->on_loaded(started_);
    live_->set_started(started_);
    live_->set_source(from->path, from->warnings);
    begin_session(found);
    if (found.boot_offset_ms) date_by(*found.boot_offset_ms);
    queue_news_.on_opened(found, stamp_now());
    writes_.look_back(*queue);
    // Before anything else is done: however soon this life ends, the next one knows of it.
    record_ = record_of_start(*memories, boot_id_);
    store::transaction start;
    start.remember.push_back(memory_of_running(record_));
    const bool noted = queue->commit(start).has_value();
    store_ = std::make_unique<store_thread>(
        std::move(*queue), commits_of(config_.buffer, found), loop_,
        store_events{[this](committed done) { on_committed(std::move(done)); },
                     [this](store::sequence first, auto messages) { on_read(first, std::move(messages)); },
                     [this](const store::error& why, backlog behind) { on_store_failed(why, behind); },
                     [this](store::inbox_number, auto messages) { on_read_inbox(std::move(messages)); },
                     [this](const store::recovery& salvaged) { on_salvaged(salvaged); },
                     [this](const store::recovery& again, bool held) { on_reopened(again, held); },
                     [this](const std::optional<store::stored_message>& oldest) { live_->on_oldest(oldest); }},
        health_.add("store"));
    if (!noted) {
        save_request again;  // as soon as the disk takes it
        again.remember = std::move(start.remember);
        store_->save(std::move(again));
    }
    memories_ = *memories;
    recall_in(from->buses);
    buses_.add(config_, std::move(from->buses), {from, &from->adapters});
}

/// Null: there is none.
bus_thread* app::bus_named(const std::string& name) const {
    for (std::size_t bus = 0; bus < buses_.size(); ++bus)
        if (config_.buses[bus].name == name) return &buses_.at(bus);
    return nullptr;
}

/// Hands adapters what they learned in an earlier life, and forgets what is of no use any more.
void app::recall_in(const std::vector<std::unique_ptr<adapter_bus>>& buses) {
    recollection found = recall_learned(memories_, config_);
    for (const auto& each : found.learned)
        if (buses[each.bus]) buses[each.bus]->recall(each.device, each.text);
    if (found.stale.empty()) return;
    std::erase_if(memories_, [&](const auto& each) {
        return std::find(found.stale.begin(), found.stale.end(), each.name) != found.stale.end();
    });
    save_request request;
    request.forget = std::move(found.stale);
    store_->save(std::move(request));
}

/// What the session is made of. After damage this happens again.
void app::begin_session(const store::recovery& found) {
    session_ = std::make_unique<mqtt::session>(uplink_.session, saved_state_of(found), std::random_device{}());
    delivery_ = std::make_unique<delivery>(*session_, found.last);
    if (clock_->boot_offset_ms()) delivery_->set_boot_offset(*clock_->boot_offset_ms());
    client_ = std::make_unique<mqtt::client>(
        loop_, uplink_.servers, *session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); });
    if (auto commands = writes_.subscriptions(); !commands.empty()) session_->subscribe(std::move(commands), {}, steady_now());
}

int app::run() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (!error) begin_stop(signal);
    });
    log_.info("started", {{"gateway", config_.gateway_id}, {"buses", buses_.size()}, {"broker", broker_name(config_.mqtt)}});
    if (record_.crashes_in_a_row > 0)
        log_.warning("not_stopped_in_order", {{"last_stop", name_of(record_.before)},
                                              {"in_a_row", record_.crashes_in_a_row},
                                              {"starts", record_.starts},
                                              {"consequence", "nothing that was durable is lost"}});
    broker_news_.tell_settings();
    look_at_age();
    writes_.begin();
    client_->start();
    buses_.start(steady_now());
    take_reload_signals();
    watchdog_.emplace(health_, loop_, notify_, log_);
    notify_.send(ready_text(in_words(figures())));
    look_after();
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
        if (const auto* visited = std::get_if<visit_event>(&event)) visits_.on_visited(*visited);
        if (const auto* traced = std::get_if<trace_event>(&event)) traces_.on_frames(config_.buses[traced->bus].name, *traced);
    }
    pump();
}

void app::keep_learned(const learned_event& what) {
    auto memory = memory_of_learned(config_.buses[what.bus], what.device, what.text);
    if (!memory) return;  // it will be learned again
    std::erase_if(memories_, [&](const auto& each) { return each.name == memory->name; });
    memories_.push_back(*memory);
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
    if (unlogged > 0 && client_) client_->flush();
    if (messages.empty()) return;
    const std::uint64_t dropped = store_->append(std::move(messages), delivery_->takes_fresh());
    if (dropped > 0) queue_news_.on_unwritten();
}

// ---- The store ----

void app::on_committed(committed done) {
    accepted_ += done.report.appended;
    live_->on_committed(done);
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
    log_.tell_held();
    if (start_pages_ && !reload_.is_reading() && steady_now() - live_->started() >= limits::look_at_age) {
        release_start_pages();
        start_pages_ = false;
    }
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
        begin_session_anew(found);
        parked_.clear();
    }
    queue_news_.on_salvaged(found, stamp_now());
    if (found.damage) purge_.on_failed("the queue file was damaged, and is made anew; ask again");
    writes_.on_salvaged();
    store_->go_on(found);
    store_->read_inbox(store::inbox_number{1}, limits::read_messages, limits::read_bytes);
    if (stage_ == stage::leaving) return;
    client_->start();
    pump();
    if (leaving_ != leaving::reopening) end_leaving();  // this was it
    if (stage_ != stage::running) continue_stop();
}

void app::begin_session_anew(const store::recovery& found) {
    client_.reset();
    if (next_uplink_) uplink_ = *std::exchange(next_uplink_, std::nullopt);
    const auto old = std::move(delivery_);
    begin_session(found);
    if (config_.mqtt.status_topics) {
        delivery_->take_status_of(*old);
        for (const auto& [topic, text] : live_->statuses()) delivery_->set_status(topic, text, steady_now());
    }
    broker_news_.forget_connection();
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
    live_->set_boot_offset(boot_offset_ms);
    if (store_) tell_service();
}

// ---- Commands: session → inbox → engine → bus threads, and back ----

writes::paths app::paths_of_writes() {
    return {[this](std::size_t bus, bus_order order) { buses_.order(bus, std::move(order)); },
            [this](std::vector<store::message> answers, save_request with) {
                store_->append(std::move(answers), delivery_->takes_fresh(), std::move(with));
                look_at_writes();
            },
            [this](save_request request) { store_->save(std::move(request)); },
            [this] {
                return write_engine::moment{steady_now(), {stamp_now(), clock_->boot_offset_ms()}};
            },
            [this](const write_news& what) {
                if (http_) http_->on_write_news(what);
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
    if (client_) client_->flush();
    if (leaving_ == leaving::settling) continue_leaving();
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
    if (leaving_ == leaving::no) broker_news_.tell(what);
    if (stage_ == stage::draining) continue_stop();
}

int run_service(std::shared_ptr<site> from, const log& logger) { return app(std::move(from), logger).run(); }

}  // namespace gateway
