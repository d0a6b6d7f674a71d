// adapters/modbus/points_sunspec.cpp: points that are named by a SunSpec model: their config, and their place once it is known.
// Not here: finding the models (modbus_sunspec.cpp).
#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using kind = enum special_source::kind;

value_type type_of(sunspec_type from) {
    switch (from) {
        case sunspec_type::int16:
        case sunspec_type::sunssf:
            return value_type::int16;
        case sunspec_type::uint16:
        case sunspec_type::enum16:
        case sunspec_type::count:
            return value_type::uint16;
        case sunspec_type::uint32:
        case sunspec_type::acc32:
        case sunspec_type::bitfield32:
            return value_type::uint32;
        case sunspec_type::uint64:
            return value_type::uint64;
        case sunspec_type::float32:
            return value_type::float32;
        case sunspec_type::string:
            break;
    }
    return value_type::string;
}

/// What means "not implemented": the type's own pattern (SunSpec Device Information Model Specification, data types).
std::vector<std::uint64_t> nulls_of(sunspec_type from) {
    switch (from) {
        case sunspec_type::int16:
        case sunspec_type::sunssf:
            return {0x8000};
        case sunspec_type::uint16:
        case sunspec_type::enum16:
        case sunspec_type::count:
            return {0xFFFF};
        case sunspec_type::uint32:
        case sunspec_type::bitfield32:
            return {0xFFFFFFFF};
        case sunspec_type::acc32:
            return {0};
        case sunspec_type::uint64:
            return {~std::uint64_t{0}};
        case sunspec_type::float32:  // NaN, which always means it
        case sunspec_type::string:
            break;
    }
    return {};
}

}  // namespace

bool read_sunspec(const tidegate::settings& written, std::size_t index, bus_definition& of, point& to, tidegate::faults& faults) {
    const auto* key = written.find("sunspec");
    if (!key) return false;
    for (const auto& setting : written.all()) {
        const std::string_view path = setting.path;
        if (path == "sunspec" || path == "enum" || path == "flags") continue;
        faults.point(index, std::string(path),
                     std::string(path) +
                         " is not for a SunSpec point: its model says where it lies, its type and its scale; only enum and flags "
                         "can be added");
    }
    std::string fault;
    auto name = parse_sunspec_name(key->text, fault);
    if (!name) {
        faults.point(index, "sunspec", fault);
        return true;
    }
    for (const auto& setting : written.all()) {
        if (std::string_view(setting.path) == "enum") to.how.names.emplace_back(setting.integer, setting.text);
        if (std::string_view(setting.path) == "flags")
            to.how.flags.emplace_back(static_cast<std::uint8_t>(setting.integer), setting.text);
    }
    to.sunspec = static_cast<std::uint32_t>(of.sunspec_names.size());
    of.sunspec_names.push_back(std::move(*name));
    to.source = special_source{};
    to.source->what = kind::sunspec;
    return true;
}

bool is_unlocated(const point& which) { return which.source && which.source->what == kind::sunspec; }

void forget_place(point& which) {
    which.source = special_source{};
    which.source->what = kind::sunspec;
}

bool locate(const bus_definition& of, const device& owner, std::span<const sunspec_place> places, point& which) {
    const auto found = locate(of.sunspec_names[*which.sunspec], places);
    if (!found) return false;
    encoding how;
    how.type = type_of(found->point.type);
    how.registers = found->point.registers;
    how.null_bits = nulls_of(found->point.type);
    const auto form = row_of(how.type).form;
    if (is_integer(form)) how.names = which.how.names;
    if (form == number_form::natural) how.flags = which.how.flags;
    which.how = std::move(how);
    which.source.reset();
    which.from = table::holding;
    which.address = found->address;
    which.count = found->point.registers;
    which.own.clear();
    which.factors.clear();
    if (found->factor && which.how.names.empty() && which.how.flags.empty()) {
        factor scale;
        scale.address = *found->factor;
        scale.how.type = value_type::int16;
        scale.how.null_bits = {0x8000};
        scale.is_exponent = true;
        which.factors.push_back(std::move(scale));
    }
    reach_for_factors(owner, which);
    return true;
}

}  // namespace modbus
