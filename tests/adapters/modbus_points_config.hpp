// tests/adapters/modbus_points_config.hpp: builds the C structs of a bus's config as the host would, typed by the adapter's keys.
// Not here: YAML.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/modbus/keys.hpp"

namespace test {

/// A key and its value as written. A list is several pairs of one key; a map entry is written "1=on".
using pairs = std::vector<std::pair<std::string, std::string>>;

struct point_lines {
    std::string name;
    pairs keys;
    bool writable = false;
};
struct device_lines {
    std::string name;
    pairs keys;
    std::vector<point_lines> points;
};
struct bus_lines {
    pairs keys;
    std::vector<device_lines> devices;
};

class built_config {
public:
    explicit built_config(const bus_lines& from) {
        for (const auto& device : from.devices) {
            devices_.push_back({keep(device.name), nullptr, 0, points_.size(), device.points.size()});
            set(devices_.back(), TIDEGATE_DEVICE, device.keys);
            for (const auto& point : device.points) {
                points_.push_back({keep(point.name), nullptr, 0});
                set(points_.back(), TIDEGATE_POINT, point.keys);
                writable_.push_back(point.writable ? 1 : 0);
            }
        }
        config_.struct_size = sizeof config_;
        config_.name = "bus";
        set(config_, TIDEGATE_BUS, from.keys);
        config_.devices = devices_.data();
        config_.device_count = devices_.size();
        config_.points = points_.data();
        config_.point_count = points_.size();
        config_.writable = writable_.data();
    }
    built_config(const built_config&) = delete;
    built_config& operator=(const built_config&) = delete;

    const tidegate_bus_config& get() const { return config_; }

private:
    const char* keep(std::string text) { return texts_.emplace_back(std::move(text)).c_str(); }

    template <typename Owner>
    void set(Owner& owner, tidegate_scope scope, const pairs& keys) {
        auto& settings = settings_.emplace_back();
        for (const auto& [path, text] : keys) settings.push_back(typed(scope, path, text));
        owner.settings = settings.data();
        owner.setting_count = settings.size();
    }

    tidegate_setting typed(tidegate_scope scope, const std::string& path, const std::string& text) {
        tidegate_setting setting{keep(path), keep(text), 0, 0};
        switch (type_of(scope, path)) {
            case TIDEGATE_KEY_INTEGER:
                setting.integer = std::strtoll(text.c_str(), nullptr, 0);
                setting.number = static_cast<double>(setting.integer);
                break;
            case TIDEGATE_KEY_BOOLEAN:
                setting.integer = text == "true" ? 1 : 0;
                break;
            case TIDEGATE_KEY_NUMBER:
            case TIDEGATE_KEY_NUMBER_LIST:
                setting.number = std::strtod(text.c_str(), nullptr);
                break;
            case TIDEGATE_KEY_DURATION:
                setting.integer =
                    std::strtoll(text.c_str(), nullptr, 10) * (text.find("ms") != text.npos ? 1'000'000 : 1'000'000'000);
                break;
            case TIDEGATE_KEY_TEXT_BY_NUMBER:
                setting.integer = std::strtoll(text.c_str(), nullptr, 10);
                setting.text = keep(text.substr(text.find('=') + 1));
                break;
            default:
                break;
        }
        return setting;
    }

    static std::uint32_t type_of(tidegate_scope scope, const std::string& path) {
        for (const auto& key : modbus::config_keys())
            if (key.scope == static_cast<std::uint32_t>(scope) && key.path == path) return key.type;
        FAIL("no key " << path);
        return 0;
    }

    std::deque<std::string> texts_;
    std::deque<std::vector<tidegate_setting>> settings_;
    std::vector<tidegate_device_config> devices_;
    std::vector<tidegate_point_config> points_;
    std::vector<std::uint8_t> writable_;
    tidegate_bus_config config_{};
};

/// "point 0 register: message", in the order in which they came.
struct fault_list {
    std::vector<std::string> lines;
    tidegate_faults abi{sizeof(tidegate_faults), this, &fault_list::report};

    fault_list() = default;
    fault_list(const fault_list&) = delete;
    fault_list& operator=(const fault_list&) = delete;

private:
    static void report(void* context, std::uint32_t scope, std::size_t index, const char* path, const char* message) {
        const char* scopes[] = {"bus", "device", "point"};
        static_cast<fault_list*>(context)->lines.push_back(std::string(scopes[scope]) + ' ' + std::to_string(index) + ' ' + path +
                                                           ": " + message);
    }
};

}  // namespace test
