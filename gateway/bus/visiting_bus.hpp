// gateway/bus/visiting_bus.hpp: a bus that a running service holds, asked through its control socket: an adapter_bus whose calls
// are made by the service. Not here: the service's end (visits.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "gateway/bus/adapter_bus.hpp"
#include "gateway/service/control_client.hpp"

namespace gateway {

/// A service that holds this bus, or why we can't know. Both empty: none does.
struct found_service {
    std::unique_ptr<adapter_bus> bus;
    std::string service;  // its gateway's id
    std::string refused;  // it holds the bus, and said no: that is the end
    std::string doubt;    // a service that may hold it can't be asked
};

/// Asks the service of this config, or, without one (null), every one on this board that it finds. `config_text`: of the bus, as
/// commission_bus makes it; `points`: how many it has.
found_service find_service(const config::file* config, std::string_view config_text, std::size_t points);

}  // namespace gateway
