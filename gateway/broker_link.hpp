// gateway/broker_link.hpp: one connection to a broker for the length of a command: the loop, the session, the client, signals and
// the command's time-out; and what of it a person is told, on stderr.
// Not here: what is sent and what becomes of what comes (command_pub.cpp, command_sub.cpp), and the service (app.cpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "gateway/broker_options.hpp"
#include "mqtt/client.hpp"
#include "mqtt/session.hpp"

namespace gateway {

class broker_link {
public:
    struct handlers {
        std::function<void(const mqtt::effect&)> on_effect;
        std::function<void()> on_ready;     // the session may take messages
        std::function<int()> on_interrupt;  // Ctrl-C; returns the exit code
        std::function<int()> on_timeout;    // --timeout has passed; returns the exit code
    };
    /// `name`: of the command, before each line on stderr.
    broker_link(broker_settings how, std::string name, handlers what);

    /// Connects, and goes on until leave(), which says what this returns. Without `retry`, a connection that can't be made
    /// ends it with 1; one that was made and is lost is made again if `comes_back`.
    int run(bool comes_back);
    /// DISCONNECT, and then run() returns `code`. Once only; a later call changes nothing.
    void leave(int code);
    /// After any call of the session's.
    void flush() { client_.flush(); }

    mqtt::session& session() { return session_; }
    boost::asio::io_context& loop() { return loop_; }
    void say(const std::string& line) const;

private:
    void on_effect(const mqtt::effect& what);
    void on_online(const mqtt::online& what);
    void on_offline(const mqtt::offline& what);

    broker_settings how_;
    const std::string name_;
    handlers handlers_;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer timer_;
    mqtt::session session_;
    mqtt::client client_;
    bool comes_back_ = false;
    bool was_online_ = false;
    bool leaving_ = false;
    int code_ = 0;
};

mqtt::time_point command_now();

}  // namespace gateway
