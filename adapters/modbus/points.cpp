// adapters/modbus/points.cpp: reads a bus's settings into a definition and reports every fault in them.
// Not here: the way to the devices (points_wire.cpp), addresses (points_address.cpp) and encodings (points_encoding.cpp).
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
std::optional<location> read_location(const settings& written, std::size_t index, faults& to) {
    constexpr std::array<std::string_view, 5> keys{"register", "holding", "input", "coil", "discrete"};
    const tidegate_setting* found = nullptr;
    for (const auto key : keys) {
        const auto* setting = written.find(key);
        if (!setting) continue;
        if (found) {
            to.point(index, setting->path,
                     "a point lies at one place: " + std::string(found->path) + " or " + setting->path + ", not both");
            return std::nullopt;
        }
        found = setting;
    }
    if (!found) {
        to.point(index, "",
                 "a point needs its address: register: 40108 (Modicon notation, counts from 1), or one of holding: 107, input, "
                 "coil, discrete (protocol address, counts from 0)");
        return std::nullopt;
    }
    const std::string_view path = found->path;
    if (path == "register") {
        std::string fault;
        const auto place = parse_modicon(found->text, fault);
        if (!place) to.point(index, "register", fault);
        return place;
    }
    if (found->integer < 0 || found->integer > 65535) {
        to.point(index, found->path, std::string(path) + ' ' + found->text + " is out of range: protocol addresses are 0..65535");
        return std::nullopt;
    }
    const table from = path == "input"      ? table::input
                       : path == "coil"     ? table::coil
                       : path == "discrete" ? table::discrete
                                            : table::holding;
    return location{from, static_cast<std::uint16_t>(found->integer)};
}

point read_point(const tidegate_point_config& config, std::size_t index, std::size_t device_index, const device& owner,
                 faults& to) {
    const settings written(config.settings, config.setting_count);
    point result;
    result.name = config.name;
    result.device = device_index;
    if (read_source(written, index, result, to)) {
        read_writing(written, index, result, to);
        return result;
    }
    const auto place = read_location(written, index, to);
    if (!place) return result;
    result.from = place->from;
    result.address = place->address;
    const auto before = to.count();
    read_encoding(written, index, result, to);
    if (to.count() != before) return result;
    read_writing(written, index, result, to);
    const std::string needs = "needs " + std::to_string(result.count) + " registers";
    if (result.address + result.count > 65536)
        to.point(index, "",
                 "the value " + needs + " and would run past the last address, " + protocol_range(result.from, 65535, 1) + " (" +
                     modicon_range(result.from, 65535, 1) + ")");
    if (!is_bits(result.from) && result.count > owner.max_read)
        to.point(index, "",
                 "the value " + needs + " in one request, but max_read of device \"" + owner.name + "\" is " +
                     std::to_string(owner.max_read));
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
        for (std::size_t p = from.first_point; p < from.first_point + from.point_count; ++p)
            result.points[p] = read_point(config.points[p], p, i, result.devices.back(), to);
    }
    check_units(config, result.devices, to);
    return result;
}

nanoseconds timeout_of(const wire_settings& wire) { return manners_of(wire).timeout; }

}  // namespace modbus
