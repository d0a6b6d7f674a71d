// adapters/modbus/link_late.hpp: remembers the requests that nobody answered in time, so that a late answer is not taken for
// another request's. Not here: clocks and file descriptors; the times are passed in.
//
// An RTU or ASCII answer says which unit it is from, its function and its length, no more; that to a write repeats what was
// written. So, after a request to unit U timed out:
//  1. U is not asked again until a late window is over, or the late answer was seen. Others may be asked at once.
//  2. If the late answer was not seen, it may still come, however late. Then the next request of the same shape (function and
//     length, or what is echoed; of a write the function alone, since an exception to the older one would be a wrong refusal of
//     the new one) is preceded by a read of another shape. A device answers in the order it was asked, so once that one is
//     answered nothing older can follow.
//     To be so certain, an exception isn't enough where more than one answer is owed: it may be an older request's. It takes one
//     more exception than answers that are owed.
//  3. A unit that leaves three odd-shaped reads in a row unanswered is away, or knows only requests that it expects. It gets the
//     request itself now, and again, until it has answered once more than answers of that shape are owed: then the last one is
//     this request's, or a repetition's, and none of an older one. Unanswered, the turn is the odd-shaped reads' again. What
//     isn't a read is sent once only; after that its answer is taken if no second one follows it within a further time-out.
//  4. After a minute nobody waits for an answer any more, so that a unit that was away for long isn't asked sixty times.
// What is guaranteed: registers returned belong to the request they are returned for, if the unit answers in order, each request
// at most once, and within a minute. What isn't: an exception has no shape, and one that comes after the window can be an older
// request's; nor can a second answer to one request be told from the answer to the next, if it comes after that was sent.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "adapters/modbus/frame_search.hpp"

namespace modbus {

/// What to do before a request may be trusted to get its own answer.
enum class late_remedy : std::uint8_t { none, odd_read, count_out, listen_on };

class late_answers {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// `request` went unanswered; until `window_end` its unit is left alone.
    void timed_out(const transaction& request, time_point window_end);
    /// A frame came that nobody waited for. True: it was a late answer, and its unit owes no other.
    bool seen(const foreign_frame& frame);
    /// Registers came that can only be the latest request's, or the odd-shaped read was answered.
    void in_step(std::uint8_t unit);
    /// `request` was answered with an exception, and `unit` may have meant an older one: then its own answer is still to come.
    void exception_came(const transaction& request);
    /// The remedy was tried in vain: the unit is silent.
    void remedy_unanswered(std::uint8_t unit);
    /// Answers that are still owed by `now`, of any shape, or of such as `request` gets.
    unsigned owed(std::uint8_t unit, time_point now) const;
    unsigned owed_like(const transaction& request, time_point now) const;

    std::optional<time_point> window_of(std::uint8_t unit) const;
    late_remedy remedy_for(const transaction& request, time_point now) const;
    /// A read, if possible near `request`, whose answer has a shape that `unit` owes none of, if there is one.
    std::optional<read_request> odd_read_for(const transaction& request, time_point now) const;

private:
    static constexpr std::size_t shapes_max = 100;
    struct promise {
        answer_shape shape;
        unsigned times = 0;
        time_point since;  // the last one's window
    };
    struct debt {
        std::vector<promise> promises;  // each shape once, the oldest first
        unsigned in_vain = 0;           // remedies in a row
        std::optional<time_point> window;
    };
    bool owes(std::uint8_t unit, const answer_shape& shape, time_point now) const;
    void owe(const transaction& request, time_point since);
    std::array<debt, 256> units_;
};

}  // namespace modbus
