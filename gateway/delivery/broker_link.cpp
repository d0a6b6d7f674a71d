// gateway/delivery/broker_link.cpp: see broker_link.hpp.
// Not here: the protocol (mqtt/).
#include "gateway/delivery/broker_link.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "gateway/clock.hpp"
#include "gateway/command/command_store.hpp"
#include "gateway/delivery/session_state.hpp"
#include "gateway/limits.hpp"
#include "mqtt/client.hpp"
#include "mqtt/codec.hpp"

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

std::string remedy_of(mqtt::reason code) {
    switch (code) {
        case mqtt::reason::bad_user_name_or_password:
        case mqtt::reason::not_authorized:
            return "; check --username and --password";
        case mqtt::reason::bad_authentication_method:
            return "; it doesn't know this method: leave out --auth";
        case mqtt::reason::client_identifier_not_valid:
            return "; give another --client-id";
        case mqtt::reason::unsupported_protocol_version:
            return "; try --mqtt 3.1.1";
        default:
            return "";
    }
}

}  // namespace

mqtt::time_point command_now() { return std::chrono::steady_clock::now(); }

class broker_link::inside {
public:
    inside(broker_settings how, std::string name, handlers what);

    int run(when_lost then);
    void leave(int code);
    void when_readable(int descriptor, std::function<void()> then);
    void say(const std::string& line) const { std::fprintf(stderr, "%s: %s\n", name_.c_str(), line.c_str()); }
    mqtt::session& session() { return session_; }
    mqtt::client& client() { return client_; }
    command_store* state() { return how_.state ? &*how_.state : nullptr; }

private:
    void on_effect(const mqtt::effect& what);
    void on_online(const mqtt::online& what);
    void on_offline(const mqtt::offline& what);
    std::string explained(const mqtt::offline& what) const;
    void keep(const mqtt::save& what);
    bool commit(std::vector<store::received_message> received);
    void hand_on(std::vector<store::received_message> messages, store::inbox_number first);
    void hand_on_waiting();

    broker_settings how_;
    const std::string name_;
    const handlers handlers_;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer lazy_;  // runs while acknowledgements wait for a commit to ride with
    boost::asio::posix::stream_descriptor input_;
    mqtt::session session_;
    mqtt::client client_;
    when_lost when_lost_ = when_lost::give_up;
    bool was_online_ = false;
    std::size_t refused_ = 0;  // connections in a row
    bool online_ = false;
    bool leaving_ = false;
    bool lazy_runs_ = false;
    std::vector<store::received_message> received_;  // to be kept with the next save
    int code_ = 0;
};

broker_link::inside::inside(broker_settings how, std::string name, handlers what)
    : how_(std::move(how)),
      name_(std::move(name)),
      handlers_(std::move(what)),
      signals_(loop_, SIGTERM, SIGINT),
      timer_(loop_),
      lazy_(loop_),
      input_(loop_),
      session_(how_.session, how_.state ? saved_state_of(how_.state->found()) : mqtt::saved_state(), std::random_device{}()),
      client_(
          loop_, how_.connections, session_, [this](const mqtt::effect& e) { on_effect(e); },
          [this] {
              if (!leaving_) handlers_.on_ready();
          }) {}

int broker_link::inside::run(when_lost then) {
    when_lost_ = then;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (!error) leave(handlers_.on_interrupt());
    });
    if (how_.timeout) {
        timer_.expires_after(*how_.timeout);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error && !leaving_) leave(handlers_.on_timeout());
        });
    }
    if (how_.state) hand_on_waiting();
    client_.start();
    loop_.run();
    // A message without its save is not ours yet: the broker sends it again.
    if (how_.state && lazy_runs_ && !commit({})) return 1;
    return code_;
}

void broker_link::inside::leave(int code) {
    if (leaving_) return;
    leaving_ = true;
    code_ = code;
    timer_.cancel();
    signals_.cancel();
    client_.stop(limits::disconnect_on_stop, [this] { loop_.stop(); });
}

void broker_link::inside::when_readable(int descriptor, std::function<void()> then) {
    const auto call = [this, then = std::move(then)](const boost::system::error_code& = {}) {
        if (!leaving_) then();
    };
    boost::system::error_code error;
    if (!input_.is_open()) std::ignore = input_.assign(::dup(descriptor), error);
    // What can't be waited for, as a regular file, is always readable.
    if (error) return boost::asio::post(loop_, [call] { call(); });
    input_.async_wait(boost::asio::posix::stream_descriptor::wait_read, call);
}

void broker_link::inside::on_effect(const mqtt::effect& what) {
    if (const auto* const wanted = std::get_if<mqtt::save>(&what)) return keep(*wanted);
    const auto* const message = std::get_if<mqtt::received>(&what);
    if (how_.state && message != nullptr && message->qos != mqtt::qos::at_most_once)
        return received_.push_back(kept(*message, stamp_now()));
    if (leaving_) return;
    if (message != nullptr) {
        std::ignore = handlers_.on_received(*message, 0);  // nothing keeps it
        return;
    }
    if (const auto* const on = std::get_if<mqtt::online>(&what)) on_online(*on);
    if (const auto* const off = std::get_if<mqtt::offline>(&what)) on_offline(*off);
    if (const auto* const moved = std::get_if<mqtt::redirected>(&what))
        say("the broker names another server: " + moved->to + (moved->followed ? "" : " (not followed)"));
    if (!leaving_) handlers_.on_effect(what);
}

