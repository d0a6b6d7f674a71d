// adapters/modbus/points.hpp: a bus's settings, checked: its line or host, its devices, and each point's place and encoding.
// Not here: the list of keys (keys.hpp), how points become requests (plan.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/modbus/codec.hpp"
#include "adapters/modbus/link.hpp"
#include "adapters/modbus/rehearsal_settings.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

/// What a point reads that lies in none of the four tables.
struct special_source {
    enum class kind : std::uint8_t { fifo, file, identification, server_id, exception_status, raw };
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

struct point {
    std::string name;
    std::size_t device = 0;
    table from = table::holding;
    std::uint16_t address = 0;  // protocol address, counts from 0
    std::uint16_t count = 1;    // registers, or 1 coil
    encoding how;
    std::optional<special_source> source;  // then `from` and `address` mean nothing
    write_function write_with = write_function::automatic;
};

struct device {
    std::string name;
    std::uint8_t unit = 1;
    std::uint16_t max_read = 125;          // registers in one request; of coils 16 times as many
    std::optional<std::uint16_t> max_gap;  // unused registers that one request may read along; of coils 16 times as many
    rehearsal_settings simulated;          // how `tidegate simulate` has it behave
    std::vector<std::vector<std::uint8_t>> before_write, after_write;  // PDUs sent around every write
};

struct bus_definition {
    wire_settings wire;
    std::vector<modbus::device> devices;
    std::vector<modbus::point> points;  // numbered as in adapter.h
};

/// Reports every fault. What it returns is of use only if there was none.
bus_definition read_definition(const tidegate_bus_config& config, tidegate::faults& to);

nanoseconds timeout_of(const wire_settings& wire);

struct location {
    table from = table::holding;
    std::uint16_t address = 0;
};
/// Modicon notation, which counts from 1 and names the table by its first digit: 40108 or 400108. Five digits reach number
/// 9999, six reach 65536; leading zeros count, since 00001 is a coil. Nothing: `fault` says why, and what would be right.
std::optional<location> parse_modicon(std::string_view text, std::string& fault);

std::string_view table_name(table which);                                             // "holding": what the key is called
std::string protocol_range(table which, std::uint32_t address, std::uint32_t count);  // "input 52..67", "input 52"
std::string modicon_range(table which, std::uint32_t address, std::uint32_t count);   // "30053..30068", "30053"

/// Reads how the bus is reached. Part of read_definition().
wire_settings read_wire(const tidegate::settings& written, tidegate::faults& to);

/// Reads what `simulate:` says of a device, over what it says of the bus. Part of read_definition().
rehearsal_settings read_rehearsal(const tidegate::settings& bus, const tidegate::settings& device, std::size_t index,
                                  tidegate::faults& to);

/// Reads the point's type, order, scale and so on into `to`. Part of read_definition().
void read_encoding(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults);

/// Reads a source beside the four tables, its type included. False: the point has none.
bool read_source(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults);
/// Reads how the point is to be written.
void read_writing(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults);
void read_writing(const tidegate::settings& written, std::size_t index, device& to, tidegate::faults& faults);

}  // namespace modbus
