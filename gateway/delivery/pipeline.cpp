// gateway/delivery/pipeline.cpp: which readings go into which message, and whether it goes now.
// Not here: how a value is written (payload.cpp) and how a topic is made (topic.cpp).
#include "gateway/delivery/pipeline.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "gateway/delivery/timestamps.hpp"
#include "gateway/delivery/topic.hpp"
#include "mqtt/codec.hpp"

namespace gateway {
namespace {

std::optional<double> as_number(const value& what) {
    return std::visit(
        [](const auto& it) -> std::optional<double> {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_arithmetic_v<type> && !std::is_same_v<type, bool>) {
                return static_cast<double>(it);
            } else {
                return std::nullopt;
            }
        },
        what);
}

template <typename Integer>
double exact_distance(Integer one, Integer other) {
    const auto [less, more] = std::minmax(one, other);
    return static_cast<double>(static_cast<std::uint64_t>(more) - static_cast<std::uint64_t>(less));
}

double distance(const value& one, const value& other) {
    if (one.index() == other.index()) {
        if (const auto* a = std::get_if<std::int64_t>(&one)) return exact_distance(*a, std::get<std::int64_t>(other));
        if (const auto* a = std::get_if<std::uint64_t>(&one)) return exact_distance(*a, std::get<std::uint64_t>(other));
    }
    return std::abs(*as_number(one) - *as_number(other));
}

/// Whether a value has moved by more than the deadband. A step of exactly the deadband isn't more, though 21.5 - 21.4 is
/// more than 0.1 in binary: so the rounding of the operands is allowed for.
bool changed_enough(const value& last, const value& now, const config::deadband& band) {
    if (!has_raw_text(last) || !has_raw_text(now)) return has_raw_text(last) != has_raw_text(now);
    const auto from = as_number(last);
    const auto to = as_number(now);
    if (!from || !to || band.amount <= 0) return last != now;
    const double limit = band.percent ? std::abs(*from) * band.amount / 100 : band.amount;
    const bool single = std::holds_alternative<float>(now);
    const double precision = single ? std::numeric_limits<float>::epsilon() : 4 * std::numeric_limits<double>::epsilon();
    return distance(last, now) > limit + precision * std::max(std::abs(*from), std::abs(*to));
}

std::string encoded_property(const std::string& key) {
    mqtt::property_set properties;
    properties.user.emplace_back("key", key);
    const auto encoded = mqtt::encode_message_properties(properties);
    assert(encoded);  // a gateway's id is UTF-8
    return *encoded;
}

}  // namespace

pipeline::pipeline(const config::file& file, std::string_view epoch)
    : key_prefix_(file.gateway_id + '-' + std::string(epoch) + '-') {
    buses_.resize(file.buses.size());
    for (std::size_t index = 0; index < buses_.size(); ++index)
        for (const config::device& device : file.buses[index].devices) add_device(buses_[index], file, file.buses[index], device);
}

void pipeline::add_device(bus_entry& to, const config::file& file, const config::bus& bus, const config::device& device) {
    const auto may_share = [](const config::point& point) {
        return point.publish->format == config::payload_format::json && !names_point(point.publish->topic);
    };
    const auto topic_of = [&](const config::point& point) {
        return resolve_topic(point.publish->topic, {file.gateway_id, bus.name, device.name, point.name});
    };
    to.points.reserve(to.points.size() + device.points.size());
    std::map<std::string, std::size_t> sharers;
    for (const config::point& point : device.points)
        if (may_share(point)) ++sharers[topic_of(point)];

    std::map<std::pair<std::string, std::chrono::nanoseconds>, std::size_t> shared;
    for (const config::point& point : device.points) {
        std::string topic = topic_of(point);
        const bool keyed = may_share(point) && (sharers[topic] > 1 || device.points.size() == 1);
        std::size_t index = to.messages.size();
        if (keyed) index = shared.try_emplace({topic, point.every}, index).first->second;
        if (index == to.messages.size()) {
            to.messages.emplace_back();
            to.messages.back().topic = std::move(topic);
            to.messages.back().format = point.publish->format;
            to.messages.back().period = point.every;
            to.messages.back().key = point.publish->key;
            if (point.publish->expiry.count() > 0)
                to.messages.back().expiry = static_cast<std::uint32_t>(point.publish->expiry.count());
        }
        // Points that share a message may have been given different promises: the stronger one holds for all.
        message_entry& message = to.messages[index];
        message.qos = std::max(message.qos, static_cast<std::uint8_t>(point.publish->qos));
        message.retain = message.retain || point.publish->retain;

        point_entry entry{.rules = &*point.publish, .message = index, .key = ",", .last = {}};
        append_json_string(entry.key, keyed ? point.name : "value");
        entry.key += ':';
        to.points.push_back(std::move(entry));
    }
}

