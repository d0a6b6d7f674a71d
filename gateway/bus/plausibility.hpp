// gateway/bus/plausibility.hpp: keeps readings out that can't be true, and rounds the others, as the config says.
// Pure. Not here: what is told of it (bus_thread.hpp), the change filter (pipeline.hpp).
//
// A number outside of `valid` is dropped. One that falls though the point is `monotonic`, or differs from the last by more than
// `max_step`, is suspicious: it is dropped, and believed when the next reading bears it out, which is one that isn't suspicious
// beside it. So a spike goes, and a counter that was set back, or a load that was switched on, costs one reading. A null, a bool
// or a text is let through and remembered as nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/reading.hpp"

namespace gateway {

class plausibility {
public:
    explicit plausibility(const config::bus& bus);

    /// Null: the reading holds, and is rounded now. Else why not, in the same words until one of the point holds again; lives
    /// until the next call.
    const std::string* refuse(reading& what);
    /// Readings dropped, of a device of the bus.
    std::uint64_t dropped(std::size_t device) const { return dropped_[device]; }

private:
    struct memory {
        std::string name;
        config::plausibility rules;
        std::size_t device = 0;
        bool has_last = false, has_suspect = false;
        double last = 0, suspect = 0;
        std::string reason;  // of the first that was dropped in a row
    };
    static std::string problem_of(memory& point, double number);

    std::unordered_map<point_index, memory> points_;  // those that have rules
    std::vector<std::uint64_t> dropped_;              // by device
};

}  // namespace gateway
