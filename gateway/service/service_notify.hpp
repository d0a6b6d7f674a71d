// gateway/service/service_notify.hpp: tells systemd how the service is (sd_notify(3)): one datagram to the socket that it names
// in NOTIFY_SOCKET. Without one everything here does nothing. Not here: when what is told (app.cpp, watchdog.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway {

// What the datagrams say. Pure.
std::string ready_text(std::string_view status);
/// `now`: of CLOCK_MONOTONIC, by which systemd knows which READY=1 belongs to it.
std::string reloading_text(std::chrono::steady_clock::time_point now);
std::string stopping_text(std::string_view status);
std::string status_text(std::string_view status);
/// Give me so long from now before you lose patience with my start or stop.
std::string patience_text(std::chrono::microseconds how_long);

/// One line for `systemctl status`.
struct service_figures {
    bool online = false;
    std::string broker;  // its name
    std::uint64_t queued = 0;
    std::size_t devices_online = 0;
    std::size_t devices_offline = 0;  // the others haven't been polled yet
    bool operator==(const service_figures&) const = default;
};
std::string in_words(const service_figures& now);

/// What is to be told of changing figures: a change of what matters at once, the number of queued messages now and then.
class status_line {
public:
    using time_point = std::chrono::steady_clock::time_point;
    /// Nothing: it isn't to be told now.
    std::optional<std::string> tell(const service_figures& now, time_point at);

private:
    std::optional<service_figures> told_;
    time_point told_at_{};
};

class service_notify {
public:
    /// By the environment, which is emptied of it: processes that this one starts have nothing to say to systemd. Before there
    /// are other threads.
    service_notify();
    /// A path, or '@' and an abstract name; empty: nobody is told. `watchdog`: how often WATCHDOG=1 must come at least.
    service_notify(std::string socket, std::optional<std::chrono::microseconds> watchdog)
        : socket_(std::move(socket)), watchdog_(watchdog) {}

    /// Any thread. It is lost if nobody takes it: there is nobody else to tell.
    void send(std::string_view text) const;
    bool has_listener() const { return !socket_.empty(); }
    std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

private:
    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
};

/// WATCHDOG_USEC and WATCHDOG_PID, as systemd gives them to process `pid`; nothing: no watchdog, or not for us. Pure.
std::optional<std::chrono::microseconds> watchdog_of(const char* microseconds, const char* for_pid, std::int64_t pid);

}  // namespace gateway
