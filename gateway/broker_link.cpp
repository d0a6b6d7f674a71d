// gateway/broker_link.cpp: see broker_link.hpp.
// Not here: the protocol (mqtt/).
#include "gateway/broker_link.hpp"

#include <csignal>
#include <cstdio>
#include <random>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

/// Another try won't help as long as nobody changes something.
bool is_final(mqtt::reason code) {
    switch (code) {
        case mqtt::reason::bad_user_name_or_password:
        case mqtt::reason::not_authorized:
        case mqtt::reason::bad_authentication_method:
        case mqtt::reason::client_identifier_not_valid:
        case mqtt::reason::unsupported_protocol_version:
        case mqtt::reason::banned:
            return true;
        default:
            return false;
    }
}

}  // namespace

mqtt::time_point command_now() { return std::chrono::steady_clock::now(); }

broker_link::broker_link(broker_settings how, std::string name, handlers what)
    : how_(std::move(how)),
      name_(std::move(name)),
      handlers_(std::move(what)),
      signals_(loop_, SIGTERM, SIGINT),
      timer_(loop_),
      session_(how_.session, {}, std::random_device{}()),
      client_(
          loop_, {how_.connection}, session_, [this](const mqtt::effect& e) { on_effect(e); },
          [this] {
              if (!leaving_) handlers_.on_ready();
          }) {}

int broker_link::run(bool comes_back) {
    comes_back_ = comes_back;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (!error) leave(handlers_.on_interrupt());
    });
    if (how_.timeout) {
        timer_.expires_after(*how_.timeout);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error && !leaving_) leave(handlers_.on_timeout());
        });
    }
    client_.start();
    loop_.run();
    return code_;
}

void broker_link::leave(int code) {
    if (leaving_) return;
    leaving_ = true;
    code_ = code;
    timer_.cancel();
    signals_.cancel();
    client_.stop(limits::disconnect_on_stop, [this] { loop_.stop(); });
}

void broker_link::say(const std::string& line) const { std::fprintf(stderr, "%s: %s\n", name_.c_str(), line.c_str()); }

void broker_link::on_effect(const mqtt::effect& what) {
    if (leaving_) return;
    if (const auto* const on = std::get_if<mqtt::online>(&what)) on_online(*on);
    if (const auto* const off = std::get_if<mqtt::offline>(&what)) on_offline(*off);
    if (const auto* const moved = std::get_if<mqtt::redirected>(&what))
        say("the broker names another server: " + moved->to + (moved->followed ? "" : " (not followed)"));
    if (!leaving_) handlers_.on_effect(what);
}

void broker_link::on_online(const mqtt::online& what) {
    if (was_online_) {
        say("connected again");
    } else if (how_.verbose) {
        say("connected to " + mqtt::url_of(how_.connection.endpoint) + " as " + what.client_id +
            (what.session_present ? ", session resumed" : ""));
    }
    was_online_ = true;
}

void broker_link::on_offline(const mqtt::offline& what) {
    const bool again = how_.retry || (comes_back_ && was_online_);
    if (!again || (what.code && is_final(*what.code) && !how_.retry)) {
        say(what.reason);
        return leave(1);
    }
    char when[32];
    std::snprintf(when, sizeof when, "%.1f s", static_cast<double>(what.retry_in.count()) / 1000);
    say(what.reason + "; trying again in " + when);
}

}  // namespace gateway
