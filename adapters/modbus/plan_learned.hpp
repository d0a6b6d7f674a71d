// adapters/modbus/plan_learned.hpp: what a device's refusals teach about one of its tables: where a request must not reach
// across, how much it gives at once, and what it doesn't have. Not here: the plan itself (plan.hpp), the text that outlives a
// restart (plan_memory.hpp). Pure: the time is told.
//
// A request for several items that is refused (exception 2 or 3) is cut in the middle; what is refused again is cut again,
// until either an item is refused alone, which from then on no other request touches, or both sides of a cut were read, so
// that the cut itself is the hole and stays. Either way the cuts made on the way are dropped, and the rest is merged again.
//
// Two such cuts by exception 3, and nothing answered that was as long as anything refused: the device gives only so much at
// once. Then the cuts go, and the greatest length is searched for between the longest answered and the shortest refused.
//
// What is refused alone, and a function that the device doesn't know (exception 1), is let alone for 10 s, then twice as long
// with each refusal, up to an hour. An item that is answered again is taken back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adapters/modbus/plan.hpp"

namespace modbus {

/// What the device doesn't have, as far as is known.
struct refusal {
    std::uint8_t code = 0;   // the exception
    std::uint8_t times = 1;  // in a row
    nanoseconds again{0};    // when to ask again
    bool operator==(const refusal&) const = default;
};
nanoseconds pause_after(std::uint8_t refusals);

class learned_obstacles {
public:
    /// Requires: `items` are those that lie in `refused`, ordered and distinct; the code is 1, 2 or 3. True: will be asked in
    /// smaller parts.
    bool refused(const block& refused, std::span<const item> items, std::uint8_t code, nanoseconds now);
    /// True if that changed what a plan may do.
    bool answered(const block& answered);

    /// The device may be another one: no pause is waited for any more. Where to cut is kept; it does no harm.
    void ask_again();

    modbus::obstacles obstacles() const { return {cuts_, unreadable_}; }
    bool empty() const { return cuts_.empty() && unreadable_.empty() && !known_.limited && !known_.function; }
    /// At most so many registers, or coils, at once; nothing: no limit was met.
    std::optional<std::uint32_t> limit() const;
    /// Why this isn't to be asked for now; null: it may be.
    const refusal* let_alone(const item& which, nanoseconds now) const;

    /// What is worth knowing again after a restart. Searches that aren't over are made again.
    struct memory {
        std::uint32_t most_answered = 0, least_refused = 0;  // counts in one request; the latter 0: none, or no matter
        bool limited = false;                                // they bound the length of a request
        std::vector<std::uint32_t> holes;                    // cuts that stay
        std::vector<std::uint32_t> cuts_by_value;            // … that exception 3 made
        std::vector<std::pair<item, refusal>> unsupported;
        std::optional<refusal> function;
        bool operator==(const memory&) const = default;
    };
    memory remembered() const;
    void recall(memory from);

private:
    /// A refused block, cut in two until the reason is found.
    struct search {
        std::uint16_t begin = 0;
        std::uint32_t end = 0;
        std::uint16_t cut = 0;       // where the right side begins
        std::uint32_t left_end = 0;  // where the left side's items end
        std::uint8_t code = 0;
        bool left_answered = false;
        bool right_answered = false;
    };
    bool cut_in_two(const block& refused, std::span<const item> items, std::uint8_t code, nanoseconds now);
    void drop_searches_around(std::uint16_t begin, std::uint32_t end);
    bool end_searches();
    void suspect_a_limit();
    void collect();

    std::vector<search> searches_;
    std::vector<std::uint32_t> cuts_;  // those of searches_ and of what is known
    std::vector<item> unreadable_;
    bool ever_answered_ = false;
    memory known_;
};

}  // namespace modbus
