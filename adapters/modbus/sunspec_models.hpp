// adapters/modbus/sunspec_models.hpp: SunSpec's models as data: which point lies where in a model, and how.
// Not here: where a device has its models (sunspec.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modbus {

/// Big-endian all. sunssf: int16, a power of ten; acc: an accumulator, 0 of which means that there is none; count: of the
/// repeating blocks.
enum class sunspec_type : std::uint8_t {
    int16,
    uint16,
    uint32,
    uint64,
    acc32,
    enum16,
    bitfield32,
    float32,
    string,
    sunssf,
    count
};

struct sunspec_point {
    std::string_view name;
    sunspec_type type;
    std::uint16_t offset;  // registers from the model's ID
    std::uint16_t registers;
    std::string_view factor;  // the sunssf point of the same model; empty: none
    std::string_view unit;
};

struct sunspec_model {
    std::uint16_t id;
    std::span<const sunspec_point> points;
};

/// Null: not known.
const sunspec_model* find_sunspec_model(std::uint16_t id);
/// The models that "inverter", "meter" … stands for, in order of their numbers; empty: no such family.
std::vector<std::uint16_t> sunspec_family(std::string_view name);
std::string sunspec_family_names();  // "common, inverter, …"
const sunspec_point* find_sunspec_point(const sunspec_model& of, std::string_view name);
/// Registers of one repeating block; 0: it has none.
std::uint16_t block_length(const sunspec_model& of);

}  // namespace modbus
