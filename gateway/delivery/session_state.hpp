// gateway/delivery/session_state.hpp: the store's words and the session's are the same facts in two vocabularies; the gateway
// alone knows both, and here one becomes the other. Not here: when something is saved (app.cpp, command_store.hpp).
#pragma once

#include "gateway/delivery/store_thread.hpp"
#include "mqtt/session.hpp"
#include "store/queue.hpp"

namespace gateway {

inline mqtt::sequence to_mqtt(store::sequence s) { return mqtt::sequence{number(s)}; }
inline store::sequence to_store(mqtt::sequence s) { return store::sequence{mqtt::number(s)}; }

mqtt::saved_state saved_state_of(const store::recovery& found);
save_request save_request_of(const mqtt::save& from);

/// What is kept of a message towards us. `now`: when it came.
store::received_message kept(const mqtt::received& from, store::stamp now);

}  // namespace gateway
