// adapters/modbus/sunspec.hpp: where a SunSpec device has its models: the walk along their chain; and what a point's name in the
// config stands for. Pure: the answers come in, the next request comes out. Not here: the models (sunspec_models.hpp).
//
// A device has "SunS" (0x5375 0x6E53) at holding register 40000, 0 or 50000; behind it the models, each with ID and L and then L
// registers, up to the ID 0xFFFF. (SunSpec Device Information Model Specification, discovery.) Some devices end the chain by an
// exception, or with ID 0; both count as its end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/modbus/sunspec_models.hpp"

namespace modbus {

// ---- What a config names -----------------------------------------------------------------------------------------------

/// `inverter.W`, `103.W`, `101|103.W`, `160.module[2].DCW`: one of these models, and a point of it.
struct sunspec_name {
    std::vector<std::uint16_t> models;  // known ones, in order of preference
    std::string point;                  // of a repeating block with [] and without the number
    std::uint16_t instance = 0;         // of the block, from 1; 0: not of one
    bool operator==(const sunspec_name&) const = default;
};
/// Nothing: `fault` says what is wrong and what would be right.
std::optional<sunspec_name> parse_sunspec_name(std::string_view written, std::string& fault);

// ---- Where a device has them -------------------------------------------------------------------------------------------

struct sunspec_place {
    std::uint16_t id = 0;
    std::uint16_t address = 0;  // of the ID
    std::uint16_t length = 0;   // L
    bool operator==(const sunspec_place&) const = default;
};

class sunspec_walk {
public:
    struct request {
        std::uint16_t address;
        std::uint16_t count;
        bool operator==(const request&) const = default;
    };
    /// What to read next, from holding registers; nothing: it is over.
    std::optional<sunspec_walk::request> next() const { return next_; }
    /// The registers of next(), or none after an exception.
    void answered(std::span<const std::uint16_t> registers);

    /// Once it is over: the models in their order. Empty, with fault(): this is no SunSpec device.
    const std::vector<sunspec_place>& places() const { return places_; }
    const std::string& fault() const { return fault_; }

private:
    void try_base();
    void look_at(std::uint32_t address);
    std::size_t base_ = 0;  // the number of the one that is tried
    bool found_ = false;
    std::optional<request> next_{request{40000, 2}};
    std::vector<sunspec_place> places_;
    std::string fault_;
};

/// Where the point is; nothing: the device has none of its models (the first model of the name that it has counts), or the model
/// is shorter than that, or it has fewer blocks.
struct sunspec_found {
    sunspec_point point;                  // its offset that of the instance
    std::uint16_t address = 0;            // of the point
    std::optional<std::uint16_t> factor;  // address of its scale factor
};
std::optional<sunspec_found> locate(const sunspec_name& name, std::span<const sunspec_place> places);
/// "models 1, 103, 160"
std::string models_in_words(std::span<const sunspec_place> places);

}  // namespace modbus
