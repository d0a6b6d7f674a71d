// adapters/serial/wait.hpp: waiting for a descriptor until a moment of the steady clock, or until interrupted.
// Not here: what is read or written then.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace serial {

/// Raised once, for good, from any thread.
class interruption {
public:
    interruption();
    ~interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;

    void raise() const noexcept;
    bool raised() const;
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

enum class woken : std::uint8_t { ready, time, interrupted };

/// Waits for `events` (POLLIN, POLLOUT) on `descriptor`; -1: for the time alone. An error or hang-up is `ready`: reading or
/// writing will say what it is.
woken wait_for(int descriptor, short events, std::chrono::steady_clock::time_point until, const interruption& interrupted);

std::string system_words(int error);

}  // namespace serial
