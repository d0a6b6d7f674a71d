// examples/session_in_log.hpp: a publisher's session kept in the log beside its messages: the same facts in the words of mqtt/
// and of store/, which don't know each other. Not here: inbound messages (store::transaction has `receive` and `held` for them).
#pragma once

#include <vector>

#include "mqtt/session.hpp"
#include "store/queue.hpp"

inline mqtt::sequence to_mqtt(store::sequence s) { return mqtt::sequence{number(s)}; }
inline store::sequence to_store(mqtt::sequence s) { return store::sequence{number(s)}; }

template <typename To, typename From>
std::vector<To> converted(const std::vector<From>& from) {
    std::vector<To> to;
    for (const From each : from) to.push_back(To{number(each)});
    return to;
}

/// What the session is to be made with, from what store::queue::open() found.
inline mqtt::saved_state state_of(const store::recovery& found) {
    mqtt::saved_state state;
    if (found.session) state.session = {found.session->client_id, found.session->broker, found.session->epoch};
    state.lane = {to_mqtt(found.cursor.acked), to_mqtt(found.cursor.released), to_mqtt(found.cursor.maybe_sent),
                  converted<mqtt::sequence>(found.cursor.acked_beyond), converted<mqtt::sequence>(found.cursor.released_beyond)};
    state.newest = to_mqtt(found.last);
    return state;
}

/// What to commit before session::on_durable(what.position).
inline store::transaction transaction_of(const mqtt::save& what) {
    store::transaction work;
    if (what.session) work.session = store::session_record{what.session->client_id, what.session->broker, what.session->epoch};
    if (what.lane)
        work.cursor = store::cursor{to_store(what.lane->acked), to_store(what.lane->released), to_store(what.lane->maybe_sent),
                                    converted<store::sequence>(what.lane->acked_beyond),
                                    converted<store::sequence>(what.lane->released_beyond)};
    work.settled = {what.acknowledged, what.refused, what.lost, what.expired};
    return work;
}
