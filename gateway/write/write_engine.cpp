// gateway/write/write_engine.cpp: from a message to an order, and from what the bus says to an answer.
// Not here: the judging of a command (write_judge.cpp).
#include "gateway/write/write_engine.hpp"

#include <algorithm>
#include <cassert>

#include "gateway/delivery/payload.hpp"
#include "gateway/limits.hpp"
#include "gateway/write/write_rules.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;

std::string shown(const value& what) {
    std::string text;
    append_json(text, what);
    return text;
}

}  // namespace

write_engine::write_engine(const config::file& config) : config_(config), buses_(config.buses.size()) { look_at_config(); }

/// What of it can be written, and what has to be known for that.
void write_engine::look_at_config() {
    for (std::size_t bus = 0; bus < config_.buses.size(); ++bus) {
        point_index first = 0;
        for (std::size_t device = 0; device < config_.buses[bus].devices.size(); ++device) {
            const auto& what = config_.buses[bus].devices[device];
            devices_.emplace(what.name, place{bus, device, &what, first});
            for (std::size_t i = 0; i < what.points.size(); ++i) {
                const auto& point = what.points[i];
                if (!point.writable) continue;
                const auto index = static_cast<point_index>(first + i);
                has_writable_ = true;
                buses_[bus].points.try_emplace(index);
                if (point.writable->fail_safe && config_.writes)
                    fail_safes_.push_back({bus, device, index, &point, std::nullopt});
                for (std::size_t j = 0; point.writable->only_if && j < what.points.size(); ++j)
                    if (what.points[j].name == point.writable->only_if->point)
                        buses_[bus].points.try_emplace(static_cast<point_index>(first + j));
            }
            first += static_cast<point_index>(what.points.size());
        }
    }
}

void write_engine::know_sent(const std::vector<std::string>& identities) {
    for (auto it = identities.rbegin(); it != identities.rend(); ++it)
        if (!it->empty()) remember_id(*it);
}

/// False: it was there.
bool write_engine::remember_id(const std::string& identity) {
    if (!sent_ids_.insert(identity).second) return false;
    sent_order_.push_back(identity);
    if (sent_order_.size() > limits::command_ids) {
        sent_ids_.erase(sent_order_.front());
        sent_order_.pop_front();
    }
    return true;
}

/// Nothing of it was sent, so it may come again.
void write_engine::forget_id(const std::string& identity) {
    if (identity.empty() || sent_ids_.erase(identity) == 0) return;
    sent_order_.erase(std::find(sent_order_.begin(), sent_order_.end(), identity));
}

// ---- In ----

void write_engine::on_command(const store::waiting_message& what, const moment& now) {
    command made = command_of(what, now);
    if (const auto fault = judge(made, what.message, now)) {
        // The id is another one's, or nobody's.
        return finish(std::move(made), write_stage::rejected, fault->reason, fault->detail, now);
    }
    if (changes_nothing(made, now)) return finish(std::move(made), write_stage::verified, write_reason::unchanged, "", now);
    const std::string identity = identity_of(made.news.what);
    if (!identity.empty()) remember_id(identity);
    enqueue(std::move(made), now);
}

void write_engine::on_left_behind(const store::waiting_message& what, const moment& now) {
    command made = command_of(what, now);
    auto target = target_of(config_.gateway_id, what.message.topic);
    if (target) {
        std::ignore = read_payload(what.message.payload, *target);
        made.news.what = std::move(*target);
    }
    made.news.sent = true;  // for all that can be known
    if (const std::string identity = identity_of(made.news.what); !identity.empty()) remember_id(identity);
    finish(std::move(made), write_stage::timeout, write_reason::gateway_restarted,
           "unknown: the gateway restarted while it had this command; it may have been carried out and isn't any more", now);
}

