// mqtt/subscriptions.cpp: groups of subscriptions → packets, as many as fit; answers → what the owner is told.
// Not here: bytes (codec.hpp), and when there is a connection.
#include "mqtt/subscriptions.hpp"

#include <algorithm>
#include <utility>

#include "mqtt/codec.hpp"
#include "mqtt/codec_bytes.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {
namespace {

bool has_wildcard(std::string_view filter) { return filter.find_first_of("+#") != std::string_view::npos; }

bool is_filter(std::string_view text) { return text.size() <= largest_text && is_valid_topic_filter(text); }

/// Why a filter is none in any session; success: it is one.
reason fault_of(const subscription& what) {
    if (!is_filter(what.filter)) return reason::topic_filter_invalid;
    // A Protocol Error [MQTT-3.8.3-4]: no client of a shared subscription is the one that the message isn't for.
    if (what.no_local && is_shared_subscription(what.filter)) return reason::protocol_error;
    return reason::success;
}

/// Why this broker can't do it; success: it can.
reason limit_on(const subscription& what, const subscription_limits& limits) {
    if (!limits.shared && is_shared_subscription(what.filter)) return reason::shared_subscriptions_not_supported;
    if (!limits.wildcards && has_wildcard(what.filter)) return reason::wildcard_subscriptions_not_supported;
    return reason::success;
}

std::size_t size_of(const packet& what, version how) {
    std::string bytes;
    encode(what, how, bytes);
    return bytes.size();
}

/// Takes from the front of `members` as many as fit a packet of `most` bytes, as made by `make`; one that alone doesn't fit is
/// handed to `refuse` and dropped. Empty: none is left.
template <typename Member, typename Make, typename Refuse>
std::vector<Member> take_fitting(std::vector<Member>& members, version how, std::size_t most, Make make, Refuse refuse) {
    while (!members.empty()) {
        std::vector<Member> taken = members;
        while (size_of(make(taken), how) > most && taken.size() > 1) taken.resize((taken.size() + 1) / 2);
        const bool fits = taken.size() > 1 || size_of(make(taken), how) <= most;
        if (!fits) refuse(taken.front());
        members.erase(members.begin(), members.begin() + std::ptrdiff_t(taken.size()));
        if (fits) return taken;
    }
    return {};
}

}  // namespace

void subscriptions::forget(std::string_view filter) {
    for (group& each : groups_) std::erase_if(each.members, [&](const subscription& s) { return s.filter == filter; });
    std::erase_if(groups_, [](const group& each) { return each.members.empty(); });
    if (const auto known = granted_.find(filter); known != granted_.end()) granted_.erase(known);
}

void subscriptions::subscribe(std::vector<subscription> what, property_set properties, effects& told) {
    std::erase_if(what, [&](const subscription& each) {
        const reason fault = fault_of(each);
        if (fault != reason::success) told.push_back(subscribed{each.filter, fault, {}});
        return fault != reason::success;
    });
    if (what.empty()) return;
    for (const subscription& each : what) forget(each.filter);
    groups_.push_back({std::move(what), std::move(properties)});
    waiting_.emplace_back(groups_.back());
}

void subscriptions::unsubscribe(std::vector<std::string> filters, property_set properties, effects& told) {
    std::erase_if(filters, [&](const std::string& each) {
        const bool valid = is_filter(each);
        if (!valid) told.push_back(unsubscribed{each, reason::topic_filter_invalid, {}});
        return !valid;
    });
    if (filters.empty()) return;
    for (const std::string& each : filters) forget(each);
    departures_.push_back({std::move(filters), std::move(properties)});
    waiting_.emplace_back(departures_.back());
}

bool subscriptions::expects(std::string_view topic) const {
    for (const group& each : groups_)
        for (const subscription& s : each.members)
            if (matches(s.filter, topic)) return true;
    // Until UNSUBACK the broker may send them.
    for (const departure& each : departures_)
        for (const std::string& filter : each.filters)
            if (matches(filter, topic)) return true;
    return false;
}

void subscriptions::begin_connection(bool resumed) {
    asked_.clear();
    ids_.clear();
    waiting_.clear();
    for (const departure& each : departures_) waiting_.emplace_back(each);
    for (group each : groups_) {
        for (subscription& s : each.members)
            if (resumed && s.retain_handling == retain_handling::send && granted_.contains(s.filter))
                s.retain_handling = retain_handling::send_if_new;
        waiting_.emplace_back(std::move(each));
    }
}

