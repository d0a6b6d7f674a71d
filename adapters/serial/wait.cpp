// adapters/serial/wait.cpp: see wait.hpp.
// Not here: reading and writing.
#include "adapters/serial/wait.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>

namespace serial {

interruption::interruption() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

interruption::~interruption() { ::close(descriptor_); }

void interruption::raise() const noexcept {
    const std::uint64_t one = 1;
    // It can fail only when the counter is full: raised already.
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

bool interruption::raised() const {
    pollfd one{descriptor_, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
}

woken wait_for(int descriptor, short events, std::chrono::steady_clock::time_point until, const interruption& interrupted) {
    std::array<pollfd, 2> both{pollfd{interrupted.descriptor(), POLLIN, 0}, pollfd{descriptor, events, 0}};
    const nfds_t count = descriptor < 0 ? 1 : 2;
    for (;;) {
        const auto left = std::chrono::nanoseconds(until - std::chrono::steady_clock::now()).count();
        const std::int64_t wait = std::max<std::int64_t>(left, 0);
        const timespec limit{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
        const int ready = ::ppoll(both.data(), count, &limit, nullptr);
        assert(ready >= 0 || errno == EINTR || errno == ENOMEM);
        if (ready > 0 && both[0].revents != 0) return woken::interrupted;
        if (ready > 0) return woken::ready;
        if (std::chrono::steady_clock::now() >= until) return woken::time;
    }
}

std::string system_words(int error) { return std::generic_category().message(error); }

}  // namespace serial
