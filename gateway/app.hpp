// gateway/app.hpp: the running service, from its parts to its end.
// Not here: reading the config and loading adapters (commands.cpp does, for every command alike).
#pragma once

#include <memory>

#include "gateway/log.hpp"
#include "gateway/site.hpp"

namespace gateway {

/// Polls and delivers until SIGTERM or SIGINT, then leaves in order: delivers what it can within a few seconds, loses
/// nothing. Returns the exit code. `from` has a config, and its buses. Throws std::runtime_error with a message
/// for the user if something needed at the start can't be had (the queue file, a secret).
int run_service(std::shared_ptr<site> from, const log& logger);

/// SIGHUP waits until this is called with false. From the main thread, before there are others, or after.
void hold_reload_signal(bool hold);

}  // namespace gateway
