// mqtt/lane.cpp: watermarks, and the few messages that are ahead of them.
// Not here: why a message is finished; the session knows.
#include "mqtt/lane.hpp"

#include <algorithm>
#include <cassert>

namespace mqtt {
namespace {

constexpr sequence plus(sequence at, std::int64_t n) { return sequence{number(at) + n}; }

}  // namespace

lane::lane(lane_range range, const lane_state& saved, std::optional<sequence> newest)
    : range_(range),
      acked_(saved.acked),
      maybe_sent_(std::max(saved.maybe_sent, saved.acked)),
      durable_acked_(saved.acked),
      durable_mark_(saved.maybe_sent) {
    assert(range_.size > 0 && range_.first > 0 && range_.first - 1 + range_.size <= 60000);
    // Nothing in flight was ever further ahead than the identifiers reach: what says so isn't ours.
    const sequence limit = plus(acked_, range_.size);
    const auto is_ahead = [&](sequence at) { return at > acked_ && at <= limit && covering(at) == nullptr; };
    for (const sequence at : saved.acked_beyond) {
        if (!is_ahead(at)) continue;
        insert({at, at, kind::finished, qos::exactly_once});
        ++finished_beyond_;
    }
    const auto release = [&](sequence at) {
        if (!is_ahead(at)) return;
        insert({at, at, kind::released, qos::exactly_once});
        released_.push_back({at, log_position{0}});
    };
    for (sequence at = plus(acked_, 1); at <= std::min(saved.released, limit); at = plus(at, 1)) release(at);
    for (const sequence at : saved.released_beyond) release(at);
    collapse();
    highest_sent_ = newest ? std::min(*newest, maybe_sent_) : maybe_sent_;
    highest_sent_ = std::max(highest_sent_, acked_);
    repeats_up_to_ = highest_sent_;
    next_ = plus(acked_, 1);
    step_over();
}

/// Runs of missing numbers are left out: after a restart the log will not have them either. Hence `released` stops before one.
lane_state lane::state() const {
    lane_state state;
    state.acked = acked_;
    state.released = acked_;
    state.maybe_sent = maybe_sent_;
    auto release = released_.begin();
    bool contiguous = true;
    for (const entry& each : entries_) {
        if (each.kind == kind::finished) state.acked_beyond.push_back(each.first);
        if (!contiguous) continue;
        contiguous = each.first == plus(state.released, 1) &&
                     (each.kind == kind::finished ||
                      // Only in the order of the PUBRECs, since the watermark can't say another.
                      (each.kind == kind::released && release != released_.end() && release->at == each.first));
        if (!contiguous) continue;
        state.released = each.first;
        if (each.kind == kind::released) ++release;
    }
    for (; release != released_.end(); ++release) state.released_beyond.push_back(release->at);
    return state;
}

packet_id lane::id_of(sequence at) const { return static_cast<packet_id>(range_.first + number(at) % range_.size); }

// ---- Sending ----

bool lane::fits(sequence at) const { return is_idle() || number(at) - number(durable_acked_) <= range_.size; }

void lane::pass_over(sequence at) {
    const bool idle = is_idle();
    // Each run between the entries that are there already.
    while (next_ < at) {
        const auto after = lower(next_);
        const sequence last = after == entries_.end() ? plus(at, -1) : std::min(plus(at, -1), plus(after->first, -1));
        insert({next_, last, kind::missing, qos::at_most_once});
        next_ = plus(last, 1);
        step_over();
    }
    collapse();
    // What never was has not to be made durable.
    if (idle) durable_acked_ = acked_;
}

void lane::begin(sequence at, qos level) {
    assert(at >= next_ && fits(at) && !is_settled(at));
    pass_over(at);
    insert({at, at, kind::sent, level});
    ++sent_;
    step_over();
}

void lane::skip(sequence at) {
    begin(at, qos::at_most_once);
    finish(at);
}

// ---- Acknowledgements ----

lane::owner lane::find(packet_id id, sequence shown) const {
    const auto value = static_cast<std::uint16_t>(id);
    if (value < range_.first || value >= range_.first + range_.size) return {};
    const std::int64_t lowest = number(acked_) + 1;
    const std::int64_t residue = (value - range_.first - lowest % range_.size + range_.size) % range_.size;
    const sequence at{lowest + residue};
    const entry* const found = covering(at);
    if (found == nullptr) return {at, at <= repeats_up_to_ ? stage::unsent_repeat : stage::unknown};
    if (found->kind == kind::released) return {at, stage::released};
    if (found->kind != kind::sent) return {};
    if (at > shown) return {at, at <= repeats_up_to_ ? stage::unsent_repeat : stage::unknown};
    switch (found->level) {
        case qos::at_most_once:
            return {at, stage::sent_qos_0};
        case qos::at_least_once:
            return {at, stage::sent_qos_1};
        case qos::exactly_once:
            break;
    }
    return {at, stage::sent_qos_2};
}

void lane::release(sequence at, log_position position) {
    const auto found = lower(at);
    if (found != entries_.end() && found->first == at) {
        assert(found->kind == kind::sent);
        found->kind = kind::released;
        --sent_;
    } else {
        insert({at, at, kind::released, qos::exactly_once});
    }
    released_.push_back({at, position});
    step_over();
}

void lane::finish(sequence at) {
    const auto found = lower(at);
    if (found != entries_.end() && found->first == at) {
        assert(found->kind == kind::sent || found->kind == kind::released);
        if (found->kind == kind::sent) --sent_;
        if (found->kind == kind::released) {
            std::erase_if(released_, [at](const release_point& each) { return each.at == at; });
        }
        found->kind = kind::finished;
    } else {
        assert(at >= next_);
        insert({at, at, kind::finished, qos::exactly_once});
    }
    ++finished_beyond_;
    step_over();
    collapse();
}

log_position lane::released_at(sequence at) const {
    const auto found =
        std::find_if(released_.begin(), released_.end(), [at](const release_point& each) { return each.at == at; });
    assert(found != released_.end());
    return found->position;
}

std::optional<sequence> lane::oldest_unanswered(sequence shown) const {
    for (const entry& each : entries_) {
        if (each.first > shown) break;
        if (each.kind == kind::sent && each.level != qos::at_most_once) return each.first;
    }
    return std::nullopt;
}

// ---- The life of the session ----

void lane::interrupt(sequence shown) {
    highest_sent_ = std::max(highest_sent_, shown);
    repeats_up_to_ = std::max(repeats_up_to_, shown);
    const auto sent = std::remove_if(entries_.begin(), entries_.end(), [](const entry& each) { return each.kind == kind::sent; });
    entries_.erase(sent, entries_.end());
    sent_ = 0;
    next_ = plus(acked_, 1);
    step_over();
}

lane::loss lane::lose_session(on_session_loss policy) {
    assert(sent_ == 0);
    loss result;
    result.delivered = released_.size();
    while (!released_.empty()) finish(released_.front().at);
    std::int64_t covered = 0;
    for (const entry& each : entries_) {
        if (each.first <= highest_sent_) covered += number(std::min(each.last, highest_sent_)) - number(each.first) + 1;
    }
    const std::int64_t outstanding = number(highest_sent_) - number(acked_) - covered;
    result.outstanding = outstanding > 0 ? static_cast<std::uint64_t>(outstanding) : 0;
    if (policy == on_session_loss::drop) dropped_up_to_ = highest_sent_;
    repeats_up_to_ = acked_;
    next_ = plus(acked_, 1);
    step_over();
    return result;
}

// ---- Durability ----

bool lane::needs_mark(sequence at) const { return number(maybe_sent_) - number(at) < mark_reserve; }

void lane::raise_mark(sequence at) { maybe_sent_ = std::max(maybe_sent_, plus(at, mark_step - 1)); }

void lane::on_saved(log_position position) {
    const sequence acked = saves_.empty() ? durable_acked_ : saves_.back().acked;
    const sequence mark = saves_.empty() ? durable_mark_ : saves_.back().maybe_sent;
    if (acked == acked_ && mark == maybe_sent_) return;
    make_room(saves_);
    saves_.push_back({position, acked_, maybe_sent_});
}

void lane::on_durable(log_position up_to) {
    while (!saves_.empty() && saves_.front().position <= up_to) {
        durable_acked_ = std::max(durable_acked_, saves_.front().acked);
        durable_mark_ = saves_.front().maybe_sent;
        saves_.pop_front();
    }
}

log_position lane::publishable_at(sequence at, log_position unsaved) const {
    if (at <= durable_mark_) return log_position{0};
    const auto found =
        std::find_if(saves_.begin(), saves_.end(), [at](const saved_marks& each) { return each.maybe_sent >= at; });
    return found == saves_.end() ? unsaved : found->position;
}

// ---- Entries ----

ring<lane::entry>::iterator lane::lower(sequence at) {
    // Most questions are about the newest.
    if (entries_.empty() || entries_.back().last < at) return entries_.end();
    return std::lower_bound(entries_.begin(), entries_.end(), at, [](const entry& each, sequence s) { return each.last < s; });
}

ring<lane::entry>::const_iterator lane::lower(sequence at) const {
    if (entries_.empty() || entries_.back().last < at) return entries_.end();
    return std::lower_bound(entries_.begin(), entries_.end(), at, [](const entry& each, sequence s) { return each.last < s; });
}

const lane::entry* lane::covering(sequence at) const {
    const auto found = lower(at);
    return found != entries_.end() && found->first <= at ? &*found : nullptr;
}

void lane::insert(const entry& what) {
    assert(what.first <= what.last && what.first > acked_);
    make_room(entries_);
    entries_.insert(lower(what.first), what);
}

void lane::step_over() {
    while (const entry* const here = covering(next_)) next_ = plus(here->last, 1);
}

void lane::collapse() {
    while (!entries_.empty() && entries_.front().first == plus(acked_, 1)) {
        const entry& front = entries_.front();
        if (front.kind != kind::finished && front.kind != kind::missing) break;
        if (front.kind == kind::finished) --finished_beyond_;
        acked_ = front.last;
        entries_.pop_front();
    }
}

}  // namespace mqtt
