// adapters/modbus/link_wait.hpp: waiting for a descriptor until a moment of the steady clock, or until interrupted.
// Not here: what is read or written then.
#pragma once

#include <chrono>
#include <cstdint>

namespace modbus {

using time_point = std::chrono::steady_clock::time_point;
inline time_point now() { return std::chrono::steady_clock::now(); }

/// Raised once, for good. raise() may be called from any thread and from a signal handler.
class interruption {
public:
    interruption();
    ~interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;

    void raise() const;
    bool raised() const;
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

enum class woken : std::uint8_t { ready, time, interrupted };

/// Waits for `events` (POLLIN, POLLOUT) on `descriptor`; -1: for the time alone. An error or hang-up is `ready`: reading or
/// writing will say what it is. Never returns `time` before `until`.
woken wait_for(int descriptor, short events, time_point until, const interruption& interrupted);

/// Lets this thread's timers fire when they are due rather than 50 µs later, which at 115200 baud is half a character, and has
/// it run soon after that on a busy machine, too.
void sharpen_timers();

}  // namespace modbus
