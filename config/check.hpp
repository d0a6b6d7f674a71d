// config/check.hpp: what is only wrong together: points that share a topic, keys that ask for what others rule out, buses that
// share a port.
// Not here: whatever can be said of one key by itself.
#pragma once

#include "config/findings.hpp"
#include "config/model.hpp"

namespace config {

/// Requires: every topic template passed check_template().
void check_topics(const file& file, findings& out);

/// Whether each point's message has a place for its idempotency key.
void check_idempotency_keys(const file& file, findings& out);
/// QoS 2 needs everything written.
void check_durability(const file& file, findings& out);
/// Buses that would meet at one serial port or one host.
void check_ways(const file& file, findings& out);

}  // namespace config
