// adapters/modbus/points_writing.cpp: how a point is written, and what is sent around a device's writes.
// Not here: whether it may be written (the host decides), and writing (modbus_write.cpp).
#include <algorithm>

#include "adapters/modbus/points.hpp"

namespace modbus {

using tidegate::faults;
using tidegate::settings;

namespace {

write_function parse_function(std::string_view text) {
    if (text == "5") return write_function::coil;
    if (text == "6") return write_function::single;
    if (text == "15") return write_function::coils;
    if (text == "16") return write_function::registers;
    if (text == "22") return write_function::mask;
    return text == "rmw" ? write_function::read_modify_write : write_function::automatic;
}

/// Empty: the function can write the point.
std::string why_not_with(write_function how, const point& which) {
    const bool for_coils = how == write_function::coil || how == write_function::coils;
    if (which.source || which.from == table::input || which.from == table::discrete)
        return "nobody can write such a point: leave write_function out";
    if (is_bits(which.from)) return for_coils ? "" : "a coil is written by function 5 or 15";
    if (for_coils) return "functions 5 and 15 are for coils: a register is written by 6, 16, 22 or rmw";
    const auto owned = owned_bits(which.how);
    const auto parts = std::count_if(owned.begin(), owned.end(), [](std::uint16_t bits) { return bits != 0; });
    const bool whole = std::all_of(owned.begin(), owned.end(), [](std::uint16_t bits) { return bits == 0 || bits == 0xFFFF; });
    if (whole && how == write_function::single && parts > 1)
        return "function 6 writes one register, and this value has " + std::to_string(parts) + ": it is written by 16";
    if (whole && how != write_function::single && how != write_function::registers)
        return "22 and rmw are for some bits of a register, and this value owns whole ones: it is written by 6 or 16";
    if (!whole && (how == write_function::single || how == write_function::registers))
        return "functions 6 and 16 would overwrite the register's other bits: this value is written by 22 or rmw";
    return {};
}

void read_requests(const settings& written, std::size_t index, const std::string& key, std::vector<std::vector<std::uint8_t>>& to,
                   faults& faults) {
    for (const auto& setting : written.all()) {
        if (key != setting.path) continue;
        if (const auto pdu = parse_raw(setting.text))
            to.push_back(*pdu);
        else
            faults.device(index, key,
                          '"' + std::string(setting.text) +
                              "\" is no request: write a function code from 01 to 7F and its data, each byte two "
                              "hexadecimal digits, such as \"06 00 10 12 34\"; unit and checksum are added");
    }
}

}  // namespace

std::string why_read_only(const point& which) {
    if (which.source && which.source->what == special_source::kind::sunspec) return {};
    if (which.source) return "not in a table of registers or coils, so it can't be written";
    if (which.from == table::discrete) return "a discrete input, which nobody can write";
    return which.from == table::input ? "an input register, which nobody can write" : "";
}

void read_writing(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults) {
    const auto* how = written.find("write_function");
    if (!how) return;
    to.write_with = parse_function(how->text);
    if (to.write_with == write_function::automatic) return;
    if (const auto why = why_not_with(to.write_with, to); !why.empty()) faults.point(index, "write_function", why);
}

void read_writing(const tidegate::settings& written, std::size_t index, device& to, tidegate::faults& faults) {
    read_requests(written, index, "before_write", to.before_write, faults);
    read_requests(written, index, "after_write", to.after_write, faults);
}

}  // namespace modbus
