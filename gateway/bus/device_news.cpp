// gateway/bus/device_news.cpp: see device_news.hpp.
#include "gateway/bus/device_news.hpp"

#include "gateway/delivery/payload.hpp"
#include "gateway/delivery/timestamps.hpp"
#include "store/age.hpp"

namespace gateway {
namespace {

/// {"state":"online","since":"…","error":null,"overdue":false}, and ,"implausible":3 if readings were dropped as such.
std::string status_of(const device_event& what) {
    std::string text = R"({"state":")";
    text += what.state == device_state::online ? "online" : "offline";
    text += "\",";
    append_timestamp(text, "since", what.since);
    text += R"(,"error":)";
    append_json(text, what.error.empty() ? value{no_value{}} : value{what.error});
    text += what.overdue ? R"(,"overdue":true)" : R"(,"overdue":false)";
    if (what.implausible > 0) text += R"(,"implausible":)" + std::to_string(what.implausible);
    return text += '}';
}

}  // namespace

void device_news::tell(const device_event& what) {
    const auto& bus = config_.buses[what.bus];
    const auto& device = bus.devices[what.device];
    if (what.state == device_state::online && what.error.empty()) {
        log_.info("device_online", {{"bus", bus.name}, {"device", device.name}});
    } else if (what.state == device_state::online) {
        log_.warning("device_error", {{"bus", bus.name}, {"device", device.name}, {"error", what.error}});
    } else {
        log_.warning("device_offline", {{"bus", bus.name}, {"device", device.name}, {"error", what.error}});
    }
    tell_status(what);
}

void device_news::tell(const missed_event& what) {
    log_.warning("interval_not_met", {{"bus", config_.buses[what.bus].name},
                                      {"missed_cycles", what.cycles},
                                      {"remedy", "tidegate check shows the load of each bus"}});
}

void device_news::set_boot_offset(std::int64_t offset_ms) {
    boot_offset_ms_ = offset_ms;
    for (const auto& [which, told] : std::exchange(undated_, {})) tell_status(told);
}

void device_news::follow(const renumbering& to) {
    for (auto& [which, told] : std::exchange(undated_, {})) {
        if (!to[which.first]) continue;
        told.bus = *to[which.first];
        undated_[{told.bus, told.device}] = told;
    }
}

void device_news::tell_status(const device_event& what) {
    device_event dated = what;
    dated.since = store::corrected(what.since, boot_offset_ms_);
    if (!dated.since.synchronised) undated_[{what.bus, what.device}] = what;
    const std::string& name = config_.buses[what.bus].devices[what.device].name;
    set_status_("tidegate/" + config_.gateway_id + "/device/" + name + "/status", status_of(dated));
}

}  // namespace gateway