void write_engine::on_readings(const cycle& done) {
    auto& known = buses_[done.bus].points;
    if (known.empty()) return;
    for (const reading& each : done.readings) {
        const auto found = known.find(each.point);
        if (found == known.end()) continue;
        found->second.current = each.value;
        found->second.read_at = done.taken_steady;
    }
}

void write_engine::on_online(bool session_present, const moment& now) {
    for (auto& each : fail_safes_) each.due.reset();
    for (auto& bus : buses_)
        for (auto it = bus.waiting.begin(); it != bus.waiting.end();) {
            if (!it->fail_safe) {
                ++it;
                continue;
            }
            command dropped = std::move(*it);
            it = bus.waiting.erase(it);
            finish(std::move(dropped), write_stage::rejected, write_reason::superseded, "the broker is there again", now);
        }
    stale_until_.reset();
    if (!session_present) return;
    stale_until_ = now.steady + limits::stale_commands;
    stale_at_most_ = now.steady + limits::stale_commands_at_most;
}

void write_engine::on_offline(const moment& now) {
    for (auto& each : fail_safes_)
        if (!each.due) each.due = now.steady + each.what->writable->fail_safe->after;
}

void write_engine::on_time(const moment& now) {
    look_at_fail_safes(now);
    for (auto& bus : buses_) {
        look_at_waiting(bus, now);
        look_at_verifying(bus, now);
    }
}

void write_engine::begin_stop(const moment& now) {
    stopping_ = true;
    fail_safes_.clear();
    for (auto& bus : buses_)
        for (auto& each : std::exchange(bus.waiting, {}))
            finish(std::move(each), write_stage::rejected, write_reason::stopping, "the gateway is being stopped", now);
}

void write_engine::finish_all(const moment& now) {
    for (auto& bus : buses_) finish_bus(bus, "the gateway was stopped", now);
}

/// `why`: "the gateway was stopped"
void write_engine::finish_bus(bus_state& of, std::string_view why, const moment& now) {
    const std::string because(why);
    for (auto& each : std::exchange(of.waiting, {}))
        finish(std::move(each), write_stage::rejected, write_reason::stopping, because + " before this was sent", now);
    for (auto& each : std::exchange(of.verifying, {})) {
        const write_stage reached = each.news.stage;
        finish(std::move(each), reached, write_reason::stopping, because + " before this was read back", now);
    }
    if (!of.on_bus) return;
    command left = std::move(*of.on_bus);
    of.on_bus.reset();
    finish(std::move(left), write_stage::rejected, write_reason::stopping, because + " before this was sent", now);
}

void write_engine::follow(const config::file& was, const renumbering& to, const moment& now) {
    auto before = std::move(buses_);
    const auto fail_safes_before = std::exchange(fail_safes_, {});
    for (std::size_t bus = 0; bus < to.size(); ++bus)
        if (!to[bus]) finish_bus(before[bus], "a changed config stopped its bus", now);
    // What finish() wrote into fail_safes_ is of buses that are gone.
    buses_ = std::vector<bus_state>(config_.buses.size());
    devices_.clear();
    fail_safes_.clear();
    has_writable_ = false;
    look_at_config();
    for (std::size_t bus = 0; bus < to.size(); ++bus) {
        if (!to[bus]) continue;
        bus_state& here = buses_[*to[bus]];
        bus_state& there = before[bus];
        for (auto& [point, state] : here.points)
            if (const auto known = there.points.find(point); known != there.points.end()) state = known->second;
        const auto move_to = [&](command& each) {
            each.bus = *to[bus];
            const auto& device = config_.buses[each.bus].devices[each.device];
            for (item& one : each.items) one.what = &device.points[one.point - devices_.find(device.name)->second.first];
        };
        here.waiting = std::move(there.waiting);
        here.verifying = std::move(there.verifying);
        here.on_bus = std::move(there.on_bus);
        std::for_each(here.waiting.begin(), here.waiting.end(), move_to);
        std::for_each(here.verifying.begin(), here.verifying.end(), move_to);
        if (here.on_bus) move_to(*here.on_bus);
    }
    for (auto& each : fail_safes_)
        for (const auto& old : fail_safes_before)
            if (was.buses[old.bus].devices[old.device].name == config_.buses[each.bus].devices[each.device].name &&
                old.what->name == each.what->name)
                each.due = old.due;
}