std::optional<packet> subscriptions::next_request(version how, const subscription_limits& limits, effects& told) {
    while (!waiting_.empty() && !ids_.is_full()) {
        auto made = std::visit([&](auto& what) { return packet_of(what, how, limits, told); }, waiting_.front());
        if (made) return made;
        waiting_.pop_front();
    }
    return std::nullopt;
}

/// Takes what goes into the packet from `what`, the front of waiting_. Nothing: none of it is left.
std::optional<packet> subscriptions::packet_of(group& what, version how, const subscription_limits& limits, effects& told) {
    const bool no_identifier = !limits.identifiers && !what.properties.subscription_identifiers.empty();
    std::erase_if(what.members, [&](const subscription& each) {
        const reason limit = no_identifier ? reason::subscription_identifiers_not_supported : limit_on(each, limits);
        if (limit != reason::success) told.push_back(subscribed{each.filter, limit, {}});
        return limit != reason::success;
    });
    const auto make = [&](const std::vector<subscription>& members) {
        return packet(mqtt::subscribe{request_ids::any(), members, what.properties});
    };
    const auto refuse = [&](const subscription& each) { told.push_back(subscribed{each.filter, reason::packet_too_large, {}}); };
    auto members = take_fitting(what.members, how, limits.packet_size, make, refuse);
    if (members.empty()) return std::nullopt;
    const packet_id id = *ids_.take();
    asked_.emplace(id, group{members, {}});
    return mqtt::subscribe{id, std::move(members), what.properties};
}

std::optional<packet> subscriptions::packet_of(departure& what, version how, const subscription_limits& limits, effects& told) {
    const auto make = [&](const std::vector<std::string>& filters) {
        return packet(mqtt::unsubscribe{request_ids::any(), filters, what.properties});
    };
    const auto refuse = [&](const std::string& each) { told.push_back(unsubscribed{each, reason::packet_too_large, {}}); };
    auto filters = take_fitting(what.filters, how, limits.packet_size, make, refuse);
    if (filters.empty()) return std::nullopt;
    const packet_id id = *ids_.take();
    asked_.emplace(id, departure{filters, {}});
    return mqtt::unsubscribe{id, std::move(filters), what.properties};
}

std::string_view subscriptions::on(const suback& what, effects& told) {
    const auto found = asked_.find(what.id);
    const auto* const asked = found == asked_.end() ? nullptr : std::get_if<group>(&found->second);
    if (asked == nullptr) return "the broker sent SUBACK for what wasn't asked";
    if (what.reasons.size() != asked->members.size()) return "the broker's SUBACK answers another number of filters";
    for (std::size_t i = 0; i < what.reasons.size(); ++i) {
        const std::string& filter = asked->members[i].filter;
        if (!is_error(what.reasons[i])) granted_.insert(filter);
        told.push_back(subscribed{filter, what.reasons[i], what.properties});
    }
    ids_.give_back(what.id);
    asked_.erase(found);
    return {};
}

/// One answer for one request: the same filter may have been subscribed to and given up again since.
void subscriptions::answered(std::string_view departed) {
    for (departure& each : departures_) {
        const auto found = std::find(each.filters.begin(), each.filters.end(), departed);
        if (found == each.filters.end()) continue;
        each.filters.erase(found);
        return;
    }
}

std::string_view subscriptions::on(const unsuback& what, version how, effects& told) {
    const auto found = asked_.find(what.id);
    const auto* const asked = found == asked_.end() ? nullptr : std::get_if<departure>(&found->second);
    if (asked == nullptr) return "the broker sent UNSUBACK for what wasn't asked";
    // In 3.1.1 it says nothing but that it is done.
    if (how == version::v5 && what.reasons.size() != asked->filters.size())
        return "the broker's UNSUBACK answers another number of filters";
    for (std::size_t i = 0; i < asked->filters.size(); ++i) {
        const reason code = i < what.reasons.size() ? what.reasons[i] : reason::success;
        told.push_back(unsubscribed{asked->filters[i], code, what.properties});
        answered(asked->filters[i]);
    }
    std::erase_if(departures_, [](const departure& each) { return each.filters.empty(); });
    ids_.give_back(what.id);
    asked_.erase(found);
    return {};
}

}  // namespace mqtt
