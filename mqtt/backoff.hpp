// mqtt/backoff.hpp: how long to wait before the next attempt to connect: exponential, with full jitter.
// Not here: which server comes next, and what counts as a failure (session.cpp). No clock: durations only.
#pragma once

#include <chrono>
#include <cstdint>

namespace mqtt {

class backoff {
public:
    using milliseconds = std::chrono::milliseconds;

    /// The upper end of the delay starts at `first` and doubles up to `last`. The same seed gives the same delays.
    backoff(milliseconds first, milliseconds last, std::uint64_t seed);

    /// A delay anywhere in [0, upper end); the next upper end is twice as high.
    milliseconds next();
    /// A delay anywhere in [0, last): for refusals that no quick repetition will change.
    milliseconds next_slow();
    /// The connection was good for long enough: the next delay is short again.
    void reset() { cap_ = first_; }

private:
    milliseconds below(milliseconds end);

    milliseconds first_;
    milliseconds last_;
    milliseconds cap_;
    std::uint64_t state_;
};

}  // namespace mqtt
