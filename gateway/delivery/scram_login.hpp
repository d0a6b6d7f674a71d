// gateway/delivery/scram_login.hpp: logs in by SCRAM-SHA-256 instead of by showing the password.
// Not here: the exchange (mqtt/scram.hpp).
#pragma once

#include "mqtt/types.hpp"

namespace gateway {

/// Name and password leave the options: they are for the exchange alone. Requires: both are there.
void use_scram(mqtt::options& how);

}  // namespace gateway
