// store/aging.cpp: options::max_age: drops segments whose newest message is too old, the oldest first. And transaction.purge,
// which drops them whatever their age.
// Not here: how old a message is (age.hpp), and when a wall clock is believed (retention.hpp); the clock itself, which is the
// caller's.
//
// Numbers are given in the order of acceptance. So what comes before a segment that is too old is too old as well, also where
// its age can't be known: taken in an earlier boot, by a clock that nobody had set.
#include <algorithm>
#include <utility>

#include "store/age.hpp"
#include "store/queue_file.hpp"

namespace store {
namespace {

// Of one commit: what it looks at, and what it removes.
constexpr int most_looks = 256;
constexpr std::uint64_t most_bytes = 4u << 20;

}  // namespace

result<void> queue::file::age_out(const stamp& now, attempt& in) {
    const stamp judge = trust_.judge(now);
    if (judge.synchronised != was_trusted_) unknown_age_up_to_ = 0;
    was_trusted_ = judge.synchronised;
    const std::int64_t exempt = exempt_up_to(in.next.cursor);
    std::uint64_t bytes = 0;
    for (int looks = 0; looks < most_looks && bytes < most_bytes; ++looks) {
        const auto next = next_dated(std::max(exempt, unknown_age_up_to_));
        if (!next) return next.error();
        if (!*next) return {};
        const dated_segment& segment = **next;
        bytes += segment.row.bytes;
        const auto age = age_of(segment, judge, in);
        if (!age && how_.max_age.count() == 0) return {};
        if (!age) {
            unknown_age_up_to_ = segment.row.last();
            continue;
        }
        if (!in.report.oldest_age) in.report.oldest_age = *age;
        if (how_.max_age.count() == 0 || *age <= how_.max_age) return {};
        const auto all_went = drop_aged(exempt, segment.row.last(), in);
        if (!all_went) return all_went.error();
        if (!*all_went) break;
    }
    in.report.more_aged = true;
    return {};
}

/// Of its newest message. By the clock as it is now and by what it was when it was first right in this boot: if it was stepped
/// since, either may be the error, and what is dropped is gone. So the younger counts.
std::optional<std::chrono::milliseconds> queue::file::age_of(const dated_segment& segment, const stamp& judge,
                                                             const attempt& in) const {
    if (!segment.newest) return std::nullopt;
    const bool here = is_this_boot(segment.boot);
    const auto offset = offset_of(in.next.boots, segment.boot);
    const auto offset_here = judge.synchronised ? offset_of(in.next.boots, how_.boot_id) : std::nullopt;
    const auto by_clock = age_ms(*segment.newest, here, offset, {judge});
    const auto by_offset = age_ms(*segment.newest, here, offset, {judge, offset_here});
    if (!by_clock || !by_offset) return std::nullopt;
    return std::chrono::milliseconds(std::min(*by_clock, *by_offset));
}

/// Removes the segments after `after` up to that one; false: only some of them, since they are many.
result<bool> queue::file::drop_aged(std::int64_t after, std::int64_t last_to_go, attempt& in) {
    const auto gone = erase_oldest(after, last_to_go, in);
    if (!gone) return gone.error();
    if (in.report.aged == 0) in.report.aged_from = sequence{gone->first()};
    in.report.aged_to = sequence{gone->last()};
    in.report.aged += gone->messages();
    in.next.figures.dropped_aged += gone->messages();
    return gone->last() >= last_to_go;
}

/// Whatever nobody may have seen, or as much of it as one transaction removes.
result<void> queue::file::purge(attempt& in) {
    const auto gone = erase_oldest(exempt_up_to(in.next.cursor), highest_number, in);
    if (!gone) return gone.error();
    in.report.purged = gone->messages();
    in.report.more_to_purge = gone->enough();
    in.next.figures.dropped_purged += gone->messages();
    return {};
}

result<eviction> queue::file::erase_oldest(std::int64_t after, std::int64_t last_to_go, attempt& in) {
    eviction plan(most_bytes / page_size);
    {
        auto segments = log_.segments_after(after);
        if (!segments) return segments.error();
        while (!plan.enough() && plan.last() < last_to_go) {
            const auto row = segments->next();
            if (!row) return row.error();
            if (!*row) break;
            if (const auto segment = log_.as_segment(*segments)) plan.add(*segment);
        }
    }
    if (plan.messages() == 0) return plan;
    if (const auto erased = log_.erase(part::log, plan.first(), plan.last()); !erased) return erased.error();
    in.next.figures.stored -= std::min(plan.messages(), in.next.figures.stored);
    in.counters_changed = true;
    return plan;
}

/// The first segment after `after`; nothing: there is none. One that can't be read has no age.
result<std::optional<queue::file::dated_segment>> queue::file::next_dated(std::int64_t after) {
    dated_segment found;
    {
        auto segments = log_.segments_after(after);
        if (!segments) return segments.error();
        std::optional<segment_row> segment;
        while (!segment) {
            const auto row = segments->next();
            if (!row) return row.error();
            if (!*row) return std::optional<dated_segment>();
            segment = log_.as_segment(*segments);
        }
        found.row = *segment;
    }
    if (dated_ && dated_->row == found.row) return dated_;
    auto segment = log_.segment_from(part::log, found.row.first);
    if (!segment) return segment.error();
    if (*segment && (*segment)->first() == found.row.first) {
        stored_message last;
        bool readable = true;
        while (readable && (*segment)->position() <= (*segment)->last()) readable = (*segment)->next(texts_, last);
        if (readable) found.newest = last.message.taken;
        if (readable) found.boot = (*segment)->boot();
    }
    dated_ = found;
    return dated_;
}

}  // namespace store
