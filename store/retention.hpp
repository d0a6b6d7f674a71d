// store/retention.hpp: how much room a segment takes, and which old ones have to go for it.
// Also what inbox, dead letters, audit entries and memories may have of the file.
// Pure: queue.cpp asks the file how full it is, and carries out what is found here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "store/segment.hpp"

namespace store {

constexpr std::uint64_t page_size = 4096;

/// Pages that a row with so large a BLOB may add to the file, at worst: its own, and those of a split of the tree.
std::uint64_t pages_for(std::uint64_t bytes);
/// The largest BLOB that is sure to fit into so many pages; 0: none.
std::uint64_t bytes_in(std::uint64_t pages);

/// The pages that this commit may use. A file above its bound (the bound was lowered) comes down to it in steps, since
/// freeing gigabytes at once would block for minutes on a slow card.
std::uint64_t page_limit(std::uint64_t bound, std::uint64_t used_before);

/// Bytes for inbox, dead letters, audit entries and memories. They count into the file's bound, and however low that is, most of
/// it is the log's.
std::uint64_t inbox_bound(const options& how);
std::uint64_t dead_letters_bound(const options& how);
std::uint64_t audit_bound(const options& how);
std::uint64_t memories_bound(const options& how);
/// Pages that all of these may take at worst, with half-empty ones and the tree: they find room though the log has used up the
/// bound.
std::uint64_t pages_beside_log(const options& how);

/// Collects the oldest segments until they make up for `pages`. Whole segments only: a part of one frees nothing.
class eviction {
public:
    explicit eviction(std::uint64_t pages) : wanted_bytes_(pages * page_size) {}
    /// Requires: in ascending order, and not enough() yet.
    void add(const segment_row& next);
    bool enough() const { return bytes_ >= wanted_bytes_; }
    std::int64_t first() const { return first_; }
    std::int64_t last() const { return last_; }
    std::uint64_t messages() const { return messages_; }

private:
    std::uint64_t wanted_bytes_;
    std::uint64_t bytes_ = 0;
    std::uint64_t messages_ = 0;
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
};

/// Whether the wall clock may decide what is too old. A board may take a wrong time for right for a while, and what is dropped
/// is gone: so it is believed only after an hour without a step.
class clock_trust {
public:
    /// To be told each time that is looked at. The same time, and synchronised only if it is believed.
    stamp judge(stamp now);

private:
    std::optional<stamp> last_;         // while it is synchronised, and without a step since …
    std::int64_t steady_since_ms_ = 0;  // … this monotonic time
};

/// Which messages stay when a resolution is halved: of each topic the first, the third, and so on.
class alternation {
public:
    bool keeps(std::string_view topic);
    /// Whichever it is, it stays; the topic's next one doesn't.
    void keep(std::string_view topic);
    void start_over() { skips_next_.clear(); }
    bool is_at_start() const { return skips_next_.empty(); }

private:
    // By their hashes. Two topics with the same one would be thinned as one, which does no harm worth the memory.
    std::unordered_set<std::size_t> skips_next_;
};

}  // namespace store
