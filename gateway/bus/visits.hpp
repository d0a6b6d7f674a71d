// gateway/bus/visits.hpp: commissioning tools as visitors on the buses of the running service, over its control socket: who may,
// on which bus, with which config, and what they did (audit, log). Loop thread. Not here: the asking (bus_visit.hpp), and the
// tool's end (visiting_bus.hpp).
//
// {"do":"visit","bus":"…"}: the text of a config with one bus, whose port or host is one of the service's. Answers
// {"visit":3,"service":"plant","bus":"line"} and stays under way: the visit is over when the client goes away, or says
// {"do":"visit_end","visit":3}. Not held here:
// {"holds":false} and the end. {"do":"visit_poll","visit":3,"points":"0 1 2"} and {"do":"visit_write","visit":3,"point":0,
// "value":"…"} over another connection answer {"result":"…"}; values and results are as in adapter_wire.hpp, in base64: the two
// ends are the same program.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/bus/bus_visit.hpp"
#include "gateway/bus/held_buses.hpp"
#include "gateway/log.hpp"
#include "gateway/service/control_server.hpp"

namespace gateway {

class visits {
public:
    struct paths {
        std::function<void(std::size_t bus, std::unique_ptr<adapter_bus>)> welcome;
        std::function<void(std::size_t bus, visit_order)> order;
        std::function<void(std::size_t bus)> see_off;
        std::function<void(std::string entry)> audit;
        std::function<store::stamp()> now;
    };
    /// `config` and `to` outlive this. `held`: of that config. `adapters`: where visitors' buses are made.
    visits(const config::file& config, std::vector<held_bus> held, std::shared_ptr<const adapter_host> adapters, const log& to,
           paths how);

    void serve_on(control_server& socket);
    void on_visited(const visit_event& what);
    /// The buses stop: nobody is answered any more.
    void stop();
    /// Buses come and go: whoever visits one is seen off. Next: follow(), when the config is the new one.
    void see_all_off(const std::string& why);
    void follow(std::vector<held_bus> held, std::shared_ptr<const adapter_host> adapters);

private:
    using exchange = std::shared_ptr<control_server::exchange>;
    struct write {
        std::size_t point = 0;
        value wanted;
    };
    struct visitor {
        std::uint64_t number = 0;
        unsigned user = 0;
        config::bus asked;                // names and settings, for the audit
        std::vector<bool> same_unit;      // by device
        std::vector<std::size_t> device;  // by point
        exchange waits;                   // for the answer to what is under way
        write writes;                     // if that is a write
    };
    void come(const flat_object& request, const exchange& with);
    void poll(const flat_object& request, const exchange& with);
    void write_to(const flat_object& request, const exchange& with);
    visitor* visitor_of(const flat_object& request, const exchange& with, std::size_t& bus);
    void leave(std::size_t bus, std::uint64_t number);
    void keep(const visitor& of, std::size_t bus, const adapter_bus::write_result& came, std::chrono::nanoseconds took,
              bool refused) const;

    const config::file& config_;
    std::vector<held_bus> held_;
    std::shared_ptr<const adapter_host> adapters_;
    const log& log_;
    const paths paths_;
    std::map<std::size_t, visitor> visitors_;  // by bus: one each
    std::uint64_t last_ = 0;
    bool stopped_ = false;
};

}  // namespace gateway
