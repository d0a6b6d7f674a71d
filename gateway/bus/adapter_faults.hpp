// gateway/bus/adapter_faults.hpp: what an adapter finds wrong with its part of the config, put at its place in the file.
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
#include "gateway/bus/point_numbers.hpp"

namespace gateway {

/// Finds where in the file a fault is: the key that is named, else the element itself.
struct fault_collector {
    const config::bus& config;
    const point_numbers& numbers;
    std::vector<config::diagnostic>& to;

    struct owned_point {
        const config::device* device = nullptr;
        const config::point* point = nullptr;
    };
    /// Nothing in it: there is no such point.
    owned_point find(std::size_t number) const {
        if (number >= numbers.size()) return {};
        std::size_t index = numbers.point_of(number);
        for (const auto& device : config.devices) {
            if (index < device.points.size()) return {&device, &device.points[index]};
            index -= device.points.size();
        }
        return {};
    }

    static config::diagnostic at(const std::vector<config::setting>& settings, std::string_view path, config::position element,
                                 std::string_view name, std::string message, config::position of_template) {
        config::diagnostic found{config::severity::error, element, std::max<std::size_t>(name.size(), 1), std::move(message)};
        for (const auto& s : settings) {
            if (s.path != path) continue;
            found.where = s.where;
            found.width = std::max<std::size_t>(s.text.size(), 1);
            break;
        }
        if (found.where.file > 0) found.used_at = of_template;
        return found;
    }

    void add(std::uint32_t scope, std::size_t index, std::string_view path, std::string message) const {
        if (scope == TIDEGATE_DEVICE && index < config.devices.size()) {
            const auto& device = config.devices[index];
            to.push_back(at(device.settings, path, device.where, device.name, std::move(message), device.template_where));
        } else if (const auto [device, point] = scope == TIDEGATE_POINT ? find(index) : owned_point(); point != nullptr) {
            to.push_back(at(point->settings, path, point->where, point->name, std::move(message), device->template_where));
        } else {
            to.push_back(at(config.settings, path, config.where, config.name, std::move(message), {}));
        }
    }
};

}  // namespace gateway
