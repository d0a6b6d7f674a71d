// gateway/delivery/session_state.cpp: field by field.
// Not here: any decision.
#include "gateway/delivery/session_state.hpp"

#include <utility>

#include "mqtt/codec.hpp"

namespace gateway {
namespace {

template <typename To, typename From, typename Convert>
std::vector<To> converted(const std::vector<From>& from, Convert convert) {
    std::vector<To> to;
    to.reserve(from.size());
    for (const auto& each : from) to.push_back(convert(each));
    return to;
}

}  // namespace

mqtt::saved_state saved_state_of(const store::recovery& found) {
    mqtt::saved_state state;
    state.newest = to_mqtt(found.last);
    if (found.session) state.session = {found.session->client_id, found.session->broker, found.session->epoch};
    state.lane = {to_mqtt(found.cursor.acked), to_mqtt(found.cursor.released), to_mqtt(found.cursor.maybe_sent),
                  converted<mqtt::sequence>(found.cursor.acked_beyond, to_mqtt),
                  converted<mqtt::sequence>(found.cursor.released_beyond, to_mqtt)};
    for (const auto id : found.held) state.held.push_back(mqtt::packet_id{id});
    return state;
}

save_request save_request_of(const mqtt::save& from) {
    save_request to;
    to.position = static_cast<std::uint64_t>(from.position);
    if (from.session) to.session = store::session_record{from.session->client_id, from.session->broker, from.session->epoch};
    if (from.lane)
        to.cursor = store::cursor{to_store(from.lane->acked), to_store(from.lane->released), to_store(from.lane->maybe_sent),
                                  converted<store::sequence>(from.lane->acked_beyond, to_store),
                                  converted<store::sequence>(from.lane->released_beyond, to_store)};
    to.settled = {from.acknowledged, from.refused, from.lost, from.expired};
    if (from.held)
        to.held = converted<std::uint16_t>(*from.held, [](mqtt::packet_id id) { return static_cast<std::uint16_t>(id); });
    to.barrier = from.barrier;
    return to;
}

/// Subscription identifiers are about this connection's subscriptions, and the message's life is a field of its own.
store::received_message kept(const mqtt::received& from, store::stamp now) {
    store::received_message to;
    to.topic = from.topic;
    to.payload = from.payload;
    to.qos = static_cast<std::uint8_t>(from.qos);
    to.retain = from.retain;
    to.taken = now;
    to.expiry = from.properties.message_expiry_interval;
    mqtt::property_set own = from.properties;
    own.message_expiry_interval.reset();
    own.topic_alias.reset();
    own.subscription_identifiers.clear();
    to.properties = mqtt::encode_message_properties(own).value_or("");
    return to;
}

}  // namespace gateway
