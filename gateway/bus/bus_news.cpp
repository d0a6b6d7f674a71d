// gateway/bus/bus_news.cpp: see bus_news.hpp.
#include "gateway/bus/bus_news.hpp"

#include <cmath>
#include <utility>

#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

constexpr nanoseconds repeat_every = std::chrono::seconds(60);

/// Three places after the point: more is noise.
void append(std::string& to, const char* name, double number) {
    to += std::string(",\"") + name + "\":";
    append_json(to, value{std::round(number * 1000) / 1000});
}

void append(std::string& to, const char* name, std::uint64_t count) {
    to += std::string(",\"") + name + "\":" + std::to_string(count);
}

double milliseconds(nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

void append(std::string& to, const exchange_counts& of) {
    append(to, "requests", of.requests);
    append(to, "answers", of.answers);
    append(to, "exceptions", of.exceptions);
    append(to, "time_outs", of.timeouts);
    append(to, "damaged", of.damaged);
    append(to, "unreachable", of.unreachable);
}

/// {"state":"up","load":0.63,"busy":0.61,…,"devices":{"meter":{"turnaround_ms":12.1,…},…}}
std::string status_of(const bus_statistics& now, const config::bus& bus) {
    std::string text = now.down ? R"({"state":"down")" : R"({"state":"up")";
    append(text, "load", now.load);
    append(text, "busy", now.busy);
    append(text, "requests_per_second", now.requests_per_second);
    append(text, "sweep_ms", milliseconds(now.sweep));
    append(text, "missed_cycles", now.missed_cycles);
    append(text, now.exchanges);
    text += R"(,"devices":{)";
    for (std::size_t index = 0; index < now.devices.size(); ++index) {
        const device_statistics& device = now.devices[index];
        if (index > 0) text += ',';
        append_json(text, value{bus.devices[index].name});
        text += device.overdue ? R"(:{"overdue":true)" : R"(:{"overdue":false)";
        text += R"(,"turnaround_ms":)";
        append_json(text,
                    device.turnaround ? value{std::round(milliseconds(*device.turnaround) * 100) / 100} : value{no_value{}});
        append(text, "missed_cycles", device.missed_cycles);
        append(text, device.exchanges);
        text += '}';
    }
    return text += "}}";
}

}  // namespace

void bus_news::follow(const renumbering& to) {
    for (auto& [bus, before] : std::exchange(told_, {}))
        if (to[bus]) told_.emplace(*to[bus], std::move(before));
}

void bus_news::tell(const bus_statistics& now, time_point at) {
    std::vector<bool> overdue;
    for (const auto& device : now.devices) overdue.push_back(device.overdue);
    const auto [last, first] = told_.try_emplace(now.bus);
    told& before = last->second;
    if (!first && at - before.at < repeat_every && before.down == now.down && before.overdue == overdue) return;
    before = {at, now.down, std::move(overdue)};
    const config::bus& bus = config_.buses[now.bus];
    set_status_("tidegate/" + config_.gateway_id + "/bus/" + bus.name + "/status", status_of(now, bus));
}

}  // namespace gateway
