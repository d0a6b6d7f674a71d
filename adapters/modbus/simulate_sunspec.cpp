// adapters/modbus/simulate_sunspec.cpp: makes up a SunSpec device for the points that a config names, to be simulated.
// Not here: what its registers show (simulate.cpp).
#include <algorithm>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

constexpr std::uint16_t base = 40000, common = 1;

struct made_up_model {
    std::uint16_t id;
    std::uint16_t instances = 1;  // of its repeating block
};

std::vector<made_up_model> models_of(const bus_definition& of, std::size_t device) {
    std::vector<made_up_model> models{{common, 1}};
    for (const auto& point : of.points) {
        if (point.device != device || !point.sunspec) continue;
        const sunspec_name& name = of.sunspec_names[*point.sunspec];
        const auto is_it = [&](const made_up_model& each) { return each.id == name.models.front(); };
        auto found = std::find_if(models.begin(), models.end(), is_it);
        if (found == models.end()) found = models.insert(models.end(), {name.models.front(), 1});
        found->instances = std::max(found->instances, name.instance);
    }
    return models;
}

std::uint16_t length_of(const made_up_model& which) {
    const sunspec_model& model = *find_sunspec_model(which.id);
    std::uint32_t end = 2;
    for (const auto& point : model.points) end = std::max<std::uint32_t>(end, std::uint32_t{point.offset} + point.registers);
    return static_cast<std::uint16_t>(end - 2 + block_length(model) * (which.instances - 1u));
}

void make_up(bus_definition& of, std::size_t device) {
    std::vector<sunspec_place> places;
    std::uint16_t at = base;
    const auto put = [&](std::uint16_t word) { of.fixed.push_back({device, at++, word}); };
    put(0x5375);  // "SunS"
    put(0x6E53);
    for (const auto& model : models_of(of, device)) {
        places.push_back({model.id, at, length_of(model)});
        put(model.id);
        put(places.back().length);
        at = static_cast<std::uint16_t>(at + places.back().length);
    }
    put(0xFFFF);
    put(0);
    for (auto& point : of.points)
        if (point.device == device && point.sunspec) locate(of, of.devices[device], places, point);
}

}  // namespace

bus_definition with_sunspec_models(bus_definition of) {
    for (std::size_t device = 0; device < of.devices.size(); ++device) {
        const auto is_its = [&](const point& each) { return each.device == device && each.sunspec.has_value(); };
        if (std::any_of(of.points.begin(), of.points.end(), is_its)) make_up(of, device);
    }
    return of;
}

}  // namespace modbus
