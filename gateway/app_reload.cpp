// gateway/app_reload.cpp: a new config takes the place of the one in force: only what it changes is stopped, started or made
// anew. Not here: what it changes (config_changes.hpp), reading it (config_reload.hpp).
//
// Order. The file is read and checked beside the loop; then, in one turn of it: secrets are fetched, the buses that end are
// stopped and what they have read is taken under the old config, the new one takes its place, the buses that begin are started.
// Another broker or session takes more than a turn: what is under way is finished, the connection closed, and the session begins
// anew from what the queue file says, as after a start; polling and the queue go on meanwhile.
#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "gateway/app.hpp"
#include "gateway/app_parts.hpp"
#include "gateway/bus/learned.hpp"
#include "gateway/clock_report.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/delivery/queue_options.hpp"
#include "gateway/limits.hpp"
#include "gateway/secrets.hpp"

namespace gateway {

void hold_reload_signal(bool hold) {
    sigset_t reload;
    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &reload, nullptr);
}

/// Those that came while the service started, too.
void app::take_reload_signals() {
    reload_signal_.async_wait([this](const auto& error, int) { on_reload_signal(error); });
    hold_reload_signal(false);
}

void app::on_reload_signal(const boost::system::error_code& error) {
    if (error) return;
    request_reload(nullptr);
    reload_signal_.async_wait([this](const auto& next, int) { on_reload_signal(next); });
}

/// However many ask while a file is being read, it is read once more after that.
void app::request_reload(std::shared_ptr<control_server::exchange> from) {
    if (stage_ != stage::running) {
        if (from) from->fail("the service is being stopped");
        return;
    }
    const bool later = reload_.is_reading() || changes_hands();
    if (from) (later ? ask_again_ : asked_).push_back(std::move(from));
    if (later) {
        reload_again_ = true;
        return;
    }
    notify_.send(reloading_text(steady_now()));
    reload_.begin();
}

void app::on_config_read(config_reading found) {
    if (stage_ != stage::running) return answer_reload({}, "the service is being stopped");
    if (changes_hands()) {  // it has begun while the file was read, which is read once more when it is done
        reload_again_ = true;
        ask_again_.insert(ask_again_.begin(), asked_.begin(), asked_.end());
        asked_.clear();
    } else if (found.fault.empty()) {
        adopt(std::move(found));
    } else {
        refuse_config(found);
    }
    notify_.send(ready_text(in_words(figures())));
    end_leaving();
}

/// The one connection is about to be closed, and the other one isn't there yet.
bool app::changes_hands() const { return leaving_ == leaving::closing || leaving_ == leaving::reopening; }

/// Another file may have come meanwhile.
void app::end_leaving() {
    if (!next_uplink_ && leaving_ != leaving::reopening) leaving_ = leaving::no;
    // Who asked for what is being read now is answered first.
    if (changes_hands() || reload_.is_reading() || stage_ != stage::running || !std::exchange(reload_again_, false)) return;
    asked_ = std::exchange(ask_again_, {});
    notify_.send(reloading_text(steady_now()));
    reload_.begin();
}

void app::refuse_config(const config_reading& found) {
    log_.error("reload_refused", {{"reason", found.fault}, {"consequence", "nothing was changed"}});
    live_->on_reload_failed(found.fault);
    answer_reload(found.diagnostics, found.fault + "; nothing was changed");
}

void app::answer_reload(const std::vector<std::string>& lines, const std::string& fault) {
    for (const auto& each : std::exchange(asked_, {})) {
        for (const auto& line : lines) {
            std::string text;
            append_json(text, value{line});
            if (!each->reply(R"({"text":)" + text + '}')) break;
        }
        fault.empty() ? each->succeed() : each->fail(fault);
    }
}

