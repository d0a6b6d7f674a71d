// gateway/status.hpp: the retained status messages of the gateway and its devices: their topics, and what they say of a device.
// Not here: when they are sent (delivery.hpp).
#pragma once

#include <string>

#include "config/model.hpp"
#include "gateway/bus_thread.hpp"

namespace gateway {

/// Says "online" or "offline"; the latter also as the last will.
std::string gateway_status_topic(const config::file& config);
std::string device_status_topic(const config::file& config, const std::string& device);

/// {"state":"online","since":"…","error":null}
std::string device_status(const device_event& what);

}  // namespace gateway
