// adapters/modbus/write_plan.cpp: see write_plan.hpp.
// Not here: any wire.
#include "adapters/modbus/write_plan.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>

namespace modbus {
namespace {

constexpr std::size_t most_registers = 123, most_coils = 1968;

/// What one register, or coil, becomes.
struct cell {
    std::uint16_t value = 0;
    std::uint16_t owned = 0;
};
using cells = std::map<std::uint16_t, cell>;

planned_write refused(std::string why) {
    planned_write none;
    none.fault = std::move(why);
    return none;
}

std::string named(const point& which) { return "point \"" + which.name + "\""; }

/// Empty: it was added.
std::string add(cells& to, const point& which, const encoded& made) {
    if (!made.failure.empty()) return named(which) + ": " + made.failure;
    const auto owned = is_bits(which.from) ? std::vector<std::uint16_t>{1} : owned_bits(which.how);
    const auto addresses = own_addresses(which);
    assert(owned.size() == made.registers.size() && owned.size() == addresses.size());
    for (std::size_t i = 0; i < owned.size(); ++i) {
        if (owned[i] == 0) continue;
        cell& place = to[addresses[i]];
        if ((place.owned & owned[i]) != 0) return named(which) + " lies where another value of the same command does";
        place.owned = static_cast<std::uint16_t>(place.owned | owned[i]);
        place.value = static_cast<std::uint16_t>(place.value | (made.registers[i] & owned[i]));
    }
    return {};
}

std::string why_not(const point& which) {
    if (which.source && which.source->what == special_source::kind::sunspec)
        return named(which) + " hasn't been found in the device yet, so it can't be written";
    const std::string why = why_read_only(which);
    return why.empty() ? "" : named(which) + " is " + why;
}

std::string why_not_together(table of, const cells& all) {
    const std::uint32_t first = all.begin()->first, last = all.rbegin()->first;
    const std::string kind(table_name(of));
    if (last - first + 1 != all.size())
        return "values that are written together must lie side by side, with nothing between them: " +
               protocol_range(of, first, last - first + 1) + " has registers that are none of theirs";
    if (all.size() > (is_bits(of) ? most_coils : most_registers))
        return "one request writes at most " + std::to_string(is_bits(of) ? most_coils : most_registers) + " of " + kind;
    return {};
}

/// The function that the points ask for, if they agree.
std::optional<write_function> asked_for(const bus_definition& definition, std::span<const written_value> values) {
    write_function found = write_function::automatic;
    for (const auto& each : values) {
        const write_function one = definition.points[each.point].write_with;
        if (one == write_function::automatic || one == found) continue;
        if (found != write_function::automatic) return std::nullopt;
        found = one;
    }
    return found;
}

std::string choose(planned_write& what, write_function asked) {
    const bool several = what.values.size() > 1;
    if (is_bits(what.to)) {
        what.with = asked == write_function::coils || several ? write_function::coils : write_function::coil;
        return several && asked == write_function::coil ? "function 5 writes one coil at a time: write them one by one" : "";
    }
    if (what.owned != 0xFFFF) {
        what.with = asked;
        return {};
    }
    what.with = asked != write_function::automatic ? asked : several ? write_function::registers : write_function::single;
    if (several && what.with != write_function::registers)
        return "write_function: 16 alone writes several registers together, and these are " +
               protocol_range(what.to, what.address, static_cast<std::uint32_t>(what.values.size()));
    return {};
}

std::string hex(std::uint16_t word) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text = "0x";
    for (int shift = 12; shift >= 0; shift -= 4) text += digits[(word >> shift) & 0xFu];
    return text;
}

std::uint16_t word_at(bytes_view bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::string several_in_words(table to, bytes_view pdu) {
    const std::uint16_t count = word_at(pdu, 3);
    std::string text = protocol_range(to, word_at(pdu, 1), count) + " =";
    constexpr std::uint16_t shown = 16;
    for (std::uint16_t i = 0; i < std::min(count, shown); ++i) {
        if (is_bits(to))
            text += (pdu[6u + i / 8u] >> (i % 8)) & 1 ? " 1" : " 0";
        else
            text += ' ' + hex(word_at(pdu, 6u + 2u * i));
    }
    return text + (count > shown ? " …" : "");
}

}  // namespace

planned_write plan_write(const bus_definition& definition, std::span<const written_value> values, const value_encoder& encode) {
    assert(!values.empty());
    const point& first = definition.points[values[0].point];
    cells all;
    for (const auto& each : values) {
        const point& which = definition.points[each.point];
        assert(which.device == first.device);
        if (auto why = why_not(which); !why.empty()) return refused(std::move(why));
        if (which.from != first.from) return refused("coils and registers can't be written in one request");
        if (auto why = add(all, which, encode(each.point, each.value)); !why.empty()) return refused(std::move(why));
    }
    if (auto why = why_not_together(first.from, all); !why.empty()) return refused(std::move(why));
    const auto asked = asked_for(definition, values);
    if (!asked) return refused("the points of this command have different write_function: write them one by one");

    planned_write what;
    what.unit = definition.devices[first.device].unit;
    what.to = first.from;
    what.address = all.begin()->first;
    const std::uint16_t whole = is_bits(first.from) ? 1 : 0xFFFF;
    for (const auto& [address, place] : all) {
        what.values.push_back(place.value);
        if (place.owned == whole) continue;
        if (all.size() > 1)
            return refused("of " + protocol_range(first.from, address, 1) +
                           " only some bits are written, which can't go together with other registers: write them one by one");
        what.owned = place.owned;
    }
    if (auto why = choose(what, *asked); !why.empty()) return refused(std::move(why));
    return what;
}

transaction transaction_of(const planned_write& what) {
    switch (what.with) {
        case write_function::coil:
            return write_coil(what.unit, what.address, what.values[0] != 0);
        case write_function::coils:
            return write_coils(what.unit, what.address, what.values);
        case write_function::single:
            return write_register(what.unit, what.address, what.values[0]);
        case write_function::registers:
            return write_registers(what.unit, what.address, what.values);
        case write_function::mask:
        case write_function::automatic:
        case write_function::read_modify_write:
            break;
    }
    return mask_write(what.unit, what.address, static_cast<std::uint16_t>(~what.owned), what.values[0]);
}

transaction write_back_of(const planned_write& what, std::uint16_t was) {
    return write_register(what.unit, what.address, static_cast<std::uint16_t>((was & ~what.owned) | what.values[0]));
}

std::string in_words(const transaction& what) {
    const bytes_view pdu = what.pdu;
    std::string text = "function " + std::to_string(pdu[0]) + ", ";
    if (what.unit == 0) text = "to all units, " + text;
    switch (pdu[0]) {
        case function::write_coil:
            if (pdu.size() == 5) return text + protocol_range(table::coil, word_at(pdu, 1), 1) + (pdu[3] != 0 ? " = 1" : " = 0");
            break;
        case function::write_register:
            if (pdu.size() == 5) return text + protocol_range(table::holding, word_at(pdu, 1), 1) + " = " + hex(word_at(pdu, 3));
            break;
        case function::write_coils:
        case function::write_registers:
            if (form_of(pdu).how == answer_form::length::fixed)
                return text + several_in_words(pdu[0] == function::write_coils ? table::coil : table::holding, pdu);
            break;
        case function::mask_write:
            if (pdu.size() == 7)
                return text + protocol_range(table::holding, word_at(pdu, 1), 1) + ", bits " +
                       hex(static_cast<std::uint16_t>(~word_at(pdu, 3))) + " = " + hex(word_at(pdu, 5));
            break;
        default:
            break;
    }
    text += "data";
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const std::uint8_t byte : pdu.subspan(1)) (text += ' ', text += digits[byte >> 4], text += digits[byte & 0xFu]);
    return text;
}

}  // namespace modbus
