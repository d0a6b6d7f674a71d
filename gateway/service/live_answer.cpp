// gateway/service/live_answer.cpp: see live_answer.hpp.
#include "gateway/service/live_answer.hpp"

#include "gateway/command/message_text.hpp"
#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

const char* name_of(device_state state) {
    if (state == device_state::online) return "online";
    return state == device_state::offline ? "offline" : "unknown";
}

std::int64_t milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

std::string device_line(const config::bus& bus, const config::device& declared, const live::device& now,
                        const device_statistics* counted) {
    std::string out = "{\"device\":";
    append_json_string(out, declared.name);
    append_field(out, "bus", bus.name);
    append_field(out, "state", name_of(now.state));
    append_field(out, "error", now.error);
    if (counted != nullptr && counted->turnaround)
        append_number(out, "request_ms", static_cast<std::uint64_t>(milliseconds(*counted->turnaround)));
    if (counted != nullptr)
        append_number(out, "errors", counted->exchanges.timeouts + counted->exchanges.damaged + counted->exchanges.unreachable);
    return out + '}';
}

std::string point_line(const config::point& declared, const live::point& now, time_point at) {
    std::string out = "{\"point\":";
    append_json_string(out, declared.name);
    append_field(out, "unit", declared.unit);
    append_number(out, "readings", now.readings);
    if (now.readings == 0) return out + '}';
    append_number(out, "age_ms", static_cast<std::uint64_t>(std::max<std::int64_t>(0, milliseconds(at - now.taken_steady))));
    out += ",\"value\":";
    append_json(out, now.value);
    return out + '}';
}

}  // namespace

void answer_live(const live& of, const flat_object& request, control_server::exchange& with, time_point now) {
    const auto* found = request.find("device");
    const auto* wanted = found == nullptr ? nullptr : std::get_if<std::string>(found);
    if (found != nullptr && wanted == nullptr) return with.fail("\"device\" is a device's name");
    bool any = false;
    for (std::size_t b = 0; b < of.buses().size(); ++b) {
        const auto& bus = of.config().buses[b];
        const auto& statistics = of.buses()[b].statistics;
        for (std::size_t d = 0; d < bus.devices.size(); ++d) {
            if (wanted != nullptr && bus.devices[d].name != *wanted) continue;
            any = true;
            const auto& device = of.buses()[b].devices[d];
            const bool counted = statistics && d < statistics->devices.size();
            if (!with.reply(device_line(bus, bus.devices[d], device, counted ? &statistics->devices[d] : nullptr))) return;
            for (std::size_t p = 0; p < device.points.size(); ++p)
                if (!with.reply(point_line(bus.devices[d].points[p], device.points[p], now))) return;
        }
    }
    if (!any && wanted != nullptr) return with.fail("there is no device '" + *wanted + "'");
    with.succeed();
}

}  // namespace gateway
