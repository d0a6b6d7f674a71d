// gateway/commission/register_place.hpp: the place of a register as typed on the command line → a point's keys; where the
// adapter's plan says that it is, in both notations; and what to try when the device doesn't answer as hoped. Pure. Not here:
// what a Modicon number means, and the types: the adapter knows (commission_bus.hpp asks it).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "gateway/command/option_error.hpp"

namespace gateway {

/// As typed; empty: not given.
struct register_choice {
    std::string unit;
    std::string holding, input, coil, discrete, modicon;
    std::string type, order, scale, length;
};

/// `holding: "107"`. Exactly one place must be given.
option_result<std::string> place_key(const register_choice& typed);
/// `, type: "float32", order: "CDAB"`: what was given of it.
std::string value_keys(const register_choice& typed);

struct register_place {
    std::string table;          // "holding"
    std::uint32_t address = 0;  // of the protocol, from 0
    std::size_t registers = 0;  // or bits
    std::string words;          // "holding 107..108 (40108..40109)"
    bool is_bits() const { return table == "coil" || table == "discrete"; }
};
/// Of a planned request: "unit 5, holding 107..108 (40108..40109)". Nothing: it isn't a place in the four tables.
std::optional<register_place> planned_place(std::string_view what, std::size_t registers);

/// What to check when a device is silent. `settings`: of the bus. One line each.
std::vector<std::string> advice_on_silence(const std::vector<config::setting>& settings, const std::string& unit);
/// … when it refuses to read, or to write. `option`: as typed, "--holding".
std::vector<std::string> advice_on_exception(std::uint32_t code, const register_place& where, bool writing);

}  // namespace gateway
