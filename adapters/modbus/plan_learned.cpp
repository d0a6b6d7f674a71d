// adapters/modbus/plan_learned.cpp: see the header.
// Not here: the plan.
#include "adapters/modbus/plan_learned.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace modbus {
namespace {

constexpr std::uint8_t illegal_function = 1, illegal_value = 3;
constexpr nanoseconds first_pause{10'000'000'000};
constexpr nanoseconds longest_pause{3'600'000'000'000};
constexpr std::uint8_t most_times = 16;

refusal next_refusal(std::uint8_t code, std::uint8_t before, nanoseconds now) {
    const auto times = static_cast<std::uint8_t>(std::min<int>(before + 1, most_times));
    return {code, times, now + pause_after(times)};
}

/// The first item of the right side: the middle one, or the next that begins behind the first item. Nothing to cut where the
/// rest begins at one address: `items.size()`.
std::size_t middle_of(std::span<const item> items) {
    const std::uint16_t begin = items.front().address;
    for (std::size_t at = std::max<std::size_t>(items.size() / 2, 1); at < items.size(); ++at)
        if (items[at].address > begin) return at;
    return items.size();
}

}  // namespace

nanoseconds pause_after(std::uint8_t refusals) {
    nanoseconds pause = first_pause;
    for (unsigned doubled = 1; doubled < refusals && pause < longest_pause; ++doubled) pause *= 2;
    return std::min(pause, longest_pause);
}

bool learned_obstacles::refused(const block& refused, std::span<const item> items, std::uint8_t code, nanoseconds now) {
    assert(!items.empty());
    if (code == illegal_function && !ever_answered_) {
        const std::uint8_t before = known_.function ? known_.function->times : std::uint8_t{0};
        known_.function = next_refusal(code, before, now);
        return false;
    }
    std::uint32_t longest = 0;
    for (const auto& each : items) longest = std::max<std::uint32_t>(longest, each.count);
    if (code == illegal_value && refused.count > known_.most_answered && refused.count > longest) {
        known_.least_refused =
            known_.least_refused == 0 ? refused.count : std::min<std::uint32_t>(known_.least_refused, refused.count);
        if (known_.limited) return true;
    }
    return cut_in_two(refused, items, code, now);
}

bool learned_obstacles::cut_in_two(const block& refused, std::span<const item> items, std::uint8_t code, nanoseconds now) {
    // Items behind an earlier cut were not the reason for asking: they only lie in the registers of one that was. Cutting among
    // them would make the same cut again.
    const auto beyond = std::upper_bound(cuts_.begin(), cuts_.end(), refused.address);
    if (beyond != cuts_.end())
        items = items.first(static_cast<std::size_t>(
            std::find_if(items.begin(), items.end(), [&](const item& each) { return each.address >= *beyond; }) - items.begin()));
    const std::size_t middle = middle_of(items);
    const bool several = middle < items.size();
    if (several) {
        search next{refused.address, refused.end(), items[middle].address, 0, code};
        for (const auto& left : items.first(middle)) next.left_end = std::max(next.left_end, left.end());
        searches_.push_back(next);
    } else {
        // The longest of the items that begin here is the request itself: the shorter ones may be answered alone.
        const item whole{refused.address, refused.count};
        const auto found = std::find_if(known_.unsupported.begin(), known_.unsupported.end(),
                                        [&](const auto& each) { return each.first == whole; });
        if (found != known_.unsupported.end())
            found->second = next_refusal(code, found->second.times, now);
        else
            known_.unsupported.emplace_back(whole, next_refusal(code, 0, now));
        drop_searches_around(refused.address, refused.end());
    }
    collect();
    return several || items.size() > 1;
}

bool learned_obstacles::answered(const block& answered) {
    ever_answered_ = true;
    bool changed = std::exchange(known_.function, std::nullopt).has_value();
    if (answered.count > known_.most_answered) {
        known_.most_answered = answered.count;
        changed = changed || known_.limited;
    }
    if (known_.least_refused <= known_.most_answered) {
        // It wasn't the length.
        known_.least_refused = 0;
        changed |= std::exchange(known_.limited, false);
    }
    changed |= std::erase_if(known_.unsupported,
                             [&](const auto& bad) { return answered.covers(bad.first.address, bad.first.end()); }) > 0;
    for (auto& each : searches_) {
        if (answered.covers(each.begin, each.left_end)) each.left_answered = true;
        if (answered.covers(each.cut, each.end)) each.right_answered = true;
    }
    changed |= end_searches();
    if (!changed) return false;
    suspect_a_limit();
    collect();
    return true;
}

void learned_obstacles::ask_again() {
    const auto forgiven = [](const refusal& why) { return refusal{why.code, 1, nanoseconds(0)}; };
    for (auto& [which, why] : known_.unsupported) why = forgiven(why);
    if (known_.function) known_.function = forgiven(*known_.function);
}

/// Those whose cut was found to be the reason.
bool learned_obstacles::end_searches() {
    bool any = false;
    const auto is_over = [](const search& each) { return each.left_answered && each.right_answered; };
    for (auto over = std::find_if(searches_.begin(), searches_.end(), is_over); over != searches_.end();
         over = std::find_if(searches_.begin(), searches_.end(), is_over)) {
        const search ended = *over;
        (ended.code == illegal_value ? known_.cuts_by_value : known_.holes).push_back(ended.cut);
        drop_searches_around(ended.begin, ended.end);
        any = true;
    }
    return any;
}

void learned_obstacles::suspect_a_limit() {
    if (known_.limited || known_.least_refused == 0 || known_.cuts_by_value.size() < 2) return;
    known_.limited = true;
    known_.cuts_by_value.clear();
    std::erase_if(searches_, [](const search& each) { return each.code == illegal_value; });
}

std::optional<std::uint32_t> learned_obstacles::limit() const {
    if (!known_.limited) return std::nullopt;
    if (known_.least_refused == known_.most_answered + 1) return known_.most_answered;
    return std::max((known_.most_answered + known_.least_refused) / 2, 1u);
}

const refusal* learned_obstacles::let_alone(const item& which, nanoseconds now) const {
    if (known_.function && now < known_.function->again) return &*known_.function;
    for (const auto& [bad, why] : known_.unsupported)
        if (bad == which && now < why.again) return &why;
    return nullptr;
}

learned_obstacles::memory learned_obstacles::remembered() const {
    memory kept = known_;
    if (!kept.limited) kept.most_answered = kept.least_refused = 0;
    kept.holes.insert(kept.holes.end(), kept.cuts_by_value.begin(), kept.cuts_by_value.end());
    kept.cuts_by_value.clear();
    return kept;
}

void learned_obstacles::recall(memory from) {
    known_ = std::move(from);
    collect();
}

/// They are explained by what was found inside them; if not wholly, the next refusal begins a new search.
void learned_obstacles::drop_searches_around(std::uint16_t begin, std::uint32_t end) {
    std::erase_if(searches_, [&](const search& each) { return each.begin <= begin && end <= each.end; });
}

void learned_obstacles::collect() {
    cuts_ = known_.holes;
    cuts_.insert(cuts_.end(), known_.cuts_by_value.begin(), known_.cuts_by_value.end());
    for (const auto& each : searches_) cuts_.push_back(each.cut);
    std::sort(cuts_.begin(), cuts_.end());
    cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
    unreadable_.clear();
    for (const auto& [which, why] : known_.unsupported) unreadable_.push_back(which);
}

}  // namespace modbus
