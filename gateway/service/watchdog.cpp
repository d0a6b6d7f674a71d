// gateway/service/watchdog.cpp: see watchdog.hpp.
#include "gateway/service/watchdog.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "gateway/clock.hpp"
#include "gateway/limits.hpp"

namespace gateway {

hang_news::told hang_news::look(const std::vector<health::hang>& now) {
    told found;
    found.feed = now.empty();
    std::set<std::string> names;
    for (const auto& each : now) {
        names.insert(each.thread);
        if (!hanging_.contains(each.thread)) found.hangs.push_back(each);
    }
    std::set_difference(hanging_.begin(), hanging_.end(), names.begin(), names.end(), std::back_inserter(found.again));
    hanging_ = std::move(names);
    return found;
}

watchdog::watchdog(health& watched, boost::asio::io_context& loop, const service_notify& to, const log& logger)
    : health_(watched), loop_(loop), notify_(to), log_(logger.unlimited()) {
    if (!to.watchdog()) return;
    loop_pulse_ = watched.add("loop");
    const auto half = *to.watchdog() / 2;
    thread_ = std::thread(&watchdog::run, this, std::min<std::chrono::microseconds>(half, limits::loop_asked_every));
}

watchdog::~watchdog() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void watchdog::run(std::chrono::microseconds every) noexcept {
    pthread_setname_np(pthread_self(), "watchdog");
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        look();
        lock.lock();
        wake_.wait_for(lock, every, [this] { return stopping_; });
    }
}

void watchdog::look() {
    const auto found = news_.look(health_.hanging(steady_now()));
    for (const auto& each : found.hangs)
        log_.error("thread_hangs",
                   {{"thread", each.thread},
                    {"at", each.what},
                    {"late", std::chrono::duration_cast<std::chrono::milliseconds>(each.late)},
                    {"consequence", "systemd's watchdog isn't fed until it moves again, and restarts the service"}});
    for (const auto& each : found.again) log_.warning("thread_moves_again", {{"thread", each}});
    if (found.feed) notify_.send("WATCHDOG=1");
    ask_loop();
}

/// Whoever asks again before the answer has come would give the loop new time.
void watchdog::ask_loop() {
    if (loop_pulse_->is_busy()) return;
    loop_pulse_->busy("turn", limits::loop_hangs, steady_now());
    boost::asio::post(loop_, [asked = loop_pulse_] { asked->idle(); });
}

}  // namespace gateway
