// gateway/learned.cpp: see learned.hpp.
#include "gateway/learned.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "adapters/adapter.h"
#include "mqtt/codec.hpp"

namespace gateway {
namespace {

constexpr std::string_view prefix = "learned ";

/// FNV-1a, 64 bits, over texts with their ends: not against malice, only to see a change.
class digest {
public:
    digest& add(std::string_view text) {
        for (const char each : text) step(static_cast<unsigned char>(each));
        step(0);
        return *this;
    }
    digest& add(const std::vector<config::setting>& settings) {
        for (const auto& each : settings) add(each.path).add(each.text);
        return add("");
    }
    std::string text() const {
        char hex[17];
        std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(state_));
        return hex;
    }

private:
    void step(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3u; }
    std::uint64_t state_ = 0xcbf29ce484222325u;
};

std::string name_of(const config::bus& bus, const config::device& device) {
    return std::string(prefix) + bus.name + '/' + device.name;
}

}  // namespace

void note_digests(config::file& of) {
    for (auto& bus : of.buses) {
        for (auto& device : bus.devices) {
            digest all;
            all.add(bus.adapter).add(bus.settings).add(device.settings);
            for (const auto& point : device.points) all.add(point.name).add(point.settings);
            device.digest = all.text();
        }
    }
}

std::optional<store::memory> memory_of_learned(const config::bus& bus, std::size_t device, const std::string& text) {
    assert(!bus.devices[device].digest.empty());
    store::memory made{name_of(bus, bus.devices[device]), bus.devices[device].digest + '\n' + text};
    const bool fits = text.size() <= TIDEGATE_LEARNED_MAX && mqtt::is_valid_utf8(text) && store::is_memory(made);
    return fits ? std::optional(std::move(made)) : std::nullopt;
}

recollection recall_learned(const std::vector<store::memory>& from, const config::file& config) {
    std::map<std::string, std::pair<std::size_t, std::size_t>> devices;
    for (std::size_t b = 0; b < config.buses.size(); ++b)
        for (std::size_t d = 0; d < config.buses[b].devices.size(); ++d)
            devices.emplace(name_of(config.buses[b], config.buses[b].devices[d]), std::pair(b, d));
    recollection found;
    for (const auto& memory : from) {
        if (!memory.name.starts_with(prefix)) continue;
        const auto end = std::min(memory.text.find('\n'), memory.text.size());
        const auto device = devices.find(memory.name);
        const bool current = device != devices.end() && [&] {
            const auto& bus = config.buses[device->second.first];
            return memory.text.substr(0, end) == bus.devices[device->second.second].digest;
        }();
        if (current)
            found.learned.push_back(
                {device->second.first, device->second.second, memory.text.substr(std::min(end + 1, memory.text.size()))});
        else
            found.stale.push_back(memory.name);
    }
    return found;
}

}  // namespace gateway
