// adapters/modbus/modbus.hpp: one Modbus bus as the host sees it: candidates in, one request on the wire, readings out.
// Not here: the wire (link.hpp), the simulated devices' wire (server.hpp), the exported symbol (modbus_entry.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/modbus/link.hpp"
#include "adapters/modbus/modbus_device.hpp"
#include "adapters/modbus/points.hpp"
#include "adapters/modbus/rehearsal.hpp"
#include "adapters/modbus/server.hpp"

namespace modbus {

class bus final : public tidegate::bus {
public:
    using server_maker = std::function<std::unique_ptr<server>(const wire_settings&)>;

    /// Requires: the definition has no fault.
    bus(bus_definition definition, std::unique_ptr<link> wire, server_maker make_server);

    void plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) override;
    tidegate::outcome poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                           const tidegate::readings& to) override;
    void interrupt() noexcept override;
    bool serve(const tidegate::simulation& to) override;
    tidegate::rehearsed rehearse(std::string_view line, const tidegate::simulation& to) override;

private:
    rehearsed_devices& simulated();
    struct request;
    request choose(std::span<const tidegate_candidate> candidates, std::uint32_t flags);
    tidegate::outcome report_values(const request& asked, const answer& got, const tidegate::readings& to);
    tidegate::outcome report_exception(const request& asked, const answer& got, const tidegate::readings& to);
    bool learn_from(const request& asked, const answer& got, std::span<const std::uint32_t> covered);
    bool is_covered(const request& asked, std::uint32_t point) const;
    void plan_table(table from, std::span<const std::uint32_t> points, const tidegate::plan_listener& to) const;

    const bus_definition definition_;
    mutable std::mutex remembering_;  // plan() may be asked while a poll is under way; never held while the link waits
    std::vector<device_memory> devices_;
    const std::unique_ptr<link> link_;
    const server_maker make_server_;

    std::mutex serving_;  // guards the rest: interrupt() comes from any thread
    server* server_ = nullptr;
    bool interrupted_ = false;
    std::unique_ptr<rehearsed_devices> rehearsed_;  // once there is something to rehearse
};

/// "illegal data address" for 2; empty: not a code of the specification.
std::string_view exception_meaning(std::uint8_t code);

}  // namespace modbus
