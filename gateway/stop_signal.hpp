// gateway/stop_signal.hpp: Ctrl-C (SIGINT) and SIGTERM as something that a command can wait for, instead of its sudden end.
// Not here: what the command then does.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace gateway {

/// As long as it lives, the first such signal calls `on_stop` from a thread of its own; a second one ends the process, as ever.
/// Made before any other thread, which inherits the mask.
class stop_signal {
public:
    explicit stop_signal(std::function<void()> on_stop);
    ~stop_signal();
    stop_signal(const stop_signal&) = delete;
    stop_signal& operator=(const stop_signal&) = delete;

    bool came() const { return came_; }
    /// False: the signal came before.
    bool sleep(std::chrono::nanoseconds time) const;

private:
    void watch();
    std::function<void()> on_stop_;
    int signals_ = -1;
    int end_ = -1;   // an eventfd: the command is done
    int told_ = -1;  // an eventfd: the signal came
    std::atomic<bool> came_{false};
    std::thread watching_;
};

}  // namespace gateway
