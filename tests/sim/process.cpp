// tests/sim/process.cpp: see process.hpp.
// Not here: what may go wrong around it (world.cpp).
#include "tests/sim/process.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/delivery/session_state.hpp"
#include "gateway/limits.hpp"

namespace sim {

namespace limits = gateway::limits;

namespace {

std::optional<mqtt::time_point> first_of(std::optional<mqtt::time_point> a, std::optional<mqtt::time_point> b) {
    return a && b ? std::min(a, b) : a ? a : b;
}

}  // namespace

process::process(store::queue opened, const store::recovery& found, const process_options& how, witness& by)
    : how_(how), by_(by), queue_(std::move(opened)), commits_(how_.commit_every, how_.when_full) {
    begin_session(found);
    auto waiting = queue_.read_inbox(store::inbox_number{1}, 1'000'000, SIZE_MAX);
    if (!waiting) return;  // the world reads it too, and judges
    for (const auto& each : *waiting) inbox_.push_back(each.number);
}

void process::begin_session(const store::recovery& found) {
    session_ = std::make_unique<mqtt::session>(how_.session, gateway::saved_state_of(found), how_.seed);
    delivery_ = std::make_unique<gateway::delivery>(*session_, found.last);
}

void process::start(const moment& at) {
    heal_at_ = at.now;
    session_->start(at.now);
    settle(at);
}

void process::on_time(const moment& at) {
    session_->on_time(at.now);
    settle(at);
}

void process::settle(const moment& at) {
    take_effects(at);
    delivery_->pump(at.now, at.clock);
    if (const auto read = delivery_->wanted()) reads_.push_back(*read);
    take_effects(at);
    by_.on_settled();
}

void process::take_effects(const moment& at) {
    session_->take_effects(effects_);
    for (const auto& each : effects_) carry_out(each, at);
}

void process::carry_out(const mqtt::effect& what, const moment& at) {
    by_.on_effect(what);
    if (const auto* const wanted = std::get_if<mqtt::save>(&what)) {
        gateway::save_request request = gateway::save_request_of(*wanted);
        request.park.swap(parked_);
        request.receive.swap(received_);
        saved_ = request.position;
        commits_.save(std::move(request), at.now);
    } else if (const auto* const message = std::get_if<mqtt::received>(&what)) {
        if (message->qos != mqtt::qos::at_most_once) received_.push_back(gateway::kept(*message, at.clock));
    } else if (const auto* const refused = std::get_if<mqtt::message_refused>(&what)) {
        parked_.push_back({gateway::to_store(refused->sequence), refused->reason_code, refused->reason});
    } else if (std::holds_alternative<mqtt::offline>(what)) {
        delivery_->on_offline();
    }
}

std::uint64_t process::append(std::vector<store::message> messages) {
    return commits_.append(std::move(messages), delivery_->takes_fresh());
}

void process::handle(std::size_t most, const moment& at) {
    gateway::save_request request;
    request.position = saved_;
    for (; most > 0 && !inbox_.empty(); --most) {
        request.handled.push_back(inbox_.front());
        inbox_.pop_front();
    }
    if (!request.handled.empty()) commits_.save(std::move(request), at.now);
}

bool process::tell(const moment& at) {
    if (posted_.empty()) return false;
    event next = std::move(posted_.front());
    posted_.pop_front();
    if (auto* const done = std::get_if<gateway::committed>(&next)) {
        on(std::move(*done), at.now);
    } else if (const auto* const salvaged = std::get_if<store::recovery>(&next)) {
        begin_anew(*salvaged, at);
    } else if (auto* const read = std::get_if<read_answer>(&next)) {
        if (read->found) {
            delivery_->on_read(read->from, std::move(*read->found));
        } else {
            delivery_->on_read_failed(at.now + limits::store_retry);
        }
    }
    settle(at);
    return true;
}

void process::begin_anew(const store::recovery& found, const moment& at) {
    by_.on_salvaged(found, queue_);
    begin_session(found);
    parked_.clear();
    received_.clear();
    saved_ = 0;
    commits_.begin_anew(found.last, found.cursor.acked);
    reads_.clear();
    on_hold_ = false;
    session_->start(at.now);
}

void process::on(gateway::committed done, mqtt::time_point now) {
    const std::int64_t first = number(done.report.first_received);
    for (std::size_t i = 0; i < done.received.size(); ++i)
        inbox_.push_back(store::inbox_number{first + static_cast<std::int64_t>(i)});
    delivery_->on_committed(done.report, std::move(done.messages), done.keep);
    if (done.saved_up_to == 0) return;
    by_.on_told(done.saved_up_to);
    session_->on_durable(mqtt::log_position{done.saved_up_to}, now);
}

bool process::work(mqtt::time_point now) {
    if (on_hold_) return false;
    if (working_ != nullptr) {
        commit(now);
        return true;
    }
    if (heal_at_ && *heal_at_ <= now) {
        heal_at_.reset();
        if (!queue_.try_to_heal()) heal_at_ = now + limits::store_retry;
        return true;
    }
    if (const auto due = commits_.due(); due && *due <= now) {
        working_ = &commits_.begin(now);
        by_.on_commit_begun(*working_, saved_);
        if (how_.told_before_commit && saved_ != 0) session_->on_durable(mqtt::log_position{saved_}, now);
        return true;
    }
    if (reads_.empty()) return false;
    const gateway::log_read what = reads_.front();
    reads_.pop_front();
    read(what, now);
    return true;
}

void process::read(const gateway::log_read& what, mqtt::time_point now) {
    auto found = queue_.read(what.from, what.messages, what.bytes);
    by_.on_read(what.from, found);
    if (!found && found.error().code() == store::errc::damaged && how_.salvages && salvage(found.error(), now)) return;
    posted_.push_back(read_answer{what.from, std::move(found)});
}

bool process::salvage(const store::error& why, mqtt::time_point now) {
    store::recovery found;
    if (!queue_.salvage(why, found)) {
        commits_.rest(now);
        posted_.push_back(failed{});
        return false;
    }
    if (const auto settled = commits_.take_settled()) {
        const auto kept = queue_.commit(*settled);
        if (kept && settled->cursor) found.cursor = *settled->cursor;
        found.ledger = queue_.ledger();
    }
    commits_.forget_session();
    reads_.clear();
    on_hold_ = true;
    posted_.push_back(std::move(found));
    return true;
}

void process::commit(mqtt::time_point now) {
    const auto report = queue_.commit(*std::exchange(working_, nullptr));
    by_.on_commit_done(report);
    if (report && report->disk_full && !heal_at_) heal_at_ = now + limits::store_retry;
    if (report) {
        posted_.push_back(commits_.on_durable(*report));
    } else if (how_.saves_dropped) {
        gateway::committed lost = commits_.on_durable({});
        lost.messages.clear();
        posted_.push_back(std::move(lost));
    } else {
        commits_.on_failed(now);
        if (report.error().code() == store::errc::damaged && how_.salvages)
            salvage(report.error(), now);
        else
            posted_.push_back(failed{});
    }
}

std::optional<mqtt::time_point> process::loop_deadline() const {
    return first_of(session_->next_deadline(), delivery_->next_deadline());
}

std::optional<mqtt::time_point> process::deadline() const {
    const bool may_commit = working_ == nullptr && !on_hold_;
    const auto disk = first_of(heal_at_, may_commit ? commits_.due() : std::nullopt);
    return first_of(loop_deadline(), disk);
}

}  // namespace sim
