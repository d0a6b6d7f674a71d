// store/age.cpp: see age.hpp.
#include "store/age.hpp"

#include <algorithm>

namespace store {
namespace {

// A mad clock's numbers wrap around instead of overflowing.
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t since(std::int64_t then, std::int64_t now) {
    return std::max<std::int64_t>(0,
                                  static_cast<std::int64_t>(static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(then)));
}

}  // namespace

std::optional<std::int64_t> true_time_ms(const stamp& at, std::optional<std::int64_t> boot_offset_ms) {
    if (boot_offset_ms) return sum(*boot_offset_ms, at.monotonic_ms);
    if (at.synchronised) return at.wall_ms;
    return std::nullopt;
}

stamp corrected(const stamp& at, std::optional<std::int64_t> boot_offset_ms) {
    if (at.synchronised || !boot_offset_ms) return at;
    return {sum(*boot_offset_ms, at.monotonic_ms), at.monotonic_ms, true};
}

std::optional<std::int64_t> age_ms(const stamp& taken, bool of_this_boot, std::optional<std::int64_t> boot_offset_ms,
                                   const moment& now) {
    if (of_this_boot) return since(taken.monotonic_ms, now.clocks.monotonic_ms);
    const auto then = true_time_ms(taken, boot_offset_ms);
    const auto here = true_time_ms(now.clocks, now.boot_offset_ms);
    if (!then || !here) return std::nullopt;
    return since(*then, *here);
}

}  // namespace store