// ---- Waiting, and to the bus ----

bool write_engine::overlaps(const command& a, const command& b) {
    return std::any_of(a.items.begin(), a.items.end(), [&](const item& x) {
        return std::any_of(b.items.begin(), b.items.end(), [&](const item& y) { return x.point == y.point; });
    });
}

/// All that `b` would write `a` writes as well.
bool write_engine::covers(const command& a, const command& b) {
    return std::all_of(b.items.begin(), b.items.end(), [&](const item& x) {
        return std::any_of(a.items.begin(), a.items.end(), [&](const item& y) { return x.point == y.point; });
    });
}

void write_engine::enqueue(command what, const moment& now) {
    const std::size_t bus = what.bus;
    auto& waiting = buses_[bus].waiting;
    for (auto it = waiting.begin(); it != waiting.end();) {
        if (!covers(what, *it)) {
            ++it;
            continue;
        }
        command older = std::move(*it);
        it = waiting.erase(it);
        finish(std::move(older), write_stage::rejected, write_reason::superseded, "a newer command came before this was sent",
               now);
    }
    what.ticket = ++tickets_;
    if (what.fail_safe) {
        waiting.push_front(std::move(what));
    } else {
        waiting.push_back(std::move(what));
    }
    dispatch(bus, now);
}

void write_engine::dispatch(std::size_t bus, const moment& now) {
    auto& of = buses_[bus];
    look_at_waiting(of, now);
    if (of.on_bus || of.waiting.empty() || stopping_) return;
    of.on_bus = std::move(of.waiting.front());
    of.waiting.pop_front();
    command& next = *of.on_bus;
    for (auto it = of.verifying.begin(); it != of.verifying.end();) {
        if (it->device != next.device || !overlaps(*it, next)) {
            ++it;
            continue;
        }
        command older = std::move(*it);
        it = of.verifying.erase(it);
        const write_stage reached = older.news.stage;
        finish(std::move(older), reached, write_reason::superseded, "a newer command went out before this was read back", now);
    }
    bus_order order{next.ticket, next.device, {}, {}, next.deadline};
    for (const item& each : next.items) order.items.push_back({each.point, each.value});
    orders_.emplace_back(bus, std::move(order));
}

void write_engine::look_at_waiting(bus_state& of, const moment& now) {
    for (auto it = of.waiting.begin(); it != of.waiting.end();) {
        if (now.steady <= it->deadline) {
            ++it;
            continue;
        }
        command late = std::move(*it);
        it = of.waiting.erase(it);
        finish(std::move(late), write_stage::timeout, write_reason::waited_too_long,
               "its bus was busy for so long that it wasn't sent", now);
    }
}

