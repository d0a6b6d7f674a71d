// adapters/modbus/modbus_device.hpp: what the adapter remembers of one device: its pace, what it refused, and the plans made so
// far. Not here: the wire and the host (modbus.hpp). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.h"
#include "adapters/modbus/plan.hpp"
#include "adapters/modbus/plan_learned.hpp"
#include "adapters/modbus/plan_memory.hpp"
#include "adapters/modbus/points.hpp"

namespace modbus {

class device_memory {
public:
    /// `definition` outlives this. Requires: every point asked about is one of device `index`.
    device_memory(const bus_definition& definition, std::size_t index);

    /// The request that has candidates[0] in it, of the cheapest plan for all candidates of its table that are due; made longer
    /// for those that aren't yet due where that is cheaper than asking for them later.
    block block_for(std::span<const tidegate_candidate> candidates);
    /// The cheapest plan for these points of one table.
    std::vector<block> plan(table from, std::span<const std::uint32_t> points) const;
    const request_cost& cost() const { return cost_; }
    /// The points have other places now.
    void forget_plans() { plans_.clear(); }

    /// How long to wait for a device thought to be dead; 0: as long as configured. Counts as a probe. `neighbours`: what others
    /// on its line take to answer, for one that was never heard.
    nanoseconds probe_timeout(table from, std::uint16_t count, std::optional<nanoseconds> neighbours);
    std::optional<nanoseconds> turnaround() const { return turnaround_; }
    void polled_in_full() { probes_in_a_row_ = 0; }
    void heard(nanoseconds turnaround);

    void answered(table from, const block& what);
    /// The device refused `what` (exception 1, 2 or 3), asked for these points of it. True: it will be asked in smaller parts.
    bool refused(table from, const block& what, std::span<const std::uint32_t> points, std::uint8_t code, nanoseconds now);
    /// It may be another one now: what it refused is asked for again at once.
    void ask_again();
    /// The exception for which the point isn't to be asked now; null: it may be.
    const refusal* let_alone(std::uint32_t point, nanoseconds now) const;

    /// What to keep over a restart, if that has changed since this was last asked.
    std::optional<std::string> news_to_keep();
    void recall(std::string_view text, nanoseconds now);

private:
    struct cached_plan {
        table from = table::holding;
        std::vector<std::uint32_t> points;
        std::vector<block> blocks;
    };
    /// What no request for this table may do, by the config and by what was learned.
    struct table_rules {
        std::vector<std::uint32_t> cuts;
        std::vector<item> alone;
        request_limits limits;
        obstacles around() const { return {cuts, alone}; }
    };
    std::vector<item> items_of(std::span<const std::uint32_t> points) const;
    block with_early(block from, const point& first, std::span<const tidegate_candidate> candidates);
    void make_rules();
    void changed();
    const std::vector<block>& cached(table from, std::span<const std::uint32_t> points);
    learned_obstacles& learned(table from) { return learned_[static_cast<std::size_t>(from) - 1]; }
    const learned_obstacles& learned(table from) const { return learned_[static_cast<std::size_t>(from) - 1]; }
    const table_rules& rules(table from) const { return rules_[static_cast<std::size_t>(from) - 1]; }

    const bus_definition& definition_;
    const device& device_;
    const std::size_t index_;
    request_cost cost_;                      // as the plans were made with
    std::optional<nanoseconds> turnaround_;  // moving average
    unsigned probes_in_a_row_ = 0;
    device_learned learned_;
    std::array<table_rules, 4> rules_;
    bool to_be_kept_ = false;  // what was learned has changed since news_to_keep()
    std::string kept_;
    std::vector<cached_plan> plans_;  // a cycle of n requests asks for n sets of points, the same ones each time
    std::size_t next_to_replace_ = 0;
    std::vector<std::uint32_t> due_, early_;  // kept for their memory
};

}  // namespace modbus
