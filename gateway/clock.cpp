// gateway/clock.cpp: reads the kernel's clocks, and what the system says of them.
#include "gateway/clock.hpp"

#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <fstream>

namespace gateway {
namespace {

// systemd-timesyncd.service(8): touched each time the clock was synchronised; /run is empty after a boot.
constexpr const char* timesyncd_file = "/run/systemd/timesync/synchronized";

std::int64_t milliseconds_of(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

store::stamp read_clocks() {
    return {.wall_ms = milliseconds_of(CLOCK_REALTIME), .monotonic_ms = milliseconds_of(CLOCK_BOOTTIME), .synchronised = false};
}

/// One for the process, as the clock is one.
stamper& the_stamper() {
    static stamper only(read_clocks, [] { return read_clock_evidence(timesyncd_file); });
    return only;
}

}  // namespace

std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::now(); }

std::chrono::system_clock::time_point wall_now() { return std::chrono::system_clock::now(); }

store::stamp stamp_now() { return the_stamper().now(); }

void trust_clock(config::clock_trust how) { the_stamper().trust(how); }

clock_evidence last_clock_evidence() { return the_stamper().last_evidence(); }

clock_evidence read_clock_evidence(const char* timesyncd) {
    clock_evidence found;
    timex state{};  // modes 0: reads, changes nothing. Even that is forbidden in many containers.
    const int answer = adjtimex(&state);
    if (answer >= 0) found.kernel = answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    found.timesyncd = access(timesyncd, F_OK) == 0;
    return found;
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace gateway
