// gateway/diagnosis/traces.cpp: see traces.hpp.
#include "gateway/diagnosis/traces.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "gateway/clock.hpp"

namespace gateway {
namespace {

const char* word_of(tidegate_frame_direction direction) {
    switch (direction) {
        case TIDEGATE_FRAME_SENT:
            return "sent";
        case TIDEGATE_FRAME_RECEIVED:
            return "received";
        case TIDEGATE_FRAME_DISCARDED:
            break;
    }
    return "discarded";
}

}  // namespace

std::string trace_line(const adapter_bus::frame& what, time_point now, std::int64_t now_us) {
    static constexpr char digits[] = "0123456789ABCDEF";
    const auto age = std::chrono::duration_cast<std::chrono::microseconds>(now - what.at).count();
    std::string line = R"({"at_us":)" + std::to_string(now_us - age) + R"(,"dir":")" + word_of(what.direction) + R"(","hex":")";
    for (const char each : what.bytes) {
        const auto byte = static_cast<unsigned char>(each);
        line += digits[byte >> 4];
        line += digits[byte & 15u];
    }
    return line + R"("})";
}

void traces::begin(const flat_object& request, const std::shared_ptr<control_server::exchange>& with) {
    const value* named = request.find("bus");
    const auto* name = named ? std::get_if<std::string>(named) : nullptr;
    if (!name) return with->fail("\"bus\" must name a bus");
    bus_thread* const bus = find_(*name);
    if (!bus) return with->fail("the service has no bus '" + *name + "'");
    if (!bus->trace(true)) return with->fail("the adapter of bus '" + *name + "' can't be traced");
    watchers_.push_back({*name, with, 0});
    with->on_gone([this, which = with.get()] { end(which); });
    std::ignore = with->reply(R"({"tracing":true})");  // who has gone is told by on_gone
}

void traces::end(const control_server::exchange* which) {
    const auto found = std::find_if(watchers_.begin(), watchers_.end(), [&](const auto& each) { return each.to.get() == which; });
    if (found == watchers_.end()) return;
    const std::string bus = found->bus;
    watchers_.erase(found);
    const bool more = std::any_of(watchers_.begin(), watchers_.end(), [&](const auto& each) { return each.bus == bus; });
    if (bus_thread* const was = more ? nullptr : find_(bus)) std::ignore = was->trace(false);  // to stop is always possible
}

void traces::on_reloaded() {
    for (auto it = watchers_.begin(); it != watchers_.end();) {
        bus_thread* const now = find_(it->bus);
        if (now && now->trace(true)) {
            ++it;
            continue;
        }
        const auto to = it->to;
        const std::string why = now ? "' has another adapter now, which can't be traced" : "' is gone from the config";
        to->fail("the bus '" + it->bus + why);
        it = watchers_.erase(it);
    }
}

/// One who reads slowly loses frames and hears how many; the service doesn't wait, and keeps no more than a connection may.
void traces::hand_on(watcher& to, const std::string& line) {
    if (to.lost > 0) {
        if (!to.to->reply(R"({"lost":)" + std::to_string(to.lost) + '}')) {
            ++to.lost;
            return;
        }
        to.lost = 0;
    }
    if (!to.to->reply(line)) ++to.lost;
}

void traces::on_frames(const std::string& bus, const trace_event& what) {
    const auto now = steady_now();
    const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(wall_now().time_since_epoch()).count();
    for (const auto& frame : what.frames) {
        const std::string line = trace_line(frame, now, now_us);
        for (watcher& each : watchers_)
            if (each.bus == bus) hand_on(each, line);
    }
    for (watcher& each : watchers_)
        if (each.bus == bus) each.lost += what.lost;
}

}  // namespace gateway
