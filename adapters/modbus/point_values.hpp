// adapters/modbus/point_values.hpp: what points' registers mean where that takes more than the registers: factors that the
// device tells, counters that have wrapped. Not here: the wire (modbus.hpp), a value by itself (codec.hpp). The time is told.
//
// A factor within a point's reach is read with it, so that the two always belong together. One that lies apart is asked for
// again after a minute and used for five at most; a value is never told with a factor that isn't known. The totals of counters
// are in memory only: after a start they begin with what the device shows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/modbus/points.hpp"

namespace modbus {

class point_values {
public:
    /// `definition` outlives this.
    explicit point_values(const bus_definition& definition);
    /// Points of the definition have been put at other places: factors are read anew. The totals of counters stay.
    void points_moved();

    /// Registers of a factor that lies apart.
    struct place {
        std::size_t device = 0;
        table from = table::holding;
        std::uint16_t address = 0;
        std::uint16_t count = 1;
        bool operator==(const place&) const = default;
    };
    /// What is to be read now, beside the points' own reach, before the values of `points` can be told.
    std::vector<place> wanted(std::span<const std::uint32_t> points, nanoseconds now) const;
    void told(const place& where, std::span<const std::uint16_t> registers, nanoseconds now);
    /// Why it couldn't be read; what is known of it is used as long as it isn't too old.
    void not_told(const place& where, std::string why);

    /// Requires: reach.size() is the point's count.
    decoded read(std::uint32_t point, std::span<const std::uint16_t> reach, nanoseconds now);
    /// The value's own registers (own_addresses()), with the factors as last read.
    encoded encode(std::uint32_t point, const value& what, nanoseconds now) const;

private:
    struct known_place {
        place where;
        std::vector<std::uint16_t> registers;  // none: never told
        nanoseconds at{0};
        std::string failure;  // since then
    };
    /// How a point is to be scaled: by what its factors say, or why that isn't known.
    struct factored {
        std::optional<scaling> scale;  // nothing: a factor is "no value", or there is a failure
        std::string failure;
    };
    struct memory {
        factored last;
        nanoseconds at{0};
        bool counted = false;  // a counter that wraps was read before
        std::int64_t last_raw = 0;
        std::uint64_t total = 0;
    };
    static place place_of(const point& which, const factor& each);
    factored factors_of(const point& which, std::span<const std::uint16_t> reach, nanoseconds now) const;
    decoded count_on(const point& which, memory& of, const encoding& how, std::span<const std::uint16_t> registers) const;

    const bus_definition& definition_;
    std::vector<known_place> apart_;
    std::unordered_map<std::uint32_t, memory> memory_;  // by point; of few
};

}  // namespace modbus
