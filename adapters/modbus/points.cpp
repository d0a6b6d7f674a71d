// adapters/modbus/points.cpp: reads a bus's settings into a definition and reports every fault in them.
// Not here: the way to the devices (points_wire.cpp), addresses (points_address.cpp), encodings (points_encoding.cpp), what else
// a point reads (points_reach.cpp).
#include "adapters/modbus/points.hpp"

#include <array>

namespace modbus {
namespace {

using tidegate::faults;
using tidegate::settings;

std::int64_t integer_of(const settings& written, std::string_view path, std::int64_t otherwise) {
    const auto* setting = written.find(path);
    return setting ? setting->integer : otherwise;
}

// ---- Devices ---------------------------------------------------------------------------------------------------------

device read_device(const tidegate_device_config& config, std::size_t index, const settings& of_bus, faults& to) {
    const settings written(config.settings, config.setting_count);
    device result;
    result.name = config.name;
    if (const auto* unit = written.find("unit"); !unit)
        to.device(index, "", "a Modbus device needs its unit, 0..255; 1..247 are the usual ones");
    else if (unit->integer < 0 || unit->integer > 255)
        to.device(index, "unit", "unit " + std::string(unit->text) + " can't be: units are 0..255");
    else
        result.unit = static_cast<std::uint8_t>(unit->integer);
    result.max_read = static_cast<std::uint16_t>(integer_of(written, "max_read", 125));
    result.base = static_cast<std::uint16_t>(integer_of(written, "base", 0));
    if (const auto* gap = written.find("max_gap")) result.max_gap = static_cast<std::uint16_t>(gap->integer);
    result.simulated = read_rehearsal(of_bus, written, index, to);
    read_writing(written, index, result, to);
    return result;
}

/// Two devices of one unit would be two names for one device, each seeing half of its failures.
void check_units(const tidegate_bus_config& config, const std::vector<device>& devices, faults& to) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (!settings(config.devices[i].settings, config.devices[i].setting_count).find("unit")) continue;
        for (std::size_t j = 0; j < i; ++j) {
            if (devices[j].unit != devices[i].unit) continue;
            if (!settings(config.devices[j].settings, config.devices[j].setting_count).find("unit")) continue;
            to.device(i, "unit",
                      "unit " + std::to_string(devices[i].unit) + " is device \"" + devices[j].name +
                          "\" already: give each device its own unit, or put the points of both under one device");
            break;
        }
    }
}

// ---- Points ----------------------------------------------------------------------------------------------------------

/// Nothing: a fault was reported.
std::optional<location> read_location(const settings& written, std::size_t index, const device& owner, faults& to) {
    constexpr std::array<std::string_view, 5> keys{"register", "holding", "input", "coil", "discrete"};
    const auto before = to.count();
    const auto place = read_place(written, "", keys, index, owner, to);
    if (!place && to.count() == before)
        to.point(index, "",
                 "a point needs its address: register: 40108 (Modicon notation, counts from 1), or one of holding: 107, input, "
                 "coil, discrete (protocol address, counts from 0)");
    return place;
}

point read_point(const tidegate_point_config& config, std::size_t index, std::size_t device_index, bus_definition& of,
                 faults& to) {
    const device& owner = of.devices.back();
    const settings written(config.settings, config.setting_count);
    point result;
    result.name = config.name;
    result.device = device_index;
    if (read_sunspec(written, index, of, result, to)) return result;
    if (read_source(written, index, result, to)) {
        read_writing(written, index, result, to);
        return result;
    }
    const auto place = read_location(written, index, owner, to);
    if (!place) return result;
    result.from = place->from;
    result.address = place->address;
    const auto before = to.count();
    read_encoding(written, index, result, to);
    if (to.count() != before) return result;
    read_reach(written, index, owner, result, to);
    read_writing(written, index, result, to);
    return result;
}

}  // namespace

bus_definition read_definition(const tidegate_bus_config& config, faults& to) {
    const settings written(config.settings, config.setting_count);
    bus_definition result;
    result.wire = read_wire(written, to);
    result.points.resize(config.point_count);
    for (std::size_t i = 0; i < config.device_count; ++i) {
        const auto& from = config.devices[i];
        result.devices.push_back(read_device(from, i, written, to));
        for (std::size_t p = from.first_point; p < from.first_point + from.point_count; ++p) {
            result.points[p] = read_point(config.points[p], p, i, result, to);
            const std::string why = tidegate::is_writable(config, p) ? why_read_only(result.points[p]) : "";
            if (!why.empty()) to.point(p, "", "the point is " + why + ": leave out writable");
        }
    }
    check_units(config, result.devices, to);
    read_request_rules(config, result, to);
    return result;
}

nanoseconds timeout_of(const wire_settings& wire) { return manners_of(wire).timeout; }

}  // namespace modbus
