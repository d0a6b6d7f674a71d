// gateway/status.cpp: see status.hpp.
// Not here: the readings' topics (topic.hpp).
#include "gateway/status.hpp"

#include "gateway/payload.hpp"
#include "gateway/timestamps.hpp"

namespace gateway {

std::string gateway_status_topic(const config::file& config) { return "tidegate/" + config.gateway_id + "/status"; }

std::string device_status_topic(const config::file& config, const std::string& device) {
    return "tidegate/" + config.gateway_id + "/device/" + device + "/status";
}

std::string device_status(const device_event& what) {
    std::string text = R"({"state":")";
    text += what.state == device_state::online ? "online" : "offline";
    text += "\",";
    append_timestamp(text, "since", what.since);
    text += R"(,"error":)";
    append_json(text, what.error.empty() ? value{no_value{}} : value{what.error});
    return text += '}';
}

}  // namespace gateway
