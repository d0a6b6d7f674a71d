// gateway/bus/device_trouble.hpp: what is wrong with each device of a bus, in words, by what came of its groups of points.
// Pure. Not here: whether a device is alive (device_health.hpp), and who is told (device_news.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/bus/device_health.hpp"
#include "gateway/bus/schedule.hpp"

namespace gateway {

class device_trouble {
public:
    explicit device_trouble(const std::vector<poll_group>& groups);

    /// A request for points of the group wasn't answered, or not as it should be.
    void unanswered(std::size_t group, std::string why);
    /// A cycle of the group is complete. Empty: and nothing is wrong.
    void ended(std::size_t group, std::string why);
    /// The device answers, and didn't before: whatever was said of its silence is over.
    void returned(std::size_t device);

    /// Of the device's groups the first in the order of the config that has something. Empty: nothing is wrong. Of a device that
    /// is online a single request without answer isn't told: the next one mends it, or the group's cycle doesn't come to its end.
    std::string of(std::size_t device, device_state state) const;

private:
    struct trouble {
        std::size_t device = 0;
        std::string why;
        unsigned unanswered = 0;  // requests, since the last complete cycle
    };
    std::vector<trouble> groups_;
};

}  // namespace gateway
