// gateway/write/write_judge.cpp: whether a command may be carried out: each refusal that needs no bus, the cheap and the plain
// ones first. Not here: a value's own rules (write_rules.hpp).
#include <algorithm>
#include <cassert>

#include "gateway/delivery/payload.hpp"
#include "gateway/limits.hpp"
#include "gateway/write/write_engine.hpp"
#include "gateway/write/write_rules.hpp"
#include "mqtt/codec.hpp"

namespace gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t longest_who = 64;
constexpr std::size_t longest_topic_of_answer = 512;
constexpr std::size_t longest_correlation = 512;

std::string shown(const value& what) {
    std::string text;
    append_json(text, what);
    return text;
}

std::string seconds_of(std::chrono::nanoseconds time) {
    return shown(value{static_cast<double>(std::chrono::duration_cast<milliseconds>(time).count()) / 1000}) + " s";
}

}  // namespace

/// What a command says of itself: nothing of it is proven.
write_engine::command write_engine::command_of(const store::waiting_message& what, const moment& now) const {
    command made;
    // It has waited for the disk, and may have for long.
    const auto waited = milliseconds(std::max<std::int64_t>(0, now.clock.clocks.monotonic_ms - what.message.taken.monotonic_ms));
    made.arrived = now.steady - waited;
    if (number(what.number) != 0) made.news.number = what.number;
    const auto properties = mqtt::decode_message_properties(what.message.properties).value_or(mqtt::property_set());
    for (const auto& [name, text] : properties.user)
        if ((name == "who" || name == "client" || name == "user") && made.news.who.empty())
            made.news.who = text.substr(0, longest_who);
    if (made.news.who.empty()) made.news.who = "mqtt";
    const auto& to = properties.response_topic;
    if (to && to->size() <= longest_topic_of_answer) made.news.response_topic = *to;
    const auto& correlation = properties.correlation_data;
    if (correlation && correlation->size() <= longest_correlation) made.news.correlation_data = *correlation;
    return made;
}

std::optional<refusal> write_engine::judge(command& of, const store::received_message& message, const moment& now) {
    auto target = target_of(config_.gateway_id, message.topic);
    if (!target) return refusal{write_reason::unknown_point, "no such topic; it is tidegate/<gateway>/set/<device>/<point>"};
    of.news.what = std::move(*target);
    const auto unreadable = read_payload(message.payload, of.news.what);
    if (!config_.writes) return refusal{write_reason::writes_off, "writes are off; set 'gateway: { writes: enabled }'"};
    if (stopping_) return refusal{write_reason::stopping, "the gateway is being stopped"};
    if (message.retain)
        return refusal{write_reason::retained, "a retained message is no command: it would come again with each connection"};
    if (unreadable) return unreadable;
    if (auto fault = find_points(of)) return fault;
    const auto waited = std::chrono::duration_cast<milliseconds>(now.steady - of.arrived);
    if (auto fault = judge_age(of, message, waited, now)) return fault;
    if (const std::string identity = identity_of(of.news.what); !identity.empty() && sent_ids_.contains(identity))
        return refusal{write_reason::duplicate, "a command with this id was carried out before"};
    for (const item& each : of.items)
        if (auto fault = judge_item(of, each, now)) return fault;
    if (changes_nothing(of, now)) return std::nullopt;
    if (auto fault = judge_rate(of, now)) return fault;
    const auto& waiting = buses_[of.bus].waiting;
    const auto stays = std::count_if(waiting.begin(), waiting.end(), [&](const command& each) { return !covers(of, each); });
    if (static_cast<std::size_t>(stays) >= limits::waiting_commands)
        return refusal{write_reason::queue_full, std::to_string(stays) + " commands wait for this bus already"};
    return std::nullopt;
}

std::optional<refusal> write_engine::find_points(command& of) {
    const auto found = devices_.find(of.news.what.device);
    if (found == devices_.end()) return refusal{write_reason::unknown_device, "the gateway has no such device"};
    const place& at = found->second;
    of.bus = at.bus;
    of.device = at.device;
    std::string old;
    for (auto& [name, what] : of.news.what.values) {
        const auto& points = at.what->points;
        const auto point =
            std::find_if(points.begin(), points.end(), [&](const config::point& each) { return each.name == name; });
        if (point == points.end())
            return refusal{write_reason::unknown_point, "the device has no point '" + name.substr(0, 64) + "'"};
        if (!point->writable)
            return refusal{write_reason::not_writable, "'" + name + "' isn't 'writable: true' in the config file"};
        const auto index = static_cast<point_index>(at.first + static_cast<std::size_t>(point - points.begin()));
        const auto& known = buses_[at.bus].points[index];
        // 1 is what a program says for on.
        const auto number = number_of(what);
        if (known.current && std::holds_alternative<bool>(*known.current) && number && (*number == 0 || *number == 1))
            what = value{*number == 1};
        of.items.push_back({index, what, &*point, false, std::nullopt});
        const std::string before = known.current ? shown(*known.current) : "null";
        if (of.news.what.point.empty()) {
            old += old.empty() ? '{' : ',';
            append_json_string(old, name);
            old += ':' + before;
        } else if (known.current) {
            old = before;
        }
    }
    of.news.old_value = old + (of.news.what.point.empty() ? "}" : "");
    return std::nullopt;
}

