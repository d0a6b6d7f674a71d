// gateway/write/local_commands.hpp: commands that don't come from the broker: they take the same way, through the inbox and past
// the same judge, and their final answer also comes back here. Pure: the time is an argument. Not here: what becomes of them
// (write_engine.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gateway/write/write_news.hpp"
#include "mqtt/session.hpp"

namespace gateway {

class local_commands {
public:
    using time_point = std::chrono::steady_clock::time_point;
    /// `answer`: what a subscriber of the ack topic reads, too; null: none came in time.
    using done = std::function<void(const write_news* answer)>;

    /// `mark`: by which its commands are known, together with a number; others can't guess it.
    local_commands(std::string gateway_id, std::chrono::milliseconds command_timeout, std::string mark)
        : gateway_id_(std::move(gateway_id)), command_timeout_(command_timeout), mark_(std::move(mark)) {}

    void set_timeout(std::chrono::milliseconds of_commands) { command_timeout_ = of_commands; }
    /// `take` gets it as if the broker had sent it; what it refers to lasts for the call. `who`: for the audit.
    void send(std::string_view device, std::string_view point, std::string_view payload, std::string_view who, time_point now,
              done to, const std::function<void(const mqtt::received&)>& take);
    void on_news(const write_news& what);
    /// Gives up those that wait since before `since`.
    void give_up(time_point since);

private:
    struct waiting {
        time_point began;
        done to;
    };
    const std::string gateway_id_;
    std::chrono::milliseconds command_timeout_;
    const std::string mark_;
    std::uint64_t number_ = 0;
    std::map<std::string, waiting, std::less<>> waiting_;  // by correlation data
};

/// As an HTTP status.
unsigned http_status_of(const write_news& what);

}  // namespace gateway
