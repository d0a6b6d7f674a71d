// adapters/modbus/points.hpp: a bus's settings, checked: its line or host, its devices, and each point's place and encoding.
// Not here: the list of keys (keys.hpp), how points become requests (plan.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/modbus/codec.hpp"
#include "adapters/modbus/link.hpp"
#include "adapters/modbus/rehearsal_settings.hpp"
#include "adapters/modbus/sunspec.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

/// Registers, or coils, that are always read in one request.
struct extent {
    std::uint16_t address = 0;
    std::uint16_t count = 1;
    std::uint32_t end() const { return std::uint32_t{address} + count; }
    auto operator<=>(const extent&) const = default;
};

/// What a point reads that lies in none of the four tables.
struct special_source {
    // sunspec: nowhere yet; the device's models have to be found first.
    enum class kind : std::uint8_t { fifo, file, identification, server_id, exception_status, raw, sunspec };
    special_source::kind what = special_source::kind::raw;
    std::uint16_t address = 0;      // of a queue; of a file its number
    std::uint16_t record = 0;       // file
    std::uint16_t count = 0;        // file: registers
    std::uint8_t object = 0;        // identification
    std::vector<std::uint8_t> pdu;  // raw: the request
    std::uint16_t at = 0;           // where the value begins in the answer's data, in bytes
    bool to_the_end = false;        // a text, all that there is
};
/// Whether one request, or one walk over several, serves both.
bool same_request(const special_source& one, const special_source& other);
/// The first request; an identification may need others after it.
transaction transaction_of(const special_source& what, std::uint8_t unit);
std::string in_words(const special_source& what);
/// The value out of an answer's data (payload_of). Requires: the point has a source.
decoded decode_source(const struct point& which, bytes_view data);

/// How a point is written. What doesn't fit the point is a fault of its config.
enum class write_function : std::uint8_t { automatic, coil, single, coils, registers, mask, read_modify_write };
/// A number of the device's that a point's raw value is multiplied with: ten to its power, or the number itself.
struct factor {
    table from = table::holding;
    std::uint16_t address = 0;
    encoding how;  // a number's, with a scale of its own
    bool is_exponent = false;
    bool apart = false;  // not within the point's reach: it is read on its own, and remembered
};
constexpr std::int64_t most_exponent_of_ten = 10;

struct point {
    std::string name;
    std::size_t device = 0;
    table from = table::holding;
    // What is read in one request for it: its own registers, all between them, and the factors that lie near enough.
    std::uint16_t address = 0;       // protocol address, counts from 0
    std::uint16_t count = 1;         // registers, or 1 coil
    std::vector<std::uint16_t> own;  // which of these are its value's, in the order of the value; none: all are
    encoding how;
    extent whole;                          // what is read in one request for it: as above, or for all of its group
    bool exact = false;                    // `whole` is a request of its own
    std::optional<special_source> source;  // then `from` and `address` mean nothing
    write_function write_with = write_function::automatic;
    std::vector<factor> factors;
    std::optional<std::uint32_t> sunspec;  // its name, of bus_definition::sunspec_names
    std::int64_t wrap = 0;                 // the raw number that its counter never reaches, since it begins again with 0; 0: none
};
/// The addresses of the value's own registers, in the order of the value.
std::vector<std::uint16_t> own_addresses(const point& which);
/// The first of them if they are neighbours in the order of the value, so that one request can write them.
std::optional<std::uint16_t> first_of_neighbours(const point& which);
/// The value's own registers out of those that were read for it. Requires: reach.size() == which.count.
std::vector<std::uint16_t> own_registers(const point& which, std::span<const std::uint16_t> reach);

struct device {
    std::string name;
    std::uint8_t unit = 1;
    std::uint16_t max_read = 125;          // registers in one request; of coils 16 times as many
    std::optional<std::uint16_t> max_gap;  // unused registers that one request may read along; of coils 16 times as many
    std::vector<std::uint32_t> barriers;   // protocol addresses that no request may reach across; in order
    rehearsal_settings simulated;          // how `tidegate simulate` has it behave
    std::vector<std::vector<std::uint8_t>> before_write, after_write;  // PDUs sent around every write
    std::uint16_t base = 0;                                            // what the config's protocol addresses count from
};

