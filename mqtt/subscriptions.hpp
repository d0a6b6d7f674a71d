// mqtt/subscriptions.hpp: what the session's owner has asked to receive, and which SUBSCRIBEs and UNSUBSCRIBEs are still to be
// sent or answered for it.
// Not here: the connection that they go over (session_subscribe.cpp).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/inflight.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/session.hpp"

namespace mqtt {

/// What a broker says in CONNACK that it can do.
struct subscription_limits {
    bool wildcards = true;
    bool identifiers = true;
    bool shared = true;
    std::uint32_t packet_size = 0xffffffff;
};

class subscriptions {
public:
    /// What is none is told at once; the rest waits for next_request().
    void subscribe(std::vector<subscription> what, property_set properties, effects& told);
    void unsubscribe(std::vector<std::string> filters, property_set properties, effects& told);
    /// A message of this topic is one that was asked for.
    bool expects(std::string_view topic) const;

    /// A new connection: everything is asked for again. `resumed`: what is retained has come already for what was granted to
    /// us; a process begun anew knows nothing of it.
    void begin_connection(bool resumed);

    /// The next packet to send; nothing: none, or too many are unanswered. What this broker can't do is told.
    std::optional<packet> next_request(version how, const subscription_limits& limits, effects& told);
    bool is_waiting_for_answer() const { return !asked_.empty(); }

    /// The broker's answer. Not empty: it fits no request, in words.
    std::string_view on(const suback& what, effects& told);
    std::string_view on(const unsuback& what, version how, effects& told);

private:
    struct group {
        std::vector<subscription> members;
        property_set properties;
    };
    struct departure {
        std::vector<std::string> filters;
        property_set properties;
    };
    using request = std::variant<group, departure>;

    std::optional<packet> packet_of(group& what, version how, const subscription_limits& limits, effects& told);
    std::optional<packet> packet_of(departure& what, version how, const subscription_limits& limits, effects& told);
    void forget(std::string_view filter);
    void answered(std::string_view departed);

    std::vector<group> groups_;  // in the order of the calls; no filter is there twice
    std::set<std::string, std::less<>> granted_;
    std::vector<departure> departures_;  // until they are answered
    std::deque<request> waiting_;        // to be sent on this connection
    std::map<packet_id, request> asked_;
    request_ids ids_;
};

}  // namespace mqtt
