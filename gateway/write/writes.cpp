// gateway/write/writes.cpp: carrying out, in order, what the engine says.
#include "gateway/write/writes.hpp"

#include <algorithm>
#include <utility>

#include "gateway/clock.hpp"
#include "gateway/delivery/session_state.hpp"
#include "gateway/limits.hpp"

namespace gateway {
namespace {

constexpr std::size_t messages_at_once = 100;
constexpr std::size_t bytes_at_once = 1u << 20;

/// What the engine asks of a message, and no more of it: it comes from the wire and goes into the inbox.
mqtt::received within_bounds(const mqtt::received& from) {
    mqtt::received to = from;
    to.payload = from.payload.substr(0, largest_command + 1);
    mqtt::property_set kept;
    const auto small = [](const std::optional<std::string>& text) { return text && text->size() <= 1024; };
    if (small(from.properties.response_topic)) kept.response_topic = from.properties.response_topic;
    if (small(from.properties.correlation_data)) kept.correlation_data = from.properties.correlation_data;
    kept.message_expiry_interval = from.properties.message_expiry_interval;
    for (const auto& each : from.properties.user)
        if ((each.first == "who" || each.first == "client" || each.first == "user") && kept.user.empty() &&
            each.second.size() <= 256)
            kept.user.push_back(each);
    to.properties = kept;
    return to;
}

}  // namespace

writes::writes(const config::file& config, const log& to, paths how)
    : config_(config), log_(to), paths_(std::move(how)), engine_(config) {}

void writes::look_back(store::queue& in) {
    const auto audit = in.read_audit(store::audit_number{INT64_MAX}, limits::audit_entries_at_start);
    if (!audit) return log_.warning("commands_unknown", {{"reason", audit.error().detail()}});
    std::vector<std::string> sent;
    for (const auto& each : *audit) sent.push_back(identity_in(each.text));
    engine_.know_sent(sent);
    for (std::int64_t from = 1;;) {
        auto waiting = in.read_inbox(store::inbox_number{from}, messages_at_once, bytes_at_once);
        if (!waiting) return log_.warning("commands_unknown", {{"reason", waiting.error().detail()}});
        if (waiting->empty()) return;
        from = number(waiting->back().number) + 1;
        std::move(waiting->begin(), waiting->end(), std::back_inserter(left_behind_));
    }
}

void writes::begin() {
    for (const auto& each : std::exchange(left_behind_, {})) engine_.on_left_behind(each, paths_.now());
    engine_.on_offline(paths_.now());  // until there is a broker
    carry_out();
}

std::vector<mqtt::subscription> writes::subscriptions() const {
    if (!config_.writes || !engine_.has_writable()) return {};
    std::vector<mqtt::subscription> wanted;
    for (const char* const levels : {"/set/+", "/set/+/+"}) {
        mqtt::subscription one;
        one.filter = "tidegate/" + config_.gateway_id + levels;
        one.qos = static_cast<mqtt::qos>(std::min(2, config_.mqtt.max_qos));
        one.retain_as_published = true;
        wanted.push_back(std::move(one));
    }
    return wanted;
}

void writes::on_received(const mqtt::received& what) {
    intake_.on_received(kept(within_bounds(what), stamp_now()));
    if (what.qos != mqtt::qos::at_most_once) return;  // a save of the session's follows
    save_request own;
    intake_.add_to(own);
    paths_.save(std::move(own));
}

void writes::on_subscribed(const mqtt::subscribed& what) {
    if (mqtt::is_error(what.reason)) {
        log_.error("commands_not_subscribed", {{"filter", what.filter}, {"reason", mqtt::phrase(what.reason)}});
    } else {
        log_.info("commands_subscribed", {{"filter", what.filter}, {"qos", static_cast<int>(what.reason)}});
    }
}

bool writes::on_committed(const committed& done) {
    const auto now = intake_.on_committed(done);
    for (const auto& each : now.messages) take(each);
    if (intake_.wants_retry() && !retry_at_) {
        retry_at_ = paths_.now().steady + limits::store_retry;
        log_.warning("commands_wait", {{"reason", "the inbox of the queue file has no room"}});
    }
    carry_out();
    return now.may_acknowledge;
}

void writes::take(const store::waiting_message& what) {
    open_.insert(number(what.number));
    engine_.on_command(what, paths_.now());
}

/// After damage: what the engine doesn't have it has had, or never got.
void writes::on_read_inbox(std::vector<store::waiting_message> found) {
    for (const auto& each : found)
        if (!open_.contains(number(each.number))) engine_.on_left_behind(each, paths_.now());
    carry_out();
}

void writes::on_written(const write_event& what) {
    engine_.on_written(what, paths_.now());
    carry_out();
}

void writes::on_read_back(const read_back_event& what) {
    engine_.on_read_back(what, paths_.now());
    carry_out();
}

void writes::on_online(bool session_present) {
    engine_.on_online(session_present, paths_.now());
    carry_out();
}

void writes::on_offline() {
    engine_.on_offline(paths_.now());
    carry_out();
}

void writes::on_time() {
    const auto now = paths_.now();
    if (retry_at_ && now.steady >= *retry_at_) {
        retry_at_.reset();
        paths_.save(intake_.retry());
    }
    engine_.on_time(now);
    carry_out();
}

void writes::begin_stop() {
    engine_.begin_stop(paths_.now());
    carry_out();
}

void writes::finish_all() {
    engine_.finish_all(paths_.now());
    carry_out();
}

void writes::follow(const config::file& was, const renumbering& to) {
    engine_.follow(was, to, paths_.now());
    carry_out();
}

std::optional<write_engine::time_point> writes::next_deadline() const {
    auto next = engine_.next_deadline();
    if (retry_at_) next = next ? std::min(*next, *retry_at_) : *retry_at_;
    return next;
}

void writes::carry_out() {
    for (auto& [bus, order] : engine_.take_orders()) paths_.order(bus, std::move(order));
    const auto news = engine_.take_news();
    if (news.empty()) return;
    std::vector<store::message> answers;
    save_request with;
    for (const write_news& each : news) {
        answers.push_back(answer(config_.gateway_id, each));
        tell(each);
        if (!each.is_final) continue;
        with.audit.push_back(audit_entry_of(each));
        if (!each.number) continue;
        with.handled.push_back(*each.number);
        open_.erase(number(*each.number));
    }
    with.barrier = true;  // somebody waits for the answer
    paths_.keep(std::move(answers), std::move(with));
    for (const write_news& each : news) paths_.told(each);
}

/// The journal is the audit for those who have no access to the queue file: a line for each command, with who and what.
void writes::tell(const write_news& what) const {
    if (!what.is_final) return;
    const bool good = what.stage == write_stage::accepted || what.stage == write_stage::verified;
    const std::string reason = what.reason == write_reason::none ? std::string() : std::string(name_of(what.reason));
    log_.write(good ? level::info : level::warning, "write",
               {{"device", what.what.device.substr(0, 64)},
                {"point", points_of(what.what).substr(0, 200)},
                {"value", value_json(what.what).substr(0, 200)},
                {"old", what.old_value.substr(0, 200)},
                {"who", what.who},
                {"id", what.what.id},
                {"stage", name_of(what.stage)},
                {"reason", reason},
                {"detail", what.detail},
                {"ms", what.ms}});
}

}  // namespace gateway