struct bus_definition {
    wire_settings wire;
    std::vector<modbus::device> devices;
    std::vector<modbus::point> points;  // numbered as in adapter.h
    std::vector<sunspec_name> sunspec_names;
    // Of simulated devices only: registers that hold the same always.
    struct fixed_register {
        std::size_t device = 0;
        std::uint16_t address = 0;  // a holding register
        std::uint16_t holds = 0;
    };
    std::vector<fixed_register> fixed;
};

/// Reports every fault. What it returns is of use only if there was none.
bus_definition read_definition(const tidegate_bus_config& config, tidegate::faults& to);

nanoseconds timeout_of(const wire_settings& wire);

struct location {
    table from = table::holding;
    std::uint16_t address = 0;
};
/// Modicon notation, which counts from 1 and names the table by its first digit: 40108 or 400108, or 4x108 or 4x00108. Five
/// digits reach number 9999, six reach 65536; leading zeros count, since 00001 is a coil. Nothing: `fault` says why, and what
/// would be right.
std::optional<location> parse_modicon(std::string_view text, std::string& fault);

std::string_view table_name(table which);                                             // "holding": what the key is called
std::string protocol_range(table which, std::uint32_t address, std::uint32_t count);  // "input 52..67", "input 52"
std::string modicon_range(table which, std::uint32_t address, std::uint32_t count);   // "30053..30068", "30053"

/// Which points go into one request, which into one of their own, and what no request may cross: the keys group, exact and
/// barriers. Part of read_definition(), after all points are known.
void read_request_rules(const tidegate_bus_config& config, bus_definition& to, tidegate::faults& faults);
/// Reads how the bus is reached. Part of read_definition().
wire_settings read_wire(const tidegate::settings& written, tidegate::faults& to);
/// Reads one place, given as one of `keys` (or none of them: nothing, and no fault), each behind `prefix`.
std::optional<location> read_place(const tidegate::settings& written, std::string_view prefix,
                                   std::span<const std::string_view> keys, std::size_t index, const device& owner,
                                   tidegate::faults& faults);

/// Reads where the point's further registers lie, what it is multiplied with and where it wraps, into `to`, whose place and
/// encoding are known. Part of read_definition().
void read_reach(const tidegate::settings& written, std::size_t index, const device& owner, point& to, tidegate::faults& faults);

/// Reads what `simulate:` says of a device, over what it says of the bus. Part of read_definition().
rehearsal_settings read_rehearsal(const tidegate::settings& bus, const tidegate::settings& device, std::size_t index,
                                  tidegate::faults& to);

/// Reads the point's type, order, scale and so on into `to`. Part of read_definition().
void read_encoding(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults);

/// Takes the factors that lie near enough into the point's request, and marks the others as apart.
void reach_for_factors(const device& owner, point& of);

/// Reads a point that is named by its SunSpec model. False: it isn't.
bool read_sunspec(const tidegate::settings& written, std::size_t index, bus_definition& of, point& to, tidegate::faults& faults);
/// Whether it is such a point, and its device's models aren't known, or don't have it.
bool is_unlocated(const point& which);
void forget_place(point& which);
/// Puts a SunSpec point at its place. False: the device doesn't have it.
bool locate(const bus_definition& of, const device& owner, std::span<const sunspec_place> places, point& which);

/// The definition with a list of models made up for each device that has SunSpec points, and these in place: a twin to simulate.
/// Model 1 comes first, then each point's first model, in the order of the config.
bus_definition with_sunspec_models(bus_definition of);

/// Reads a source beside the four tables, its type included. False: the point has none.
bool read_source(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults);
/// Reads how the point is to be written.
void read_writing(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults);
void read_writing(const tidegate::settings& written, std::size_t index, device& to, tidegate::faults& faults);

}  // namespace modbus
