// adapters/modbus/plan_learned.hpp: what a device's refusals teach about one of its tables: where a request must not reach
// across. Not here: the plan itself (plan.hpp). Pure; in memory only, learned anew after a start.
//
// A request for several items that is refused (exception 2 or 3) is cut in the middle; what is refused again is cut again,
// until either an item is refused alone, which from then on no other request touches, or both sides of a cut were read, so
// that the cut itself is the hole, or the device's limit, and stays. Either way the cuts made on the way are dropped, and the
// rest is merged again. An item that is answered again is taken back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "adapters/modbus/plan.hpp"

namespace modbus {

class learned_obstacles {
public:
    /// Requires: `items` are those that lie in `refused`, ordered and distinct.
    void refused(const block& refused, std::span<const item> items);
    /// True if that changed what a plan may do.
    bool answered(const block& answered);

    modbus::obstacles obstacles() const { return {cuts_, unreadable_}; }
    bool empty() const { return cuts_.empty() && unreadable_.empty(); }

private:
    /// A refused block, cut in two until the reason is found.
    struct search {
        std::uint16_t begin = 0;
        std::uint32_t end = 0;
        std::uint16_t cut = 0;       // where the right side begins
        std::uint32_t left_end = 0;  // where the left side's items end
        bool left_answered = false;
        bool right_answered = false;
    };
    void drop_searches_around(std::uint16_t begin, std::uint32_t end);
    void collect_cuts();

    std::vector<search> searches_;
    std::vector<std::uint32_t> holes_;  // cuts that stay
    std::vector<std::uint32_t> cuts_;   // those of searches_ and holes_
    std::vector<item> unreadable_;
};

}  // namespace modbus
