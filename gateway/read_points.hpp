// gateway/read_points.hpp: opens a bus of an adapter for the points that are read, so that the adapter never hears of computed
// ones. Not here: how those get their values (computed.hpp).
#pragma once

#include <memory>
#include <vector>

#include "gateway/adapter_bus.hpp"

namespace gateway {

/// As adapter.open(), but `config` may have computed points; what is returned translates between its numbers of points and those
/// that the adapter has.
std::unique_ptr<adapter_bus> open_for_read_points(const installed_adapter& adapter, const config::bus& config,
                                                  std::vector<config::diagnostic>& faults);

}  // namespace gateway
