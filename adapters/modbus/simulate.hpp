// adapters/modbus/simulate.hpp: the registers of simulated devices, made up so that what a gateway reads can be checked.
// Not here: the wire (server.hpp). Deterministic: the time is told.
//
// What the points show, with t the time that `now` tells, in ns, and i the point's number on its bus; all by integer division:
//  - a whole number (no `bit`, `flags` or `enum`) whose name contains "counter": its raw number counts the requests that covered
//    all of it: 1, 2, 3 …; after the greatest number of its type, or the last before `wrap`, comes the least.
//  - other numbers: a triangle of 60 s. Its raw number is low + (high - low) * up / 30 s, where p = (t + i * 7 s) mod 60 s and
//    up = p or, in the second half, 60 s - p. low..high is 10..90 for uint8, -10..40 for int8, 2000..2400 for uint16, uint24 and
//    BCD, -100..300 for int16 and int24, 123000..125000 for wider unsigned and -70000..70000 for wider signed types (both
//    registers move). sm and signed m10k types are like signed types of their width, m10k like unsigned ones. `bits` are like a
//    type of their width, with less than 8 bits from the least to the greatest number. A float is the same triangle from 2000 to
//    2400, divided by 10: 200.0 to 240.0.
//  - bools: (t / 5 s + i) mod 2. Points with `enum`: the name number (t / 5 s + i) mod n in the order of the config.
//  - `flags`: the one flag number (t / 5 s + i) mod n in the order of the config. bytes: the last register is t / 5 s + i.
//  - times: 2026-01-01T00:00:00 and t, which after 28 days begins again.
//  - strings: the device's name, a blank and (t / 10 s) mod 100; the name is cut where that is too long.
//  - a scale register holds -1, so that values are tenths, and a ratio register 40 before its scale; they decide before points.
// A number that the point calls "no value" (null) is passed over. The raw number is what stands in the registers; the value
// has the point's scale and offset. Where points share bits of a register, the one that comes first in the config decides.
// A register between a device's points holds 0; one before its first or behind its last of that table is refused (exception 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "adapters/modbus/points.hpp"
#include "adapters/modbus/server.hpp"

namespace modbus {

class simulated_devices final : public register_source {
public:
    /// `definition` outlives this.
    simulated_devices(const bus_definition& definition, std::function<nanoseconds()> now);

    bool has_unit(std::uint8_t unit) const override;
    std::uint8_t read(const read_request& request, std::span<std::uint16_t> to) override;

private:
    struct simulated_point {
        std::size_t index;
        encoding raw;  // the point's, without scale, names and nulls
        bool counts;
        wide_integer counter;
    };
    std::vector<std::uint16_t> registers_of(const simulated_point& which, nanoseconds now) const;
    static std::vector<std::uint16_t> registers_of(const factor& which);
    static std::vector<std::uint16_t> bytes_of(const simulated_point& which, std::size_t step);
    std::vector<std::uint16_t> text_of(const simulated_point& which, nanoseconds now) const;
    std::vector<std::uint16_t> registers_with(const simulated_point& which, wide_integer raw) const;
    void count(simulated_point& which) const;
    bool is_null(const simulated_point& which, const std::vector<std::uint16_t>& registers) const;

    const bus_definition& definition_;
    const std::function<nanoseconds()> now_;
    std::vector<simulated_point> points_;
    struct simulated_factor {
        std::size_t device;
        const factor* what;
    };
    std::vector<simulated_factor> factors_;
};

}  // namespace modbus
