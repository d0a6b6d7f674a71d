// gateway/bus/learned.cpp: see learned.hpp.
#include "gateway/bus/learned.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <string_view>
#include <utility>

#include "adapters/adapter.h"
#include "mqtt/codec.hpp"

namespace gateway {
namespace {

constexpr std::string_view prefix = "learned ";

std::string name_of(const config::bus& bus, const config::device& device) {
    return std::string(prefix) + bus.name + '/' + device.name;
}

}  // namespace

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
