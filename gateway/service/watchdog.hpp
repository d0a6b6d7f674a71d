// gateway/service/watchdog.hpp: feeds systemd's watchdog while every thread makes progress, and says in the log which one doesn't
// before systemd ends the process. Its thread does nothing else, and asks the loop for a sign of life. Not here: how long what
// may take (limits.hpp, health.hpp).
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "gateway/log.hpp"
#include "gateway/service/health.hpp"
#include "gateway/service/service_notify.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

/// From what is found at each look to what is done about it. Pure.
class hang_news {
public:
    struct told {
        bool feed = false;
        std::vector<health::hang> hangs;  // that are new
        std::vector<std::string> again;   // threads that move again
    };
    told look(const std::vector<health::hang>& now);

private:
    std::set<std::string> hanging_;
};

class watchdog {
public:
    /// Without a watchdog in `to` it does nothing. All outlive it.
    watchdog(health& watched, boost::asio::io_context& loop, const service_notify& to, const log& logger);
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

private:
    void run(std::chrono::microseconds every) noexcept;
    void look();
    void ask_loop();

    health& health_;
    boost::asio::io_context& loop_;
    const service_notify& notify_;
    const log log_;
    hang_news news_;
    std::shared_ptr<pulse> loop_pulse_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace gateway
