// gateway/app.hpp: the running service, from its parts to its end.
// Not here: reading the config and loading adapters (commands.cpp does, for every command alike).
#pragma once

#include <memory>
#include <vector>

#include "config/model.hpp"
#include "gateway/adapter_host.hpp"
#include "gateway/log.hpp"
#include "gateway/visits.hpp"

namespace gateway {

/// Polls and delivers until SIGTERM or SIGINT, then leaves in order: delivers what it can within a few seconds, loses
/// nothing. Returns the exit code. `buses` are those of the config, in its order. Throws std::runtime_error with a message
/// for the user if something needed at the start can't be had (the queue file, a secret).
/// `held`: held_buses() of the config with its settings. `adapters`: where visitors' buses are made.
int run_service(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> buses, std::vector<held_bus> held,
                const adapter_host& adapters, const log& logger);

}  // namespace gateway
