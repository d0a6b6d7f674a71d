// adapters/modbus/modbus.hpp: one Modbus bus as the host sees it: candidates in, one request on the wire, readings out.
// Not here: the wire (link.hpp), the simulated devices' wire (server.hpp), the exported symbol (modbus_entry.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/modbus/link.hpp"
#include "adapters/modbus/modbus_device.hpp"
#include "adapters/modbus/point_values.hpp"
#include "adapters/modbus/points.hpp"
#include "adapters/modbus/rehearsal.hpp"
#include "adapters/modbus/server.hpp"

namespace modbus {

struct planned_write;

class bus final : public tidegate::bus {
public:
    using server_maker = std::function<std::unique_ptr<server>(const wire_settings&)>;

    using clock = std::function<nanoseconds()>;

    /// Requires: the definition has no fault. `now`: for pauses, steady.
    bus(bus_definition definition, std::unique_ptr<link> wire, server_maker make_server, clock now = steady_clock());
    static clock steady_clock();

    void plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) override;
    tidegate::outcome poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                           const tidegate::readings& to) override;
    void recall(std::uint32_t device, std::string_view text) override;
    void release() override { link_->release(); }
    tidegate::write_outcome write(std::span<const tidegate_write_item> items, bool check_only,
                                  const tidegate::write_report& to) override;
    void interrupt() noexcept override;
    bool serve(const tidegate::simulation& to) override;
    tidegate::rehearsed rehearse(std::string_view line, const tidegate::simulation& to) override;

private:
    rehearsed_devices& simulated();
    struct request;
    std::span<const tidegate_candidate> without_unsupported(std::span<const tidegate_candidate> candidates,
                                                            const tidegate::readings& to);
    request choose(std::span<const tidegate_candidate> candidates, std::uint32_t flags);
    std::optional<nanoseconds> usual_turnaround_here() const;
    std::string refusal_text(const point& which, std::uint8_t code) const;
    read_request read_for(const request& asked) const;
    tidegate::outcome poll_untraced(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                                    const tidegate::readings& to);
    tidegate::outcome poll_tables(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                                  const tidegate::readings& to);
    tidegate::outcome poll_together(std::span<const tidegate_candidate> candidates, const tidegate::readings& to);
    tidegate::outcome poll_all_units(std::span<const tidegate_candidate> candidates, const tidegate::readings& to) const;
    tidegate::outcome report(const request& asked, const answer& got, const tidegate::readings& to);
    tidegate::outcome report_values(const request& asked, const answer& got, const tidegate::readings& to);
    tidegate::outcome report_exception(const request& asked, const answer& got, const tidegate::readings& to);
    bool learn_from(const request& asked, const answer& got, std::span<const std::uint32_t> covered);
    tidegate::outcome read_factors(const request& asked, std::span<const std::uint32_t> covered, const tidegate::readings& to);
    std::vector<std::uint32_t> covered_by(const request& asked) const;
    bool is_covered(const request& asked, std::uint32_t point) const;
    void plan_table(table from, std::span<const std::uint32_t> points, const tidegate::plan_listener& to) const;

    // Writing, in modbus_write.cpp.
    class write_step;
    bool reads_first(const planned_write& what, std::size_t owner) const;
    std::string why_not_to_all(const planned_write& what) const;
    std::optional<tidegate::write_outcome> send_around(const std::string& key, const device& which,
                                                       const std::vector<std::vector<std::uint8_t>>& requests,
                                                       const tidegate::write_report& to);
    tidegate::write_outcome write_untraced(std::span<const tidegate_write_item> items, bool check_only,
                                           const tidegate::write_report& to);
    tidegate::write_outcome write_values(const planned_write& what, std::size_t owner, const tidegate::write_report& to);

    // Points beside the four tables, in modbus_sources.cpp.
    tidegate::outcome poll_source(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                                  const tidegate::readings& to);
    answer walk_identification(transaction what, nanoseconds timeout, std::vector<identification_page::object>& objects);
    void report_source(std::uint32_t point, const answer& got, std::span<const identification_page::object> objects,
                       const tidegate::readings& to) const;
    void plan_sources(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) const;

    // SunSpec, in modbus_sunspec.cpp.
    struct sunspec_state {
        bool wanted = false;       // it has such points
        bool walked = false;       // since the device was last away
        bool complete = false;     // every point was found, and none refused since
        std::uint64_t losses = 0;  // of the link, before that
        std::vector<sunspec_place> places;
        std::string fault;        // why there are none
        nanoseconds again_at{0};  // if not all was found
    };
    std::optional<tidegate::outcome> find_models(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                                                 const tidegate::readings& to);
    std::optional<tidegate::outcome> walk_models(std::size_t device, bool probe, const tidegate::readings& to);
    bool may_be_another(std::size_t device) const;
    std::optional<tidegate::outcome> check_models(std::uint32_t asked, const answer& got, const tidegate::readings& to);
    void put_in_place(std::size_t device, const sunspec_walk& walk);
    void doubt_models(const point& refused);
    std::string why_unlocated(std::uint32_t point) const;

    bus_definition definition_;       // SunSpec points are put in place by the bus thread; else it stays as it is
    mutable std::mutex remembering_;  // plan() may be asked while a poll is under way; never held while the link waits
    std::vector<device_memory> devices_;
    std::vector<sunspec_state> sunspec_;  // by device
    std::vector<bool> lacks_mask_write_;  // by device: it has said so
    point_values values_;                 // the bus thread's alone
    const std::unique_ptr<link> link_;
    const server_maker make_server_;
    const clock now_;
    std::vector<tidegate_candidate> wanted_;  // kept for its memory

    std::mutex serving_;  // guards the rest: interrupt() comes from any thread
    server* server_ = nullptr;
    bool interrupted_ = false;
    bus_definition twin_;                           // what is simulated
    std::unique_ptr<rehearsed_devices> rehearsed_;  // once there is something to rehearse
};

/// "illegal data address" for 2; empty: not a code of the specification.
std::string_view exception_meaning(std::uint8_t code);
std::string exception_text(std::uint8_t code);  // "exception 2: illegal data address"
/// Whether it is the gateway that says this, of a device that is away.
constexpr bool says_gateway(std::uint8_t code) { return code == 10 || code == 11; }

}  // namespace modbus