void write_engine::on_written(const write_event& what, const moment& now) {
    auto& of = buses_[what.bus];
    if (!of.on_bus || of.on_bus->ticket != what.ticket) return;
    command done = std::move(*of.on_bus);
    of.on_bus.reset();
    const auto& result = what.result;
    done.news.raw = result.sent;
    done.news.exception = result.exception;
    done.news.sent = !result.sent.empty() || result.outcome == TIDEGATE_WRITE_ACCEPTED ||
                     result.outcome == TIDEGATE_WRITE_PENDING || result.outcome == TIDEGATE_WRITE_UNANSWERED;
    if (what.what != write_event::fate::begun) done.news.sent = false;
    if (done.news.sent)
        for (const item& each : done.items) of.points[each.point].sent_at = what.ended;
    const auto end = [&](write_stage stage, write_reason reason, const std::string& detail) {
        finish(std::move(done), stage, reason, detail, now);
    };
    if (what.what == write_event::fate::too_late) {
        end(write_stage::timeout, write_reason::waited_too_long, "its bus was busy for so long that it wasn't sent");
    } else if (what.what == write_event::fate::offline) {
        end(write_stage::timeout, write_reason::offline, "the device doesn't answer; nothing was sent");
    } else if (what.what == write_event::fate::stopped) {
        end(write_stage::rejected, write_reason::stopping, "the gateway is being stopped");
    } else {
        switch (result.outcome) {
            case TIDEGATE_WRITE_ACCEPTED:
            case TIDEGATE_WRITE_PENDING:
                done.news.stage = write_stage::accepted;
                begin_verifying(std::move(done), now);
                break;
            case TIDEGATE_WRITE_REJECTED:
                end(write_stage::rejected, write_reason::does_not_fit, result.note);
                break;
            case TIDEGATE_WRITE_REFUSED:
                end(write_stage::rejected, write_reason::device_refused, result.note);
                break;
            case TIDEGATE_WRITE_UNANSWERED:
                done.news.stage = write_stage::sent;
                done.news.detail = result.note;
                begin_verifying(std::move(done), now);
                break;
            case TIDEGATE_WRITE_BUS_DOWN:
                end(write_stage::timeout, write_reason::offline,
                    result.note.empty() ? "the bus is down; nothing was sent" : result.note);
                break;
            case TIDEGATE_WRITE_INTERRUPTED:
                end(write_stage::timeout, write_reason::stopping, "the gateway was stopped while this was sent");
                break;
        }
    }
    dispatch(what.bus, now);
}

// ---- Read back ----

void write_engine::begin_verifying(command what, const moment& now) {
    const bool unanswered = what.news.stage == write_stage::sent;
    const bool verify =
        std::any_of(what.items.begin(), what.items.end(), [](const item& each) { return each.what->writable->verify; });
    if (!verify) {
        const auto stage = unanswered ? write_stage::timeout : write_stage::accepted;
        const auto reason = unanswered ? write_reason::unanswered : write_reason::none;
        const std::string detail = what.news.detail;
        return finish(std::move(what), stage, reason, detail, now);
    }
    if (unanswered) what.news.reason = write_reason::unanswered;
    tell(what, what.news.stage, now);
    std::chrono::nanoseconds delay{0};
    std::chrono::nanoseconds patience{0};
    for (item& each : what.items) {
        const auto& rules = *each.what->writable;
        each.seen = !rules.verify;
        delay = std::max(delay, rules.verify_delay);
        patience = std::max(patience, rules.verify_timeout);
    }
    what.verify_from = what.next_read = now.steady + delay;
    what.verify_until = what.verify_from + patience;
    auto& verifying = buses_[what.bus].verifying;
    verifying.push_back(std::move(what));
    if (delay == 0ns) read_back(verifying.back(), now);
}

void write_engine::read_back(command& of, const moment& now) {
    of.reading = true;
    of.next_read = now.steady + limits::read_back_every;
    bus_order order{of.ticket, of.device, {}, {}, {}};
    for (const item& each : of.items)
        if (each.what->writable->verify) order.points.push_back(each.point);
    orders_.emplace_back(of.bus, std::move(order));
}

void write_engine::on_read_back(const read_back_event& what, const moment& now) {
    auto& verifying = buses_[what.bus].verifying;
    const auto found =
        std::find_if(verifying.begin(), verifying.end(), [&](const command& each) { return each.ticket == what.ticket; });
    if (found == verifying.end()) return;
    found->reading = false;
    found->news.detail = what.error;
    for (item& each : found->items)
        for (const reading& got : what.readings) {
            if (got.point != each.point || !each.what->writable->verify) continue;
            each.last_read = got.value;
            each.seen = same_value(each.value, got.value, each.what->writable->tolerance);
        }
    if (std::all_of(found->items.begin(), found->items.end(), [](const item& each) { return each.seen; })) {
        command done = std::move(*found);
        verifying.erase(found);
        done.news.reason = write_reason::none;
        return finish(std::move(done), write_stage::verified, write_reason::none, "", now);
    }
    look_at_verifying(buses_[what.bus], now);
}

