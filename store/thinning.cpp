// store/thinning.cpp: full_policy::thin: of what is queued, every second message of each topic goes, stretch by stretch.
// Not here: when (commit.cpp's make_room), which message of a topic it is (alternation in retention.hpp).
//
// A pass goes from the oldest message that may go to the one that was the newest when the pass began, over many commits; then
// the next one begins. What came meanwhile is left alone by it. So the newest half of the file has all messages, the quarter
// before it every second one, the eighth before that every fourth: each pass adds as much time as the newest half holds.
//
// Of a stretch, many segments become one; only so are pages freed, for what is small shares its page with others. Those that
// stay get new numbers, within the stretch, which nobody has seen; behind them is a gap, as after an eviction.
#include <algorithm>
#include <numeric>
#include <utility>

#include "store/queue_file.hpp"

namespace store {
namespace {

// Of a stretch.
constexpr std::uint64_t stretch_bytes = segment_bytes;
constexpr std::size_t stretch_segments = 1024;

// Of one commit: what it looks at, and how much of that in vain.
constexpr std::uint64_t most_bytes = 4u << 20;
constexpr std::uint64_t most_bytes_in_vain = 512u << 10;

/// To write 256 KiB again for the sake of a few messages would wear the card out for nothing.
bool is_worth_it(std::uint64_t bytes_after, std::uint64_t bytes_before) { return bytes_after <= bytes_before / 8 * 7; }

}  // namespace

/// Halves the next stretch, or passes over it; false: that must do for this commit.
result<bool> queue::file::thin(attempt& in) {
    if (in.looked_at >= most_bytes || (in.report.thinned == 0 && in.looked_at >= most_bytes_in_vain)) return false;
    const auto stretch = next_stretch(in);
    if (!stretch) return stretch.error();
    if (stretch->empty()) return false;
    if (const auto thinned = thin(*stretch, in); !thinned) return thinned.error();
    return true;
}

/// All of its segments that are of one boot and can be read.
result<void> queue::file::thin(std::span<const segment_row> stretch, attempt& in) {
    counters& figures = in.next.figures;
    alternation halving = halving_;  // if it is halved, or …
    alternation whole = halving_;    // … passed over
    std::optional<segment_writer> kept;
    std::string boot;
    segment_row all{stretch.front().first, 0, 0};
    std::int64_t last = 0;
    for (const segment_row& row : stretch) {
        auto segment = log_.segment_from(part::log, row.first);
        if (!segment) return segment.error();
        if (!*segment || (*segment)->first() != row.first || !is_readable(**segment)) break;
        if (kept && (*segment)->boot() != boot) break;
        boot = (*segment)->boot();
        if (!kept) kept.emplace(known_reference(boot));
        stored_message next;
        while ((*segment)->position() <= (*segment)->last() && (*segment)->next(texts_, next)) {
            whole.keep(next.message.topic);
            if (halving.keeps(next.message.topic))
                kept->add(next.message, known_reference(next.message.topic), 2 * largest_message);
        }
        all.count += row.count;
        all.bytes += row.bytes;
        last = row.last();
    }
    in.looked_at += std::max<std::uint64_t>(all.bytes, page_size);
    figures.thinned_up_to = kept ? last : stretch.front().last();
    if (!kept) return {};
    const bool halves = kept->count() == 0 || is_worth_it(kept->data().size(), all.bytes);
    const auto gone = halves ? static_cast<std::uint64_t>(all.count - kept->count()) : 0;
    in.report.thinnings.push_back({sequence{all.first}, sequence{last}, gone, halving_.is_at_start()});
    halving_ = halves ? std::move(halving) : std::move(whole);
    if (gone == 0) return {};

    if (const auto erased = log_.erase(part::log, all.first, last); !erased) return erased;
    if (kept->count() > 0) {
        if (const auto written = log_.append(part::log, all.first, *kept); !written) return written;
    }
    in.report.thinned += gone;
    figures.stored -= std::min(gone, figures.stored);
    figures.dropped_thinned += gone;
    in.counters_changed = true;
    return {};
}

/// The next of this pass, or, at its end, the first of a new one. Empty: there is nothing that may be thinned.
result<std::vector<segment_row>> queue::file::next_stretch(attempt& in) {
    counters& figures = in.next.figures;
    const std::int64_t exempt = exempt_up_to(in.next.cursor);
    auto found = stretch_after(std::max(exempt, figures.thinned_up_to), figures.thin_until);
    if (!found || !found->empty() || in.new_pass) return found;
    in.new_pass = true;
    figures.thinned_up_to = exempt;
    figures.thin_until = now_.figures.last;  // not what this commit appends
    halving_.start_over();
    return stretch_after(exempt, figures.thin_until);
}

result<std::vector<segment_row>> queue::file::stretch_after(std::int64_t after, std::int64_t until) {
    std::vector<segment_row> found;
    auto segments = log_.segments_after(after);
    if (!segments) return segments.error();
    for (std::uint64_t bytes = 0; found.size() < stretch_segments;) {
        const auto row = segments->next();
        if (!row) return row.error();
        if (!*row) break;
        const auto segment = log_.as_segment(*segments);
        if (!segment) continue;
        bytes += segment->bytes;
        if (segment->last() > until || (bytes > stretch_bytes && !found.empty())) break;
        found.push_back(*segment);
    }
    return found;
}

/// Afterwards it is at its beginning, and boot() is known.
bool queue::file::is_readable(segment_reader& which) const {
    stored_message each;
    while (which.position() <= which.last())
        if (!which.next(texts_, each)) return false;
    which.rewind();
    return true;
}

/// A text that isn't known is written out in full, as it is in the segment that it comes from.
text_reference queue::file::known_reference(std::string_view text) const {
    const auto known = texts_.find(text);
    return known ? text_reference{*known, {}} : text_reference{0, text};
}

}  // namespace store
