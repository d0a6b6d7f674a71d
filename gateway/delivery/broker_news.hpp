// gateway/delivery/broker_news.hpp: what the log says of the broker: of connections and what it refuses, each thing once until it
// changes. Not here: what an effect of the session makes the gateway do (app.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/delivery/broker.hpp"
#include "gateway/log.hpp"
#include "mqtt/session.hpp"

namespace gateway {

class broker_news {
public:
    broker_news(const config::file& config, const std::vector<mqtt::connection_settings>& servers, const log& to)
        : config_(config), servers_(servers), log_(to) {}

    /// At the start: what the config gives up.
    void tell_settings();
    void tell(const mqtt::effect& what);
    /// A QoS 0 message found no connection; told when there is one.
    void note_qos0_dropped() { ++qos0_dropped_; }
    /// The session and its connection were given up by the gateway itself.
    void forget_connection() { was_online_ = false; }

private:
    void tell(const mqtt::online& what);
    void tell(const mqtt::offline& what);
    void tell(const mqtt::session_lost& what);
    void tell(const mqtt::message_refused& what);
    void tell(const mqtt::unlogged_lost& what);
    void tell(const mqtt::qos_lowered& what);
    void tell(const mqtt::redirected& what);
    void tell(const mqtt::unexpected_message& what);
    void tell_limits(const broker_limits& now);
    void tell(const mqtt::save&) {}
    void tell(const mqtt::open_transport&) {}   // the client's
    void tell(const mqtt::close_transport&) {}  // the client's
    // Of what the gateway doesn't ask for: it subscribes to nothing, and its credentials don't change while it is connected.
    void tell(const mqtt::received&) {}
    void tell(const mqtt::subscribed&) {}
    void tell(const mqtt::unsubscribed&) {}
    void tell(const mqtt::reauthenticated&) {}

    const config::file& config_;
    const std::vector<mqtt::connection_settings>& servers_;
    const log& log_;
    broker_limits limits_;  // that the log has
    bool was_online_ = false;
    std::string offline_reason_;
    std::uint64_t failed_attempts_ = 0;
    std::string refused_reason_;
    std::uint64_t refused_ = 0;  // in a row with this reason
    std::uint64_t qos0_dropped_ = 0;
};

}  // namespace gateway