void write_engine::look_at_verifying(bus_state& of, const moment& now) {
    for (auto it = of.verifying.begin(); it != of.verifying.end();) {
        if (now.steady < it->verify_until) {
            if (!it->reading && now.steady >= it->next_read) read_back(*it, now);
            ++it;
            continue;
        }
        command done = std::move(*it);
        it = of.verifying.erase(it);
        std::string detail;
        for (const item& each : done.items) {
            if (each.seen) continue;
            detail += (detail.empty() ? "" : "; ") + each.what->name +
                      (each.last_read ? " reads " + shown(*each.last_read) + " instead of " + shown(each.value)
                                      : " could not be read back" + (done.news.detail.empty() ? "" : ": " + done.news.detail));
        }
        finish(std::move(done), write_stage::timeout, write_reason::not_verified, detail, now);
    }
}

// ---- Without a broker ----

void write_engine::look_at_fail_safes(const moment& now) {
    for (auto& each : fail_safes_) {
        if (!each.due || now.steady < *each.due) continue;
        each.due = time_point::max();  // once; unless it can't be sent: finish()
        command made;
        made.bus = each.bus;
        made.device = each.device;
        made.fail_safe = true;
        made.arrived = now.steady;
        made.deadline = now.steady + config_.command_timeout;
        made.items.push_back({each.point, value_of_text(each.what->writable->fail_safe->value), each.what, false, std::nullopt});
        made.news.what.device = config_.buses[each.bus].devices[each.device].name;
        made.news.what.point = each.what->name;
        made.news.what.values = {{each.what->name, made.items.front().value}};
        made.news.who = "fail_safe";
        if (const auto& known = buses_[each.bus].points[each.point]; known.current) made.news.old_value = shown(*known.current);
        enqueue(std::move(made), now);
    }
}

// ---- Out ----

void write_engine::tell(const command& of, write_stage stage, const moment& now) {
    write_news told = of.news;
    told.stage = stage;
    told.is_final = false;
    told.number.reset();
    told.at = now.clock.clocks;
    told.ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - of.arrived).count();
    news_.push_back(std::move(told));
}

void write_engine::finish(command&& what, write_stage stage, write_reason reason, std::string detail, const moment& now) {
    const bool was_queued = what.ticket != 0;
    if (was_queued && !what.news.sent) forget_id(identity_of(what.news.what));
    if (what.fail_safe && !what.news.sent && stage == write_stage::timeout)
        for (auto& each : fail_safes_)
            if (each.bus == what.bus && each.point == what.items.front().point && each.due)
                each.due = now.steady + limits::fail_safe_retry;
    write_news told = std::move(what.news);
    told.stage = stage;
    told.is_final = true;
    told.reason = reason;
    told.detail = std::move(detail);
    told.at = now.clock.clocks;
    told.ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - what.arrived).count();
    news_.push_back(std::move(told));
}

std::optional<write_engine::time_point> write_engine::next_deadline() const {
    if (!has_writable_) return std::nullopt;
    std::optional<time_point> next;
    const auto at = [&](time_point when) { next = next ? std::min(*next, when) : when; };
    for (const auto& each : fail_safes_)
        if (each.due && *each.due != time_point::max()) at(*each.due);
    for (const auto& bus : buses_) {
        for (const auto& each : bus.waiting) at(each.deadline + 1ms);
        for (const auto& each : bus.verifying) at(each.reading ? each.verify_until : std::min(each.next_read, each.verify_until));
    }
    return next;
}

}  // namespace gateway