void pipeline::take_state_of(const pipeline& old, const config::file& was, const config::file& now) {
    keys_ = old.keys_;
    using name = std::pair<std::string_view, std::string_view>;  // of device and point
    std::map<name, std::pair<std::size_t, std::size_t>> places;  // in the old one
    for (std::size_t bus = 0; bus < was.buses.size(); ++bus) {
        std::size_t next = 0;
        for (const auto& device : was.buses[bus].devices)
            for (const auto& point : device.points) places.emplace(name(device.name, point.name), std::pair(bus, next++));
    }
    for (std::size_t bus = 0; bus < now.buses.size(); ++bus) {
        std::size_t next = 0;
        for (const auto& device : now.buses[bus].devices)
            for (const auto& point : device.points) {
                point_entry& to = buses_[bus].points[next++];
                const auto place = places.find(name(device.name, point.name));
                if (place == places.end()) continue;
                const bus_entry& from_bus = old.buses_[place->second.first];
                const point_entry& from = from_bus.points[place->second.second];
                const message_entry& before = from_bus.messages[from.message];
                message_entry& message = buses_[bus].messages[to.message];
                if (before.topic != message.topic || before.period != message.period || before.format != message.format) continue;
                to.published = from.published;
                to.last = from.last;
                if (!before.sent || (message.sent && message.last_sent >= before.last_sent)) continue;
                message.sent = true;
                message.last_sent = before.last_sent;
            }
    }
}

std::vector<store::message> pipeline::process(const cycle& done) {
    assert(done.bus < buses_.size());
    bus_entry& bus = buses_[done.bus];
    collect(bus, done);
    std::vector<store::message> messages;
    for (const std::size_t index : touched_) {
        message_entry& message = bus.messages[index];
        if (is_due(bus, message, done.taken_steady)) append_message(bus, message, done, messages);
        message.present.clear();
    }
    return messages;
}

/// Sorts the cycle's readings into their messages. Should a point come twice, its later reading counts.
void pipeline::collect(bus_entry& bus, const cycle& done) {
    in_order_.clear();
    touched_.clear();
    for (const reading& one : done.readings) in_order_.push_back(&one);
    const auto before = [](const reading* one, const reading* other) {
        return std::pair(one->point, one) < std::pair(other->point, other);
    };
    if (!std::is_sorted(in_order_.begin(), in_order_.end(), before)) std::sort(in_order_.begin(), in_order_.end(), before);
    for (const reading* one : in_order_) {
        assert(one->point < bus.points.size());
        message_entry& message = bus.messages[bus.points[one->point].message];
        if (message.present.empty()) touched_.push_back(bus.points[one->point].message);
        if (!message.present.empty() && message.present.back()->point == one->point) message.present.pop_back();
        message.present.push_back(one);
    }
}

bool pipeline::is_due(const bus_entry& bus, const message_entry& message, time_point now) const {
    if (!message.sent) return true;
    const std::chrono::nanoseconds elapsed = now - message.last_sent;
    return std::any_of(message.present.begin(), message.present.end(), [&](const reading* one) {
        const point_entry& point = bus.points[one->point];
        const config::publish_rules& rules = *point.rules;
        if (rules.mode == config::publish_mode::every_poll) return true;
        if (rules.max_interval.count() > 0 && elapsed + message.period * 3 / 4 >= rules.max_interval) return true;
        const std::chrono::nanoseconds least = rules.min_interval;
        if (elapsed < least - std::min(least / 20, message.period / 4)) return false;
        return !point.published || changed_enough(point.last, one->value, rules.band);
    });
}

void pipeline::append_message(bus_entry& bus, message_entry& message, const cycle& done, std::vector<store::message>& to) {
    const bool raw = message.format == config::payload_format::raw;
    // Raw text has no word for "no value": consumers keep the last one, and so does the filter.
    if (raw && !has_raw_text(message.present.front()->value)) return;

    const std::string key = message.key == config::idempotency_key::none ? "" : next_key();
    std::string payload;
    if (!raw) append_timestamp(payload += '{', "ts", done.taken);
    if (message.key == config::idempotency_key::json) {
        payload += ",\"key\":";
        append_json_string(payload, key);
    }
    for (const reading* one : message.present) {
        point_entry& point = bus.points[one->point];
        if (raw) {
            append_raw(payload, one->value);
        } else {
            payload += point.key;
            append_json(payload, one->value);
        }
        point.published = true;
        point.last = one->value;
    }
    if (!raw) payload += '}';
    message.sent = true;
    message.last_sent = done.taken_steady;
    to.push_back({message.topic, std::move(payload), message.qos, message.retain, done.taken, message.expiry, {}});
    if (message.key == config::idempotency_key::property) to.back().properties = encoded_property(key);
}

std::string pipeline::next_key() { return key_prefix_ + std::to_string(++keys_); }

}  // namespace gateway
