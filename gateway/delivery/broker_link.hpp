// gateway/delivery/broker_link.hpp: one connection to a broker for the length of a command: the loop, the session, the client,
// signals and the command's time-out; and what of it a person is told, on stderr. Not here: what is sent and what becomes of what
// comes (command_pub.cpp, command_sub.cpp), and the service (app.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/command/broker_options.hpp"
#include "mqtt/session.hpp"

namespace gateway {

class broker_link {
public:
    struct handlers {
        std::function<void(const mqtt::effect&)> on_effect;  // all but `received`; with a state file, `save` when it is taken in
        /// With a state file, a message of QoS 1 or 2 comes when it is in there, with its number: one that comes again, after a
        /// crash, has the same. 0: no number. False: not handled; it is for the next call.
        std::function<bool(const mqtt::received&, std::int64_t number)> on_received;
        std::function<void()> on_ready;     // the session may take messages
        std::function<int()> on_interrupt;  // Ctrl-C; returns the exit code
        std::function<int()> on_timeout;    // --timeout has passed; returns the exit code
    };
    /// `name`: of the command, before each line on stderr.
    broker_link(broker_settings how, std::string name, handlers what);
    ~broker_link();
    broker_link(const broker_link&) = delete;
    broker_link& operator=(const broker_link&) = delete;

    /// What becomes of a connection that is lost after it was made.
    enum class when_lost : std::uint8_t { give_up, connect_again };
    /// Connects, and goes on until leave(), which says what this returns. A first connection that can't be made ends it with 1,
    /// unless --retry was given.
    int run(when_lost then);
    /// DISCONNECT, and then run() returns `code`. A second call changes nothing.
    void leave(int code);
    /// After any call of the session's.
    void flush();
    /// Calls back, once, when there is something to read from the file descriptor, or its end.
    void when_readable(int descriptor, std::function<void()> then);
    void say(const std::string& line) const;
    mqtt::session& session();
    /// Nothing: there is no state file.
    command_store* state();

private:
    class inside;
    std::unique_ptr<inside> inside_;
};

mqtt::time_point command_now();

}  // namespace gateway
