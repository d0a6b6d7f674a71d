// adapters/modbus/write_plan.hpp: values to the one request that writes them, or why there is none. Pure.
// Not here: sending it, and what the device says (modbus_write.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/modbus/codec.hpp"
#include "adapters/modbus/pdu.hpp"
#include "adapters/modbus/points.hpp"

namespace modbus {

struct written_value {
    std::uint32_t point = 0;
    encoded made;  // the value in the point's own registers (own_addresses()), or why it doesn't fit
};

struct planned_write {
    std::string fault;  // not empty: it can't be written, and nothing else holds
    std::uint8_t unit = 1;
    table to = table::holding;
    std::uint16_t address = 0;
    std::vector<std::uint16_t> values;  // registers, or bits as 0 and 1
    std::uint16_t owned = 0xFFFF;       // of a single register: the bits that are written, the others stay as they are
    write_function with = write_function::automatic;  // never that, but for a single register of which some bits are written
};

/// Requires: all points are of one device, and there is at least one.
planned_write plan_write(const bus_definition& definition, std::span<const written_value> values);

/// The request, but for reading, changing and writing back.
transaction transaction_of(const planned_write& what);
/// What writes the register back, `was` being what it held.
transaction write_back_of(const planned_write& what, std::uint16_t was);
/// "function 6, holding 120 = 0x0141"
std::string in_words(const transaction& what);

}  // namespace modbus
