// gateway/clock.cpp: reads the kernel's clocks.
#include "gateway/clock.hpp"

#include <sys/timex.h>
#include <time.h>

#include <fstream>

namespace gateway {
namespace {

std::int64_t milliseconds_of(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

bool is_synchronised() {
    timex state{};
    return adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::now(); }

store::stamp stamp_now() {
    return {.wall_ms = milliseconds_of(CLOCK_REALTIME),
            .monotonic_ms = milliseconds_of(CLOCK_BOOTTIME),
            .synchronised = is_synchronised()};
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace gateway