void app::adopt(config_reading found) {
    config::file next = std::move(*found.of->config);
    config_changes what = compare(config_, next);
    keep_what_needs_restart(config_, next);
    try {
        if (next.http && !serves_http_as(*next.http)) what.http = true;
        uplink fetched = uplink_of(next);  // a secret may be another one though it is where it was
        const uplink& known = next_uplink_ ? *next_uplink_ : uplink_;
        const bool same_files = same_tls_files(known, fetched);
        what.mqtt = what.mqtt || !same_files || !same_secrets(known, fetched);
        if (what.mqtt) {
            const bool other_broker = uplink_.session.broker != fetched.session.broker;
            const bool other_client = uplink_.session.client_id != fetched.session.client_id;
            awaits_broker_ = other_client && !other_broker;
            farewell_ = other_broker || other_client || !next.mqtt.status_topics;
            next_uplink_ = std::move(fetched);
        }
    } catch (const std::runtime_error& failed) {
        found.fault = failed.what();
        found.diagnostics.push_back("error: " + found.fault + '\n');
        return refuse_config(found);
    }
    const auto said = in_words(what);
    for (const auto& line : said) log_.info("reload", {{"change", line}});
    for (const auto& key : what.for_restart)
        log_.warning("restart_needed", {{"key", key}, {"consequence", "its old value stays until the service is restarted"}});
    for (const auto& topic : statuses_gone(config_, next)) {
        live_->on_status_gone(topic);
        if (config_.mqtt.status_topics) delivery_->clear_status(topic, steady_now());
    }
    adopt_buses(found, what, std::move(next));
    live_->on_loaded(stamp_now());
    live_->set_source(found.of->path, found.of->warnings);
    const std::string unserved = adopt_http(what);
    start_pages_ = true;
    adopt_store(what);
    for (const auto& line : said) found.diagnostics.push_back(line + '\n');
    if (!unserved.empty()) found.diagnostics.push_back("warning: http isn't served now, and is tried again: " + unserved + '\n');
    answer_reload(found.diagnostics, "");
    pump();
}

void app::adopt_buses(config_reading& found, const config_changes& what, config::file next) {
    const auto commands_before = writes_.subscriptions();
    auto& opened = found.of->buses;
    for (const auto& to : what.buses)
        if (to) opened[*to].reset();  // it was made only to be checked
    visits_.see_all_off("the service takes a new config; ask again");
    buses_.stop_and_renumber(what.buses, next.buses.size());
    const config::file was = std::exchange(config_, std::move(next));
    if (what.clock) trust_clock(config_.clock);
    pipeline made(config_, epoch_);
    made.take_state_of(pipeline_, was, config_);
    pipeline_ = std::move(made);
    device_news_.follow(what.buses);
    bus_news_.follow(what.buses);
    live_->follow(what.buses);
    writes_.follow(was, what.buses);
    visits_.follow(std::move(found.of->held), {found.of, &found.of->adapters});
    recall_in(opened);
    buses_.add(config_, std::move(opened), {found.of, &found.of->adapters});
    traces_.on_reloaded();
    buses_.start(steady_now());
    // With another session they are asked for anyway.
    const auto commands = writes_.subscriptions();
    if (what.mqtt || commands.empty() == commands_before.empty()) return;
    if (!commands.empty()) return session_->subscribe(commands, {}, steady_now());
    std::vector<std::string> filters;
    for (const auto& each : commands_before) filters.push_back(each.filter);
    session_->unsubscribe(std::move(filters), {}, steady_now());
}

void app::adopt_store(const config_changes& what) {
    if (what.buffer && !what.mqtt) reopen_store(session_fate::goes_on);
    if (what.mqtt) leave_broker();
}

void app::reopen_store(session_fate session) {
    store_->reopen(
        [how = queue_options(config_.buffer, boot_id_)](store::recovery& found) { return store::queue::open(how, found); },
        [buffer = config_.buffer](const store::recovery& found) { return commits_of(buffer, found); }, session);
}

