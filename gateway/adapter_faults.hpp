// gateway/adapter_faults.hpp: what an adapter finds wrong with its part of the config, put at its place in the file.
// Not here: what the file itself says (config/).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/adapter.h"
#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/read.hpp"
#include "gateway/point_numbers.hpp"

namespace gateway {

/// Finds where in the file a fault is: the key that is named, else the element itself.
struct fault_collector {
    const config::bus& config;
    const point_numbers& numbers;
    std::vector<config::diagnostic>& to;

    const config::point* point(std::size_t number) const {
        if (number >= numbers.size()) return nullptr;
        std::size_t index = numbers.point_of(number);
        for (const auto& device : config.devices) {
            if (index < device.points.size()) return &device.points[index];
            index -= device.points.size();
        }
        return nullptr;
    }

    static config::diagnostic at(const std::vector<config::setting>& settings, std::string_view path, config::position element,
                                 std::string_view name, std::string message) {
        for (const auto& s : settings)
            if (s.path == path)
                return {config::severity::error, s.where, std::max<std::size_t>(s.text.size(), 1), std::move(message)};
        return {config::severity::error, element, std::max<std::size_t>(name.size(), 1), std::move(message)};
    }

    void add(std::uint32_t scope, std::size_t index, std::string_view path, std::string message) const {
        if (scope == TIDEGATE_DEVICE && index < config.devices.size()) {
            const auto& device = config.devices[index];
            to.push_back(at(device.settings, path, device.where, device.name, std::move(message)));
        } else if (const auto* found = scope == TIDEGATE_POINT ? point(index) : nullptr) {
            to.push_back(at(found->settings, path, found->where, found->name, std::move(message)));
        } else {
            to.push_back(at(config.settings, path, config.where, config.name, std::move(message)));
        }
    }
};

}  // namespace gateway