/// The broker hears that we have a message only when it is in the file. What nothing waits for rides with the next commit.
void broker_link::inside::keep(const mqtt::save& what) {
    how_.state->take(what);
    if (what.barrier || !received_.empty() || leaving_) {
        if (!commit(std::exchange(received_, {}))) return leave(1);
    } else if (!lazy_runs_) {
        lazy_runs_ = true;
        lazy_.expires_after(limits::lazy_commit);
        lazy_.async_wait([this](const boost::system::error_code& error) {
            lazy_runs_ = false;
            if (error || leaving_) return;
            commit({}) ? client_.flush() : leave(1);  // what has come since waits for its own save
        });
    }
    if (!leaving_) handlers_.on_effect(what);
}

bool broker_link::inside::commit(std::vector<store::received_message> received) {
    const auto done = how_.state->commit(received);
    if (!done) {
        say(words_of(done.error()));
        return false;
    }
    // What is in the inbox is handed on before more is read, so it is one read of the broker's bytes that doesn't fit. Nothing of
    // it is acknowledged: the broker still has it.
    if (done->received < received.size()) {
        say("the state file's inbox has no room for what came; nothing of it was taken over. Call without --state, or with a "
            "smaller --largest");
        return false;
    }
    hand_on(std::move(received), done->first_received);
    session_.on_durable(how_.state->position(), command_now());
    return true;
}

void broker_link::inside::hand_on(std::vector<store::received_message> messages, store::inbox_number first) {
    std::size_t handled = 0;
    for (const auto& each : messages) {
        if (leaving_) break;
        mqtt::received message;
        message.topic = each.topic;
        message.payload = each.payload;
        message.qos = static_cast<mqtt::qos>(each.qos);
        message.retain = each.retain;
        message.properties = mqtt::decode_message_properties(each.properties).value_or(mqtt::property_set());
        message.properties.message_expiry_interval = each.expiry;
        if (!handlers_.on_received(message, number(first) + static_cast<std::int64_t>(handled))) break;
        ++handled;
    }
    if (handled == 0) return;
    if (const auto done = how_.state->handled(first, handled); !done) {
        say(words_of(done.error()));
        leave(1);
    }
}

/// What an earlier call had taken over from the broker, and did not come to hand on.
void broker_link::inside::hand_on_waiting() {
    while (!leaving_) {
        auto waiting = how_.state->queue().read_inbox(store::inbox_number{1}, 100, 1u << 20);
        if (!waiting) {
            say(words_of(waiting.error()));
            return leave(1);
        }
        if (waiting->empty()) return;
        for (auto& each : *waiting) hand_on({std::move(each.message)}, each.number);
    }
}

void broker_link::inside::on_online(const mqtt::online& what) {
    if (was_online_) {
        say(what.session_present ? "connected again, session resumed" : "connected again");
    } else if (how_.verbose) {
        say("connected to " + mqtt::url_of(how_.connections[what.server].endpoint) + " as " + what.client_id);
    }
    refused_ = 0;
    was_online_ = true;
    online_ = true;
}

/// What happened, to which broker, and what can be done about it.
std::string broker_link::inside::explained(const mqtt::offline& what) const {
    std::string url;  // or several: which of them it was doesn't matter to what can be done
    for (const auto& each : how_.connections) url += (url.empty() ? "" : ", ") + mqtt::url_of(each.endpoint);
    if (online_) return "the connection to " + url + " is lost: " + what.reason;
    const std::string words = "can't connect to " + url + ": " + what.reason;
    if (what.code) return words + remedy_of(*what.code);
    const bool plain = how_.connections[0].endpoint.scheme == mqtt::scheme::mqtt;
    const bool answered = what.reason.starts_with("closed before CONNECT") || what.reason.starts_with("the broker sent");
    return plain && answered ? words + "; is this port for mqtts://, ws:// or wss:// instead?" : words;
}

void broker_link::inside::on_offline(const mqtt::offline& what) {
    const bool others = ++refused_ < how_.connections.size();
    const bool again = others || (when_lost_ == when_lost::connect_again && was_online_ && !(what.code && is_final(*what.code)));
    const std::string words = explained(what);
    online_ = false;
    if (!again && !how_.retry) {
        say(words);
        return leave(1);
    }
    char when[32];
    std::snprintf(when, sizeof when, "%.1f s", static_cast<double>(what.retry_in.count()) / 1000);
    say(words + "; trying again in " + when);
}

broker_link::broker_link(broker_settings how, std::string name, handlers what)
    : inside_(std::make_unique<inside>(std::move(how), std::move(name), std::move(what))) {}
broker_link::~broker_link() = default;

int broker_link::run(when_lost then) { return inside_->run(then); }
void broker_link::leave(int code) { inside_->leave(code); }
void broker_link::flush() { inside_->client().flush(); }
void broker_link::when_readable(int descriptor, std::function<void()> then) {
    inside_->when_readable(descriptor, std::move(then));
}
void broker_link::say(const std::string& line) const { inside_->say(line); }
mqtt::session& broker_link::session() { return inside_->session(); }
command_store* broker_link::state() { return inside_->state(); }

}  // namespace gateway
