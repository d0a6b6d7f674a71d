// adapters/modbus/link_wait.cpp: see link_wait.hpp.
// Not here: reading and writing.
#include "adapters/modbus/link_wait.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace modbus {

interruption::interruption() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

interruption::~interruption() { ::close(descriptor_); }

void interruption::raise() const {
    const std::uint64_t one = 1;
    // It can fail only when the counter is full: raised already.
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

bool interruption::raised() const {
    pollfd one{descriptor_, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
}

// ppoll rather than clock_nanosleep: it is as precise (its slack is a thousandth of the wait), and sees what comes meanwhile.
woken wait_for(int descriptor, short events, time_point until, const interruption& interrupted) {
    std::array<pollfd, 2> both{pollfd{interrupted.descriptor(), POLLIN, 0}, pollfd{descriptor, events, 0}};
    const nfds_t count = descriptor < 0 ? 1 : 2;
    for (;;) {
        const auto left = std::chrono::nanoseconds(until - now()).count();
        const std::int64_t wait = left > 0 ? left : 0;
        const timespec limit{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
        const int ready = ::ppoll(both.data(), count, &limit, nullptr);
        assert(ready >= 0 || errno == EINTR || errno == ENOMEM);
        if (ready > 0 && both[0].revents != 0) return woken::interrupted;
        if (ready > 0) return woken::ready;
        if (now() >= until) return woken::time;
    }
}

namespace {

/// The first version of what sched_setattr(2) takes; the C library of Debian 12 doesn't declare it.
struct scheduling {
    std::uint32_t size = sizeof(scheduling);
    std::uint32_t policy = 0;  // SCHED_OTHER
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0, period = 0;
};

/// Asks for short turns on the processor: who asks for little is served sooner. Linux before 6.12 takes no notice.
void ask_for_short_turns() {
    scheduling now;
    if (::syscall(SYS_sched_getattr, 0, &now, sizeof now, 0U) != 0 || now.policy != 0) return;
    now.size = sizeof now;
    now.runtime = 100'000;  // ns, the least that there is
    ::syscall(SYS_sched_setattr, 0, &now, 0U);
}

}  // namespace

void sharpen_timers() {
    thread_local bool done = false;
    if (std::exchange(done, true)) return;
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    ask_for_short_turns();
}

}  // namespace modbus
