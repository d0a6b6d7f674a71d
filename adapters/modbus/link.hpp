// adapters/modbus/link.hpp: one request on the wire, its answer or what went wrong, back. The seam to libmodbus.
// Not here: which registers to ask for (plan.hpp) and what they mean (codec.hpp). Blocking; one thread, but for interrupt().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "adapters/modbus/timing.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

/// The four tables of the data model; each has its read function code (1–4).
enum class table : std::uint8_t { coil = 1, discrete = 2, holding = 3, input = 4 };
constexpr bool is_bits(table t) { return t == table::coil || t == table::discrete; }

struct read_request {
    std::uint8_t unit = 1;
    table from = table::holding;
    std::uint16_t address = 0;  // protocol address, counts from 0
    std::uint16_t count = 1;    // registers 1–125, bits 1–2000
};

struct answer {
    enum class status : std::uint8_t {
        ok,
        exception,  // the device answered with an exception: it is alive
        silent,     // no valid answer in time
        down,       // port or connection can't be opened, or was lost
        interrupted,
    };
    answer::status status = status::silent;
    std::uint8_t exception_code = 0;
    std::vector<std::uint16_t> registers;  // ok: count registers, or count bits, each 0 or 1
    std::string detail;                    // not ok: a phrase for a person
    nanoseconds turnaround{0};             // ok or exception: from the request's end to the answer's first byte
};

class link {
public:
    virtual ~link() = default;
    /// Opens port or connection where it isn't open. An answer is never taken for another request's: after a time-out the
    /// same unit is not asked again before a late answer can no longer come. `timeout` 0: as configured.
    virtual answer read(const read_request& request, nanoseconds timeout) = 0;
    /// From any thread: a read that waits, and every later one, returns `interrupted`.
    virtual void interrupt() = 0;
};

/// What is wrong with a line as this system's serial ports go; empty: nothing. Asked by make_link's port, too, at its opening.
std::string fault_of(const line_format& line);

std::unique_ptr<link> make_link(const serial_settings& how);
std::unique_ptr<link> make_link(const tcp_settings& how);
std::unique_ptr<link> make_link(const rtu_over_tcp_settings& how);

}  // namespace modbus
