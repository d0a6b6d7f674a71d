// gateway/delivery/memory_log.hpp: the newest part of the log, which isn't written: its messages have their numbers and are being
// sent, and most of them will be acknowledged before they are worth a write (buffer.durability: on_outage). Pure. Not here: when
// what is left of it is written (group_commit.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "store/queue.hpp"

namespace gateway {

class memory_log {
public:
    using time_point = std::chrono::steady_clock::time_point;
    struct entry {
        store::message message;
        time_point since;
    };

    /// `newest`: the last number given out before.
    explicit memory_log(store::sequence newest) : next_(number(newest) + 1) {}

    /// Gives the messages the next numbers; returns the first.
    store::sequence append(const std::vector<store::message>& messages, time_point now);
    /// All up to `acked` are finished, and need never be written.
    void finish(store::sequence acked);
    /// Those up to `newest` got their numbers elsewhere. Requires: it is empty.
    void skip_to(store::sequence newest);

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }
    /// Since when the oldest is here.
    std::optional<time_point> oldest() const;
    /// The number of the oldest, or, if there is none, the next that will be given: all below it are finished, or in the file.
    store::sequence first() const { return store::sequence{next_ - static_cast<std::int64_t>(entries_.size())}; }

    /// All that there is, and nothing is left.
    std::deque<entry> take();
    /// What was taken wasn't written. Requires: no others have come from elsewhere.
    void put_back(std::deque<entry> taken);

    /// A copy; nothing: it isn't here.
    std::optional<store::message> find(store::sequence at) const;
    /// Copies of those from `from` on, bounded as store::queue::read() is.
    std::vector<store::stored_message> read(store::sequence from, std::size_t most_messages, std::size_t most_bytes) const;

private:
    std::deque<entry> entries_;
    std::int64_t next_;
    std::size_t bytes_ = 0;
};

}  // namespace gateway
