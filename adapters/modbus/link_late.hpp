// adapters/modbus/link_late.hpp: remembers the requests that nobody answered in time, so that a late answer is not taken for
// another request's. Not here: clocks and file descriptors; the times are passed in.
//
// An RTU or ASCII answer says which unit it is from, its function and its length, no more; that to a write repeats what was
// written. So, after a request to unit U timed out:
//  1. U is not asked again until a late window is over, or the late answer was seen. Others may be asked at once.
//  2. If the late answer was not seen, it may still come, however late. Then the next request of the same shape (function and
//     length, or what is echoed; of a write the function alone, since an exception to the older one would be a wrong refusal of
//     the new one) is preceded by a read of another shape. A device answers in the order it was asked, so once that one is
//     answered nothing older can follow. (An exception to it may be an older request's, if more than one is owed: it takes
//     registers, or one exception more than answers are owed, or nine.)
//  3. A read of another shape that isn't answered either is owed, too, and the next attempt begins with yet another one: first
//     a single register, then what this unit has answered before, then more or fewer. A device that doesn't answer any of
//     them, not even with an exception, is asked plainly once `memory` has passed since it was last asked for that shape.
//  4. A unit that is dead for long would use up all shapes. Once it owes some of them, an attempt begins with a knock: a read of
//     a shape that is owed already. What it brings isn't believed, but says that the unit is alive and will answer the odd read.
//  5. Over a connection that was opened anew a unit is asked at once, but as long as the window would last an odd read goes
//  before
//     whatever is asked: what made the old connection silent isn't waited for twice, and what a server passes on is kept apart.
// What is guaranteed: what is returned belongs to the request it is returned for, as long as no device answers later than
// `memory`, in another order than it was asked, or twice. One gap remains, for answers that come after the window: an exception
// to a read can be an older read's, for it has no shape.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "adapters/modbus/frame_search.hpp"

namespace modbus {

/// What to do before a request may be trusted to get its own answer.
enum class late_remedy : std::uint8_t { none, odd_read, wait };  // wait: nothing may be asked that could bring it into step

class late_answers {
public:
    using time_point = std::chrono::steady_clock::time_point;
    /// The latest that an answer is thought to be.
    static constexpr std::chrono::seconds memory{60};

    /// `request` went unanswered; until `window_end` its unit is left alone.
    void timed_out(const transaction& request, time_point now, time_point window_end);
    /// A frame came that nobody waited for. True: it was a late answer, and its unit owes no other.
    bool seen(const foreign_frame& frame);
    /// What came can only be the latest request's answer, or the odd-shaped read was answered.
    void in_step(std::uint8_t unit);
    /// What was asked over a connection that is no more comes over the next one or never: odd reads in place of the windows.
    void connection_renewed();
    /// This read was answered with registers: it serves as an odd-shaped one from now on.
    void answered(const read_request& request);
    /// `request` was answered, but perhaps an older one was meant: then its own answer is still to come. An exception says
    /// nothing of which, nor does what a knock brings.
    void remains_owed(const transaction& request, time_point now);

    /// Requests that weren't answered since it was last in step.
    unsigned owed(std::uint8_t unit) const { return units_[unit].answers; }
    std::optional<time_point> window_of(std::uint8_t unit) const;
    late_remedy remedy_for(const transaction& request, time_point now) const;
    /// A read, if possible near `request`, whose answer has a shape that `unit` owes none of, if there is one.
    std::optional<read_request> odd_read_for(const transaction& request, time_point now) const;
    /// Of the reads that the unit owes, the one asked longest ago whose answer isn't like that to `request`; nothing as long as
    /// it owes few.
    std::optional<read_request> knock_for(const transaction& request, time_point now) const;

private:
    static constexpr std::size_t shapes_max = 32, answered_max = 4, knocked_from = 6;
    struct owed_shape {
        answer_shape shape;
        time_point until;
        std::optional<read_request> read;  // that has this answer
    };
    struct debt {
        unsigned answers = 0;            // requests not answered
        std::vector<owed_shape> shapes;  // of those, each once
        time_point any_until{};          // until then any shape may be owed: there were more than shapes_max
        std::optional<time_point> window;
        time_point odd_until{};  // instead of a window: until then an odd read goes before whatever is asked
    };
    bool owes(std::uint8_t unit, const answer_shape& shape, time_point now) const;
    void owe(const transaction& request, time_point now);
    std::array<debt, 256> units_;
    std::array<std::vector<read_request>, 256> answered_;  // of different shapes
};

}  // namespace modbus
