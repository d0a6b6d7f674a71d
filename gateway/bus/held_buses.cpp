// gateway/bus/held_buses.cpp: see held_buses.hpp.
#include "gateway/bus/held_buses.hpp"

#include <algorithm>

#include "gateway/commission/bus_address.hpp"

namespace gateway {

std::vector<held_bus> held_buses(const config::file& config) {
    std::vector<held_bus> all;
    for (const auto& bus : config.buses) {
        held_bus one;
        one.place = place_of(bus.settings);
        one.on_a_line = !one.place.starts_with("tcp://") && !one.place.starts_with("udp://") && !one.place.starts_with("tls://");
        for (const auto& device : bus.devices)
            if (const auto* unit = find(device.settings, "unit"); unit && unit->integer >= 0 && unit->integer < 256)
                one.units.set(static_cast<std::size_t>(unit->integer));
        if (const auto* timeout = find(bus.settings, "timeout"))
            one.wait = std::max<std::chrono::nanoseconds>(limits::visit_wait, std::chrono::nanoseconds(timeout->integer));
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace gateway
