// gateway/bus/point_numbers.hpp: the numbers that an adapter knows a bus's points by: computed ones aren't its business, and it
// never hears of them. Not here: what is computed (computed.hpp).
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/reading.hpp"

namespace gateway {

class point_numbers {
public:
    explicit point_numbers(const config::bus& bus) {
        point_index next = 0;
        for (const auto& device : bus.devices)
            for (const auto& point : device.points) {
                const point_index index = next++;
                numbers_.push_back(static_cast<std::uint32_t>(points_.size()));
                if (!point.compute) points_.push_back(index);
            }
    }

    /// The adapter's number. Requires: the point is read, not computed.
    std::uint32_t number_of(point_index point) const {
        assert(point < numbers_.size() && points_[numbers_[point]] == point);
        return numbers_[point];
    }
    /// How many points the adapter knows.
    std::size_t size() const { return points_.size(); }
    /// Requires: number < size().
    point_index point_of(std::size_t number) const { return points_[number]; }

private:
    std::vector<point_index> points_;     // by the adapter's number
    std::vector<std::uint32_t> numbers_;  // by point
};

}  // namespace gateway
