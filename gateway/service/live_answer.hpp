// gateway/service/live_answer.hpp: the answer to {"do":"live"} on the control socket: what the gateway looks like now, without a
// request on any bus. Loop thread. Not here: the picture itself (live.hpp); who asks (watch_source.hpp).
//
// {"do":"live"} or {"do":"live","device":"boiler"}. A line for each device, {"device":"boiler","bus":"meters","state":"online",
// "error":"","request_ms":31,"errors":0}, each followed by its points, {"point":"supply","unit":"°C","readings":12,"age_ms":310,
// "value":21.4}; before its first reading a point has no value.
#pragma once

#include <memory>

#include "gateway/service/control_server.hpp"
#include "gateway/service/live.hpp"

namespace gateway {

void answer_live(const live& of, const flat_object& request, control_server::exchange& with, time_point now);

}  // namespace gateway
