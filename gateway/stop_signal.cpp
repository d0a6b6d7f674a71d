// gateway/stop_signal.cpp: see stop_signal.hpp.
#include "gateway/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <tuple>
#include <utility>

namespace gateway {
namespace {

sigset_t stopping_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void raise(int event) {
    const std::uint64_t one = 1;
    std::ignore = ::write(event, &one, sizeof one);  // it can't be full
}

}  // namespace

stop_signal::stop_signal(std::function<void()> on_stop)
    : on_stop_(std::move(on_stop)), end_(::eventfd(0, EFD_CLOEXEC)), told_(::eventfd(0, EFD_CLOEXEC)) {
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    watching_ = std::thread(&stop_signal::watch, this);
}

stop_signal::~stop_signal() {
    raise(end_);
    watching_.join();
    for (const int each : {signals_, end_, told_})
        if (each >= 0) ::close(each);
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void stop_signal::watch() {
    std::array<pollfd, 2> both{pollfd{signals_, POLLIN, 0}, pollfd{end_, POLLIN, 0}};
    while (::poll(both.data(), both.size(), -1) >= 0 || errno == EINTR) {
        if (both[1].revents != 0) return;
        if (both[0].revents == 0) continue;
        signalfd_siginfo what{};
        std::ignore = ::read(signals_, &what, sizeof what);
        if (came_.exchange(true)) ::_exit(128 + static_cast<int>(what.ssi_signo));
        raise(told_);
        on_stop_();
    }
}

bool stop_signal::sleep(std::chrono::nanoseconds time) const {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!came_) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return true;
        pollfd one{told_, POLLIN, 0};
        std::ignore = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left.count() + 1, 60'000)));
    }
    return false;
}

}  // namespace gateway