std::optional<refusal> write_engine::judge_age(command& of, const store::received_message& message, milliseconds waited,
                                               const moment& now) {
    std::chrono::nanoseconds life = config_.command_timeout;
    if (message.expiry) life = std::min<std::chrono::nanoseconds>(life, std::chrono::seconds(*message.expiry));
    const auto& what = of.news.what;
    const auto true_now = store::true_time_ms(now.clock.clocks, now.clock.boot_offset_ms);
    const bool may_be_stale = stale_until_ && of.arrived < *stale_until_;
    milliseconds ttl{INT64_MAX / 4'000'000};
    for (const item& each : of.items) ttl = std::min(ttl, std::chrono::duration_cast<milliseconds>(each.what->writable->ttl));
    if (what.ttl) ttl = *what.ttl;
    if (what.made_at_ms && true_now) {
        const milliseconds age{*true_now - *what.made_at_ms};
        if (age < -limits::clock_difference)
            return refusal{write_reason::ts_ahead, "its 'ts' is " + seconds_of(-age) + " ahead of the gateway's clock"};
        if (age > ttl)
            return refusal{write_reason::expired, "it was made " + seconds_of(age) + " ago, and lives for " + seconds_of(ttl)};
        life = std::min<std::chrono::nanoseconds>(life, ttl - std::max(age, milliseconds{0}) + waited);
    } else if (what.ttl) {
        life = std::min<std::chrono::nanoseconds>(life, ttl);
    }
    if (may_be_stale && !(what.made_at_ms && true_now) && !message.expiry) {
        // More of them may be on their way.
        stale_until_ = std::min(*stale_at_most_, std::max(*stale_until_, now.steady + limits::stale_commands_gap));
        if (what.made_at_ms)
            return refusal{write_reason::clock_unset,
                           "the broker may have kept it for long, and the gateway's clock isn't set, so its 'ts' says nothing"};
        return refusal{write_reason::ts_missing,
                       "the broker may have kept it while the gateway was away; send it again, with 'ts' or a message expiry"};
    }
    of.deadline = of.arrived + std::chrono::duration_cast<time_point::duration>(life);
    if (now.steady > of.deadline || (message.expiry && *message.expiry == 0))
        return refusal{write_reason::expired, "its time was over when it could be looked at"};
    return std::nullopt;
}

const value* write_engine::fresh(std::size_t bus, point_index point, std::chrono::nanoseconds period, const moment& now) const {
    const auto found = buses_[bus].points.find(point);
    if (found == buses_[bus].points.end() || !found->second.current) return nullptr;
    const auto longest = std::max<std::chrono::nanoseconds>(3 * period, limits::fresh_reading);
    return now.steady - found->second.read_at <= longest ? &*found->second.current : nullptr;
}

std::optional<refusal> write_engine::judge_item(const command& of, const item& one, const moment& now) const {
    const auto& rules = *one.what->writable;
    if (rules.dangerous && !of.news.what.confirm)
        return refusal{write_reason::not_confirmed, "'" + one.what->name + "' is dangerous; the command needs \"confirm\":true"};
    if (auto fault = check_value(rules, one.value, fresh(of.bus, one.point, one.what->every, now))) return fault;
    return judge_interlock(of, one, now);
}

std::optional<refusal> write_engine::judge_interlock(const command& of, const item& one, const moment& now) const {
    const auto& condition = one.what->writable->only_if;
    if (!condition) return std::nullopt;
    const place& at = devices_.find(of.news.what.device)->second;
    const auto& points = at.what->points;
    const auto other =
        std::find_if(points.begin(), points.end(), [&](const config::point& each) { return each.name == condition->point; });
    assert(other != points.end());  // the config's checks
    const auto index = static_cast<point_index>(at.first + static_cast<std::size_t>(other - points.begin()));
    const value* const current = fresh(of.bus, index, other->every, now);
    if (current == nullptr)
        return refusal{write_reason::interlock,
                       "only if " + text_of(*condition) + ", and '" + condition->point + "' isn't known now"};
    if (holds(*condition, *current)) return std::nullopt;
    return refusal{write_reason::interlock, "only if " + text_of(*condition) + ", and it reads " + shown(*current)};
}

/// Flash memories wear out: what is there already isn't written again.
bool write_engine::changes_nothing(const command& of, const moment& now) const {
    if (of.news.what.force) return false;
    const auto& bus = buses_[of.bus];
    const auto on_its_way = [&](const command& each) { return overlaps(of, each); };
    if (bus.on_bus && on_its_way(*bus.on_bus)) return false;
    if (std::any_of(bus.waiting.begin(), bus.waiting.end(), on_its_way)) return false;
    if (std::any_of(bus.verifying.begin(), bus.verifying.end(), on_its_way)) return false;
    return std::all_of(of.items.begin(), of.items.end(), [&](const item& each) {
        const auto& known = bus.points.find(each.point)->second;
        // A reading from before the last write says nothing.
        if (known.sent_at && known.read_at <= *known.sent_at) return false;
        const value* const current = fresh(of.bus, each.point, each.what->every, now);
        return current != nullptr && same_value(each.value, *current, each.what->writable->tolerance);
    });
}

std::optional<refusal> write_engine::judge_rate(const command& of, const moment& now) const {
    const auto& bus = buses_[of.bus];
    for (const item& each : of.items) {
        const auto every = each.what->writable->every;
        if (every.count() == 0) continue;
        const auto& sent_at = bus.points.find(each.point)->second.sent_at;
        const bool is_on_bus = bus.on_bus && overlaps(of, *bus.on_bus);
        if (!is_on_bus && (!sent_at || now.steady - *sent_at >= every)) continue;
        return refusal{write_reason::too_soon, "'" + each.what->name + "' takes one write in " + seconds_of(every)};
    }
    return std::nullopt;
}

}  // namespace gateway
