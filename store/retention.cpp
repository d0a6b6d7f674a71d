// store/retention.cpp: arithmetic of pages and bytes.
#include "store/retention.hpp"

#include <algorithm>
#include <cassert>
#include <functional>

namespace store {
namespace {

constexpr std::uint64_t overflow_bytes = page_size - 4;  // each overflow page begins with the number of the next
constexpr std::uint64_t split_pages = 4;                 // leaf, two levels above it, pointer map
constexpr std::uint64_t shrink_pages = 1024;             // 4 MiB a commit

constexpr std::int64_t steady_ms = 3'600'000;
constexpr std::int64_t largest_slew_ms = 10'000;     // between two looks at the clock: beyond it, it was set
constexpr std::size_t most_alternating = 16 * 1024;  // topics, in about 0.7 MB; of those beyond, all messages stay

bool is_without_step(const stamp& from, const stamp& to) {
    std::int64_t by_wall = 0;
    std::int64_t passed = 0;
    std::int64_t apart = 0;
    const bool absurd = __builtin_sub_overflow(to.wall_ms, from.wall_ms, &by_wall) ||
                        __builtin_sub_overflow(to.monotonic_ms, from.monotonic_ms, &passed) ||
                        __builtin_sub_overflow(by_wall, passed, &apart);
    return !absurd && -largest_slew_ms <= apart && apart <= largest_slew_ms;
}

}  // namespace

std::uint64_t pages_for(std::uint64_t bytes) { return bytes / overflow_bytes + 1 + split_pages; }

std::uint64_t bytes_in(std::uint64_t pages) { return pages <= split_pages ? 0 : (pages - split_pages) * overflow_bytes - 1; }

std::uint64_t page_limit(std::uint64_t bound, std::uint64_t used_before) {
    if (used_before <= bound) return bound;
    return std::max(bound, used_before - std::min(used_before, shrink_pages));
}

std::uint64_t inbox_bound(const options& how) { return std::min(how.inbox_max_bytes, how.max_bytes / 4); }

std::uint64_t dead_letters_bound(const options& how) { return std::min(how.dead_letters_max_bytes, how.max_bytes / 8); }

std::uint64_t audit_bound(const options& how) { return std::min(how.audit_max_bytes, how.max_bytes / 16); }

std::uint64_t memories_bound(const options& how) { return std::min(how.memories_max_bytes, how.max_bytes / 16); }

std::uint64_t pages_beside_log(const options& how) {
    return 3 * (inbox_bound(how) + dead_letters_bound(how) + audit_bound(how) + memories_bound(how)) / page_size;
}

void eviction::add(const segment_row& next) {
    assert(!enough() && next.first > last_);
    if (first_ == 0) first_ = next.first;
    last_ = next.last();
    bytes_ += next.bytes;
    messages_ += static_cast<std::uint64_t>(next.count);
}

stamp clock_trust::judge(stamp now) {
    const bool goes_on = now.synchronised && last_ && is_without_step(*last_, now);
    if (!goes_on) steady_since_ms_ = now.monotonic_ms;
    last_ = now.synchronised ? std::optional(now) : std::nullopt;
    now.synchronised = goes_on && now.monotonic_ms - steady_since_ms_ >= steady_ms;
    return now;
}

bool alternation::keeps(std::string_view topic) {
    if (skips_next_.erase(std::hash<std::string_view>()(topic)) > 0) return false;
    keep(topic);
    return true;
}

void alternation::keep(std::string_view topic) {
    if (skips_next_.size() < most_alternating) skips_next_.insert(std::hash<std::string_view>()(topic));
}

}  // namespace store