app::uplink app::uplink_of(const config::file& config) {
    uplink found{connections(config.mqtt),
                 session_options(config, {gateway_status_topic(config), "offline", mqtt::qos::at_least_once, true}),
                 {},
                 {}};
    if (config.mqtt.password) found.password = fetch(*config.mqtt.password).value();
    const auto encrypted = std::find_if(found.servers.begin(), found.servers.end(),
                                        [](const auto& each) { return mqtt::is_tls(each.endpoint.scheme); });
    if (encrypted != found.servers.end()) found.tls_files = mqtt::content_of_files(encrypted->tls);  // all have the same
    return found;
}

/// Files that were renewed are taken by a connection that works only if they work, too. One that can't be read now, perhaps
/// since it is just being renewed, is no other one. Throws if they don't work.
bool app::same_tls_files(const uplink& one, const uplink& other) {
    if (one.tls_files.empty() || other.tls_files.empty() || one.tls_files == other.tls_files) return true;
    const auto fault = mqtt::fault_in_files(other.servers.front().tls);
    if (!fault.empty()) throw std::runtime_error("mqtt.tls: " + fault);
    return false;
}

bool app::same_secrets(const uplink& one, const uplink& other) {
    if (one.password != other.password || one.servers.size() != other.servers.size()) return false;
    for (std::size_t i = 0; i < one.servers.size(); ++i) {
        const auto& a = one.servers[i];
        const auto& b = other.servers[i];
        if (a.tls.key_password != b.tls.key_password || a.websocket_headers != b.websocket_headers) return false;
        if (a.proxy && b.proxy && a.proxy->password != b.proxy->password) return false;
    }
    return true;
}

// ---- Another broker or session ----

/// What the broker may have of ours is finished first: another session knows nothing of it. A broker that is away, and is to
/// be this one again under another client's id, is waited for: nothing could be delivered meanwhile anyway.
void app::leave_broker() {
    if (leaving_ == leaving::settling) return;  // it goes on towards the newest config
    leaving_ = leaving::settling;
    delivery_->hold();
    if (awaits_broker_ && !session_->is_online() && !delivery_->settled())
        log_.warning("broker_awaited", {{"reason", "the session that ends has messages under way"},
                                        {"remedy", "restart the service to give them up"}});
    seen_online_ = false;
    settle();
}

/// Until it has had its time on a connection.
void app::settle() {
    call_at(stop_timer_, steady_now() + limits::settle_before_leaving, [this] {
        if (leaving_ != leaving::settling) return;
        const bool had_its_time = std::exchange(seen_online_, session_->is_online());
        if (!awaits_broker_ || (had_its_time && seen_online_)) return on_left_broker();
        settle();
    });
}

void app::continue_leaving() {
    if (!delivery_->settled() && (session_->is_online() || awaits_broker_)) return;
    on_left_broker();
}

void app::on_left_broker() {
    leaving_ = leaving::closing;
    stop_timer_.cancel();
    const bool settled = delivery_->settled();
    if (!settled)
        log_.warning(
            "broker_left_early",
            {{"in_flight", session_->in_flight()},
             {"consequence", "if the session is another one, these may arrive twice, or stay with the broker that has them"}});
    mqtt::farewell words;
    if (farewell_ && session_->is_online()) {
        delivery_->set_status(gateway_status_topic(config_), "offline", steady_now());
        if (settled && uplink_.session.version == mqtt::version::v5) words.properties.session_expiry_interval = 0;
    }
    client_->stop(
        limits::disconnect_on_stop,
        [this] {
            leaving_ = leaving::reopening;
            client_.reset();
            if (stage_ == stage::leaving) return;
            reopen_store(session_fate::begins_anew);
        },
        words);
}

void app::on_reopened(const store::recovery& found, bool held) {
    queue_news_.follow(config_.buffer);
    log_.info("queue_reopened", {{"path", config_.buffer.path}, {"queued", found.ledger.queued}});
    if (!held) {
        if (stage_ != stage::running) continue_stop();
        return;
    }
    if (leaving_ == leaving::reopening) leaving_ = leaving::no;
    on_salvaged(found);  // also if nothing was damaged: the session begins anew from what was found
}

}  // namespace gateway
