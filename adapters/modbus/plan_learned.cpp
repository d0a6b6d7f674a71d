// adapters/modbus/plan_learned.cpp: see the header.
// Not here: the plan.
#include "adapters/modbus/plan_learned.hpp"

#include <algorithm>
#include <cassert>

namespace modbus {
namespace {

/// The first item of the right side: the middle one, or the next that begins behind the first item. Nothing to cut where the
/// rest begins at one address: `items.size()`.
std::size_t middle_of(std::span<const item> items) {
    const std::uint16_t begin = items.front().address;
    for (std::size_t at = std::max<std::size_t>(items.size() / 2, 1); at < items.size(); ++at)
        if (items[at].address > begin) return at;
    return items.size();
}

}  // namespace

void learned_obstacles::refused(const block& refused, std::span<const item> items) {
    assert(!items.empty());
    // Items behind an earlier cut were not the reason for asking: they only lie in the registers of one that was. Cutting among
    // them would make the same cut again.
    const auto beyond = std::upper_bound(cuts_.begin(), cuts_.end(), refused.address);
    if (beyond != cuts_.end())
        items = items.first(static_cast<std::size_t>(
            std::find_if(items.begin(), items.end(), [&](const item& each) { return each.address >= *beyond; }) - items.begin()));
    const std::size_t middle = middle_of(items);
    if (middle == items.size()) {
        // The longest of the items that begin here is the request itself: the shorter ones may be answered alone.
        const item whole{refused.address, refused.count};
        if (std::find(unreadable_.begin(), unreadable_.end(), whole) == unreadable_.end()) unreadable_.push_back(whole);
        drop_searches_around(refused.address, refused.end());
    } else {
        search next{refused.address, refused.end(), items[middle].address, 0};
        for (const auto& left : items.first(middle)) next.left_end = std::max(next.left_end, left.end());
        searches_.push_back(next);
    }
    collect_cuts();
}

bool learned_obstacles::answered(const block& answered) {
    if (empty()) return false;
    bool changed = std::erase_if(unreadable_, [&](const item& bad) { return answered.covers(bad.address, bad.end()); }) > 0;
    for (auto& each : searches_) {
        if (answered.covers(each.begin, each.left_end)) each.left_answered = true;
        if (answered.covers(each.cut, each.end)) each.right_answered = true;
    }
    const auto is_over = [](const search& each) { return each.left_answered && each.right_answered; };
    for (auto over = std::find_if(searches_.begin(), searches_.end(), is_over); over != searches_.end();
         over = std::find_if(searches_.begin(), searches_.end(), is_over)) {
        holes_.push_back(over->cut);
        drop_searches_around(over->begin, over->end);
        changed = true;
    }
    if (changed) collect_cuts();
    return changed;
}

/// They are explained by what was found inside them; if not wholly, the next refusal begins a new search.
void learned_obstacles::drop_searches_around(std::uint16_t begin, std::uint32_t end) {
    std::erase_if(searches_, [&](const search& each) { return each.begin <= begin && end <= each.end; });
}

void learned_obstacles::collect_cuts() {
    cuts_ = holes_;
    for (const auto& each : searches_) cuts_.push_back(each.cut);
    std::sort(cuts_.begin(), cuts_.end());
    cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
}

}  // namespace modbus
