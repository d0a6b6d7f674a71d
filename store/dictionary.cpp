// store/dictionary.cpp: texts by number and numbers by text.
#include "store/dictionary.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace store {

void dictionary::restore(std::uint64_t id, std::string text) {
    assert(id >= 1 && id <= highest_id && !texts_.contains(id));
    bytes_ += text.size();
    const auto entry = texts_.emplace(id, std::move(text)).first;
    ids_.emplace(entry->second, id);
    reserve(id);
}

void dictionary::reserve(std::uint64_t id) { last_id_ = std::max(last_id_, id); }

std::optional<std::uint64_t> dictionary::add(std::string_view text) {
    assert(!ids_.contains(text));
    if (texts_.size() >= most_entries || bytes_ + text.size() > most_bytes || last_id_ >= highest_id) return std::nullopt;
    restore(last_id_ + 1, std::string(text));
    return last_id_;
}

std::optional<std::uint64_t> dictionary::find(std::string_view text) const {
    const auto found = ids_.find(text);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
}

const std::string* dictionary::text(std::uint64_t id) const {
    const auto found = texts_.find(id);
    return found == texts_.end() ? nullptr : &found->second;
}

void dictionary::forget_after(std::uint64_t id) {
    while (!texts_.empty() && texts_.rbegin()->first > id) {
        const auto newest = std::prev(texts_.end());
        bytes_ -= newest->second.size();
        if (const auto entry = ids_.find(newest->second); entry != ids_.end() && entry->second == newest->first)
            ids_.erase(entry);
        texts_.erase(newest);
    }
    last_id_ = std::min(last_id_, id);
}

}  // namespace store
