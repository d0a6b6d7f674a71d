// store/inbox.cpp: receiving, handling and reading.
#include "store/inbox.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace store {
namespace {

constexpr std::uint64_t row_bytes = 32;  // of the bound, for key and numbers of a segment

std::uint64_t bytes_of(std::uint64_t data) { return data + row_bytes; }

std::vector<segment_writer> segments_of(std::span<const received_message> messages, std::string_view boot) {
    std::vector<segment_writer> made;
    for (const received_message& next : messages) {
        assert(size_of(next) <= largest_message);
        const text_reference topic{0, next.topic};
        if (!made.empty() && made.back().add(next, topic, segment_bytes)) continue;
        made.emplace_back(text_reference{0, boot});
        const bool added = made.back().add(next, topic, SIZE_MAX);
        assert(added);
        static_cast<void>(added);
    }
    return made;
}

bool is_handled(const inbox_state& in, std::int64_t number) {
    return std::binary_search(in.handled.begin(), in.handled.end(), number);
}

}  // namespace

result<bool> inbox::receive(std::span<const received_message> messages, std::string_view boot, std::uint64_t most_bytes,
                            inbox_state& in) {
    if (messages.empty()) return true;
    const std::vector<segment_writer> segments = segments_of(messages, boot);
    std::uint64_t bytes = in.counts.bytes;
    for (const segment_writer& segment : segments) bytes += bytes_of(segment.data().size());
    if (bytes > most_bytes) return false;
    for (const segment_writer& segment : segments) {
        if (const auto written = log_.append(part::inbox, in.last + 1, segment); !written) return written.error();
        in.last += segment.count();
    }
    in.counts.messages += messages.size();
    in.counts.bytes = bytes;
    return true;
}

result<void> inbox::handle(std::span<const inbox_number> handled, inbox_state& in) {
    segment_row holding;
    for (const inbox_number one : handled) {
        const std::int64_t at = number(one);
        if (at < holding.first || at > holding.last()) {
            const auto found = log_.at_or_before(part::inbox, at);
            if (!found) return found.error();
            holding = found->value_or(segment_row{});
        }
        const bool there = at >= holding.first && at <= holding.last();
        if (!there || is_handled(in, at)) continue;
        in.handled.insert(std::lower_bound(in.handled.begin(), in.handled.end(), at), at);
        in.counts.messages -= std::min<std::uint64_t>(1, in.counts.messages);

        const auto first = std::lower_bound(in.handled.begin(), in.handled.end(), holding.first);
        const auto last = std::upper_bound(in.handled.begin(), in.handled.end(), holding.last());
        if (last - first < holding.count) continue;
        if (const auto erased = log_.erase(part::inbox, holding.first, holding.first); !erased) return erased;
        in.counts.bytes -= std::min(bytes_of(holding.bytes), in.counts.bytes);
        in.handled.erase(first, last);
        holding = {};
    }
    return {};
}

result<void> inbox::recount(inbox_state& in) {
    const auto there = log_.totals(part::inbox);
    if (!there) return there.error();
    std::vector<std::int64_t> handled;
    for (const std::int64_t one : in.handled) {
        const auto holding = log_.at_or_before(part::inbox, one);
        if (!holding) return holding.error();
        if (*holding && one <= (*holding)->last()) handled.push_back(one);
    }
    in.handled = std::move(handled);
    in.counts.messages = there->messages - std::min<std::uint64_t>(there->messages, in.handled.size());
    in.counts.bytes = there->bytes + there->segments * row_bytes;
    return {};
}

result<std::vector<waiting_message>> inbox::read(const inbox_state& now, inbox_number from, std::size_t most_messages,
                                                 std::size_t most_bytes) {
    std::vector<waiting_message> found;
    const dictionary no_texts;
    std::size_t bytes = 0;
    std::int64_t next = std::max<std::int64_t>(1, number(from));
    while (found.size() < most_messages) {
        auto segment = log_.segment_from(part::inbox, next);
        // What comes before damage is good; the next call, which begins with it, reports it.
        if (!segment && found.empty()) return segment.error();
        if (!segment || !*segment) break;
        segment_reader& reading = **segment;
        const std::size_t before = found.size();
        while (reading.position() <= reading.last() && found.size() < most_messages) {
            stored_message one;
            if (!reading.next(no_texts, one)) {
                found.resize(before);  // the whole segment goes
                log_.set_aside(part::inbox, reading.first());
                break;
            }
            const std::int64_t at = number(one.sequence);
            if (at < next || is_handled(now, at)) continue;
            bytes += size_of(one.message);
            if (bytes > most_bytes && !found.empty()) return found;
            found.push_back({inbox_number{at}, std::move(one.message)});
        }
        next = reading.last() + 1;
    }
    return found;
}

}  // namespace store
