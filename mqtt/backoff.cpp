// mqtt/backoff.cpp: the delays, from a SplitMix64 sequence: small, and the same on every platform.
// Not here: a source of seeds; the owner of the session has one.
#include "mqtt/backoff.hpp"

#include <algorithm>

namespace mqtt {

backoff::backoff(milliseconds first, milliseconds last, std::uint64_t seed)
    : first_(std::max(first, milliseconds{1})), last_(std::max(last, first_)), cap_(first_), state_(seed) {}

backoff::milliseconds backoff::next() {
    const auto delay = below(cap_);
    cap_ = cap_ > last_ / 2 ? last_ : cap_ * 2;
    return delay;
}

backoff::milliseconds backoff::next_slow() {
    cap_ = last_;
    return below(last_);
}

backoff::milliseconds backoff::below(milliseconds end) {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    // The ends are far below 2^32 ms, so the bias of the remainder is below one in 2^32.
    return milliseconds{static_cast<std::int64_t>(z % static_cast<std::uint64_t>(end.count()))};
}

}  // namespace mqtt
