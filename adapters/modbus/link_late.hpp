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
//  3. A device that leaves the odd-shaped read unanswered is asked plainly the next time, and its answer is taken only when
//     no second one follows it within a further time-out; then the last one counts.
// What is guaranteed: registers returned belong to the request they are returned for, however late a device is, if it answers
// in order and each request at most once. Two gaps remain, both only for answers that come after the window: an exception can
// be an older request's, for it has no shape; and under 3 an answer is wrong if the one after it is later than the time-out.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "adapters/modbus/frame_search.hpp"

namespace modbus {

/// What to do before a request may be trusted to get its own answer.
enum class late_remedy : std::uint8_t { none, odd_read, listen_on };

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
    /// The read that was to bring `unit` back into step was left unanswered, too.
    void odd_read_unanswered(std::uint8_t unit);

    std::optional<time_point> window_of(std::uint8_t unit) const;
    late_remedy remedy_for(const transaction& request) const;
    /// A read, if possible near `request`, whose answer has a shape that `unit` owes none of, if there is one.
    std::optional<read_request> odd_read_for(const transaction& request) const;

private:
    static constexpr std::size_t shapes_max = 8;
    struct debt {
        unsigned answers = 0;              // requests not answered
        std::vector<answer_shape> shapes;  // of those, each once
        bool any_shape = false;            // more than shapes_max
        bool listen_on = false;            // the next remedy, where one is needed
        std::optional<time_point> window;
    };
    bool owes(std::uint8_t unit, const answer_shape& shape) const;
    void owe(const transaction& request);
    std::array<debt, 256> units_;
};

}  // namespace modbus
