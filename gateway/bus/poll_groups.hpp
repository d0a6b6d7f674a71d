// gateway/bus/poll_groups.hpp: which points of a bus are polled together: those of one device that share period and priority.
// Pure. Used by the bus thread, by `check` and by tests.
#pragma once

#include <vector>

#include "config/model.hpp"
#include "gateway/bus/schedule.hpp"

namespace gateway {

/// In the order of the config: device by device, periods in the order in which they first appear.
inline std::vector<poll_group> poll_groups(const config::bus& bus) {
    std::vector<poll_group> groups;
    point_index next = 0;
    for (std::size_t device = 0; device < bus.devices.size(); ++device) {
        const std::size_t first = groups.size();
        for (const auto& point : bus.devices[device].points) {
            const point_index index = next++;
            if (point.compute) continue;  // isn't read
            auto group = first;
            while (group < groups.size() && (groups[group].period != point.every || groups[group].priority != point.priority))
                ++group;
            if (group == groups.size()) groups.push_back({device, point.every, {}, point.priority});
            groups[group].points.push_back(index);
        }
    }
    return groups;
}

}  // namespace gateway
