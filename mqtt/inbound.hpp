// mqtt/inbound.hpp: what a session remembers of messages towards us: the identifiers of QoS 2 that the broker hasn't released,
// how much of our window it uses, and the topics behind its aliases.
// Not here: packets, and what is answered when (session_inbound.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt {

class inbound {
public:
    inbound(std::vector<packet_id> held, std::uint16_t window, std::uint16_t aliases);

    // -- identifiers of QoS 2, which outlive connections --
    /// False: it is held already, so this is a repetition.
    bool hold(packet_id id);
    /// False: it isn't held.
    bool release(packet_id id);
    void release_all() {
        held_.clear();
        doubtful_.clear();
    }
    /// What is held may be of a session that the broker has lost since, unknown to us.
    void doubt_all() { doubtful_ = held_; }
    /// Before hold(). The first transmission (no DUP) of a message whose identifier is held and in doubt shows that this is
    /// another session: nothing that is in doubt is held any more.
    void settle_doubt(packet_id id, bool dup);
    /// Ascending.
    const std::vector<packet_id>& held() const { return held_; }

    // -- one connection --
    void begin_connection();
    /// A PUBLISH of QoS 1 or 2 came. False: the broker exceeds our Receive Maximum (4.9). That is judged until the broker has
    /// been given some of its quota back: mosquitto 2.0 takes each PUBCOMP for leave to send up to a whole window more, and a
    /// client that minds gets nothing from it but reconnects. Identifiers bound it then.
    bool use_window();
    /// PUBACK, PUBCOMP or a refusing PUBREC left.
    void give_back() { gave_back_ = true; }

    /// The topic behind an alias; empty: it was never set, or is above our Topic Alias Maximum.
    std::string_view topic_of(std::uint16_t alias) const;
    /// False: above our Topic Alias Maximum. What topic_of() gave before stays valid until forget_replaced().
    bool set_topic(std::uint16_t alias, std::string_view topic);
    void forget_replaced() { replaced_.clear(); }

private:
    std::vector<packet_id> held_;
    std::vector<packet_id> doubtful_;  // some of them
    const std::size_t window_;
    std::size_t used_ = 0;
    bool gave_back_ = false;
    // Each in a place of its own: a short string that moves takes its bytes along, and views of them would be left behind.
    std::vector<std::unique_ptr<const std::string>> topics_;  // of the aliases 1, 2, …
    std::vector<std::unique_ptr<const std::string>> replaced_;
};

}  // namespace mqtt
