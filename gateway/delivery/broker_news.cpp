// gateway/delivery/broker_news.cpp: see broker_news.hpp.
#include "gateway/delivery/broker_news.hpp"

#include <bit>
#include <chrono>
#include <utility>
#include <variant>

namespace gateway {

void broker_news::tell_settings() {
    const auto verify = config_.mqtt.tls.verify;
    if (verify == config::tls_verify::full) return;
    log_.warning("broker_not_verified", {{"verify", verify == config::tls_verify::none ? "none" : "chain_only"},
                                         {"remedy", "set mqtt.tls.verify: full"}});
}

void broker_news::tell(const mqtt::effect& what) {
    std::visit([this](const auto& each) { tell(each); }, what);
}

void broker_news::tell(const mqtt::online& what) {
    log_.info("broker_connected", {{"broker", mqtt::url_of(servers_[what.server].endpoint)},
                                   {"session", what.session_present ? "resumed" : "new"},
                                   {"epoch", what.epoch},
                                   {"failed_attempts", failed_attempts_}});
    if (qos0_dropped_ > 0) log_.warning("qos0_dropped", {{"messages", qos0_dropped_}, {"reason", "no connection"}});
    qos0_dropped_ = 0;
    failed_attempts_ = 0;
    offline_reason_.clear();
    was_online_ = true;
    tell_limits(limits_of(what, config_));
}

/// What the broker doesn't grant.
void broker_news::tell_limits(const broker_limits& now) {
    const broker_limits before = std::exchange(limits_, now);
    if (now.session_expiry && now.session_expiry != before.session_expiry)
        log_.warning("session_expiry_reduced",
                     {{"asked", std::chrono::milliseconds(config_.mqtt.session_expiry)},
                      {"granted", std::chrono::milliseconds(std::chrono::seconds(*now.session_expiry))},
                      {"consequence", "an outage longer than this loses what is in flight at the broker"}});
    if (now.maximum_qos && now.maximum_qos != before.maximum_qos)
        log_.warning("qos_limited", {{"to", *now.maximum_qos}, {"reason", "the broker takes no higher QoS"}});
    if (now.no_retain && !before.no_retain)
        log_.warning("retain_unavailable", {{"reason", "the broker keeps no retained messages"},
                                            {"consequence", "who subscribes later doesn't get the last value or status"}});
}

void broker_news::tell(const mqtt::offline& what) {
    ++failed_attempts_;
    const bool news = was_online_ || what.reason != offline_reason_;
    was_online_ = false;
    offline_reason_ = what.reason;
    if (news) log_.warning("broker_lost", {{"reason", what.reason}, {"retry_in", what.retry_in}});
}

void broker_news::tell(const mqtt::session_lost& what) {
    log_.warning("session_lost", {{"resent", what.resent}, {"dropped", what.dropped}, {"epoch", what.epoch}});
}

void broker_news::tell(const mqtt::message_refused& what) {
    if (what.reason != refused_reason_) refused_ = 0;
    refused_reason_ = what.reason;
    // What is refused once is as a rule refused always; told when its number has doubled.
    if (std::has_single_bit(++refused_))
        log_.warning("message_refused", {{"sequence", mqtt::number(what.sequence)},
                                         {"reason", what.reason},
                                         {"messages", refused_},
                                         {"remedy", "it is kept among the dead letters: tidegate queue peek --dead-letters"}});
}

void broker_news::tell(const mqtt::qos_lowered& what) {
    log_.warning("qos_lowered", {{"to", static_cast<int>(what.to)},
                                 {"reason", "the broker takes no messages of QoS 2"},
                                 {"remedy", "set mqtt.max_qos: 1"}});
}

void broker_news::tell(const mqtt::redirected& what) {
    log_.warning("broker_moved",
                 {{"to", what.to}, {"permanent", what.permanent ? "yes" : "no"}, {"followed", what.followed ? "yes" : "no"}});
}

void broker_news::tell(const mqtt::unexpected_message& what) { log_.debug("unexpected_message", {{"topic", what.topic}}); }

void broker_news::tell(const mqtt::unlogged_lost& what) {
    // Status topics are sent again after the reconnect; QoS 0 messages promise nothing.
    log_.debug("unlogged_lost", {{"messages", what.count}});
}

}  // namespace gateway
