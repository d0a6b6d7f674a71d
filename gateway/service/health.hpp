// gateway/service/health.hpp: whether every thread makes progress: each says what it begins and how long that may take; whoever
// watches asks who is late. The only atomics of the gateway are here. Not here: what is done about a thread that hangs
// (watchdog.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gateway {

/// Of one thread, which writes it; any thread may read it.
class pulse {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// It begins something that ends, or says busy() or idle() again, within `at_most`. `what` is a literal.
    void busy(const char* what, std::chrono::nanoseconds at_most, time_point now) {
        what_.store(what, std::memory_order_relaxed);
        late_from_.store((now + at_most).time_since_epoch().count(), std::memory_order_release);
    }
    /// It waits for something to do, however long.
    void idle() { late_from_.store(0, std::memory_order_release); }

    /// By how much it is late; not positive: it isn't.
    std::chrono::nanoseconds late_by(time_point now) const {
        const auto from = late_from_.load(std::memory_order_acquire);
        return from == 0 ? std::chrono::nanoseconds{0} : now.time_since_epoch() - std::chrono::steady_clock::duration(from);
    }
    bool is_busy() const { return late_from_.load(std::memory_order_acquire) != 0; }
    const char* what() const { return what_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> late_from_{0};  // steady nanoseconds; 0: idle
    std::atomic<const char*> what_{""};
};

class health {
public:
    struct hang {
        std::string thread;
        std::string what;  // what it was at
        std::chrono::nanoseconds late{0};
        bool operator==(const hang&) const = default;
    };

    /// For a thread; it counts for as long as the thread keeps it. Any thread.
    std::shared_ptr<pulse> add(std::string thread);
    /// Who is late, in the order in which they came. Any thread.
    std::vector<hang> hanging(pulse::time_point now) const;

private:
    struct watched {
        std::string thread;
        std::weak_ptr<pulse> beat;
    };
    mutable std::mutex mutex_;
    std::vector<watched> all_;
};

}  // namespace gateway
