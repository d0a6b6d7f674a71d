// store/salvaged_records.cpp: which of two records is the further one.
#include "store/salvaged_records.hpp"

#include <tuple>
#include <utility>

namespace store {
namespace {

// Of texts that no page in use has: those of the few segments that only an older page has.
constexpr std::size_t most_older_texts = 4096;

// Each of these only grows, so the greater one was written later.
auto progress(const counters& of) {
    return std::make_tuple(of.last, of.acknowledged + of.dropped_oldest + of.dropped_refused + of.dropped_session +
                                        of.dropped_expired + of.dropped_aged + of.dropped_thinned + of.dropped_damaged +
                                        of.dropped_purged);
}
auto progress(const cursor& of) {
    return std::make_tuple(number(of.acked), number(of.maybe_sent), of.acked_beyond.size() + of.released_beyond.size(),
                           number(of.released));
}
auto progress(const session_record& of) { return of.epoch; }
// With the same last number, fewer are left later.
auto progress(const inbox_state& of) { return std::make_tuple(of.last, UINT64_MAX - of.counts.messages); }
auto progress(const dead_letter_state& of) { return std::make_tuple(of.last, of.counts.crowded_out, of.counts.not_found); }

}  // namespace

template <typename Record>
template <typename Further>
void salvaged_records::choice<Record>::offer(std::optional<Record> other, image from, Further is_further) {
    if (!other) return;
    const bool current = from == image::current;
    if (value && !is_further(*other, *value)) {
        is_current |= current && *other == *value;
        return;
    }
    value = std::move(other);
    is_current = current;
}

bool salvaged_records::take(std::int64_t key, std::string_view data, image from) {
    const auto further = [](const auto& a, const auto& b) { return progress(a) > progress(b); };
    switch (key) {
        case counters_key:
            counters_.offer(decode_counters(data), from, further);
            return true;
        case cursor_key:
            cursor_.offer(decode_cursor(data), from, further);
            return true;
        case session_key:
            session_.offer(decode_session(data), from, further);
            return true;
        case inbox_key:
            inbox_.offer(decode_inbox(data), from, further);
            return true;
        case dead_letters_key:
            dead_letters_.offer(decode_dead_letters(data), from, further);
            return true;
        case held_key:
            // Nothing says which of two is the later one.
            if (from == image::current) held_.offer(decode_held(data), from, [](auto&, auto&) { return true; });
            return true;
        case boot_clocks_key:
            boots_.offer(decode_boot_clocks(data), from, [](auto& a, auto& b) { return a.size() > b.size(); });
            return true;
        case damage_key:
            return true;  // of an earlier file
        default:
            return false;
    }
}

void salvaged_records::take_text(std::int64_t id, std::string_view text, image from) {
    if (id < 1 || id > static_cast<std::int64_t>(dictionary::highest_id)) return;
    const auto key = static_cast<std::uint64_t>(id);
    if (from == image::current) {
        texts_.insert_or_assign(key, std::string(text));
    } else if (older_texts_.size() < most_older_texts) {
        // Two of one number would be those of a file from before numbers were unique: then neither is sure.
        const auto [there, is_new] = older_texts_.try_emplace(key, text);
        if (!is_new && there->second != text) there->second.clear();
    }
}

contents salvaged_records::best() const {
    if (known) return *known;
    contents found;
    found.figures = counters_.value.value_or(counters{});
    found.cursor = cursor_.value.value_or(store::cursor{});
    found.session = session_.value;
    found.inbox = inbox_.value.value_or(inbox_state{});
    found.dead_letters = dead_letters_.value.value_or(dead_letter_state{});
    found.held = held_.value.value_or(held_identifiers{});
    found.boots = boots_.value.value_or(boot_clocks{});
    return found;
}

std::map<std::uint64_t, std::string> salvaged_records::texts() const {
    auto all = texts_;
    for (const auto& [id, text] : older_texts_)
        if (!text.empty()) all.try_emplace(id, text);
    return all;
}

}  // namespace store
