// gateway/delivery/memory_log.cpp: a row of messages that grows at one end and shrinks at the other.
// Not here: any decision.
#include "gateway/delivery/memory_log.hpp"

#include <cassert>
#include <iterator>
#include <utility>

namespace gateway {

store::sequence memory_log::append(const std::vector<store::message>& messages, time_point now) {
    const store::sequence first{next_};
    for (const auto& m : messages) {
        bytes_ += size_of(m);
        entries_.push_back({m, now});
        ++next_;
    }
    return first;
}

void memory_log::finish(store::sequence acked) {
    while (!entries_.empty() && first() <= acked) {
        bytes_ -= size_of(entries_.front().message);
        entries_.pop_front();
    }
}

void memory_log::skip_to(store::sequence newest) {
    assert(entries_.empty() && number(newest) + 1 >= next_);
    next_ = number(newest) + 1;
}

std::optional<memory_log::time_point> memory_log::oldest() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.front().since;
}

std::deque<memory_log::entry> memory_log::take() {
    bytes_ = 0;
    return std::exchange(entries_, {});
}

void memory_log::put_back(std::deque<entry> taken) {
    for (const auto& each : taken) bytes_ += size_of(each.message);
    entries_.insert(entries_.begin(), std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
}

std::optional<store::message> memory_log::find(store::sequence at) const {
    const std::int64_t index = number(at) - number(first());
    if (index < 0 || index >= static_cast<std::int64_t>(entries_.size())) return std::nullopt;
    return entries_[static_cast<std::size_t>(index)].message;
}

std::vector<store::stored_message> memory_log::read(store::sequence from, std::size_t most_messages,
                                                    std::size_t most_bytes) const {
    std::vector<store::stored_message> found;
    std::size_t bytes = 0;
    std::int64_t at = number(first());
    for (const auto& each : entries_) {
        const store::sequence sequence{at++};
        if (sequence < from) continue;
        bytes += size_of(each.message);
        if (found.size() >= most_messages || (bytes > most_bytes && !found.empty())) break;
        found.push_back({sequence, each.message});
    }
    return found;
}

}  // namespace gateway
