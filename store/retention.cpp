// store/retention.cpp: arithmetic of pages and bytes.
#include "store/retention.hpp"

#include <algorithm>
#include <cassert>

namespace store {
namespace {

constexpr std::uint64_t overflow_bytes = page_size - 4;  // each overflow page begins with the number of the next
constexpr std::uint64_t split_pages = 4;                 // leaf, two levels above it, pointer map
constexpr std::uint64_t shrink_pages = 1024;             // 4 MiB a commit

}  // namespace

std::uint64_t pages_for(std::uint64_t bytes) { return bytes / overflow_bytes + 1 + split_pages; }

std::uint64_t bytes_in(std::uint64_t pages) { return pages <= split_pages ? 0 : (pages - split_pages) * overflow_bytes - 1; }

std::uint64_t page_limit(std::uint64_t bound, std::uint64_t used_before) {
    if (used_before <= bound) return bound;
    return std::max(bound, used_before - std::min(used_before, shrink_pages));
}

std::uint64_t inbox_bound(const options& how) { return std::min(how.inbox_max_bytes, how.max_bytes / 4); }

std::uint64_t dead_letters_bound(const options& how) { return std::min(how.dead_letters_max_bytes, how.max_bytes / 8); }

std::uint64_t pages_beside_log(const options& how) { return 3 * (inbox_bound(how) + dead_letters_bound(how)) / page_size; }

void eviction::add(const segment_row& next) {
    assert(!enough() && next.first > last_);
    if (first_ == 0) first_ = next.first;
    last_ = next.last();
    bytes_ += next.bytes;
    messages_ += static_cast<std::uint64_t>(next.count);
}

}  // namespace store
