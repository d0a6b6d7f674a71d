// gateway/bus/bus_plan.cpp: see bus_plan.hpp.
#include "gateway/bus/bus_plan.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "gateway/bus/poll_groups.hpp"
#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

constexpr double heavy_load = 0.9;           // beyond it a bus has no room for a retry or a write
constexpr std::size_t most_costly_told = 3;  // groups

double milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }
double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::string period_text(std::chrono::nanoseconds period) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(period).count();
    if (ms == 0) return "as fast as possible";
    if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
    if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "min";
    if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
    return std::to_string(ms) + "ms";
}

const char* plural(std::size_t count) { return count == 1 ? "" : "s"; }

[[gnu::format(printf, 2, 3)]] void append(std::string& to, const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    to.append(text, static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(sizeof text) - 1)));
}

std::string name_of(const planned_group& group) {
    const auto& made_of = group.device->template_name;
    std::string text = group.device->name + (made_of.empty() ? "" : " (" + made_of + ')') + ", " +
                       (group.period.count() > 0 ? "every " : "") + period_text(group.period);
    if (group.priority == config::priority::high) text += ", high priority";
    if (group.priority == config::priority::low) text += ", low priority";
    return text;
}

void append_request(std::string& to, const adapter_bus::planned_request& request, std::chrono::nanoseconds period) {
    append(to, "    %-52s ", request.what.substr(0, 200).c_str());
    if (request.registers > 0)
        append(to, "%4zu reg", request.registers);
    else
        append(to, "%8s", "");
    append(to, "  %3zu point%s", request.points.size(), request.points.size() == 1 ? " " : "s");
    if (request.bus_time.count() > 0) append(to, "  %8.1f ms", milliseconds(request.bus_time));
    if (request.bus_time.count() > 0 && period.count() > 0)
        append(to, "  %5.1f %%", 100 * seconds(request.bus_time) / seconds(period));
    to += '\n';
}

/// Who needs most of the bus, and what can be done.
void append_remedies(std::string& to, const planned_bus& plan) {
    std::vector<const planned_group*> costly;
    for (const auto& group : plan.groups)
        if (group.load > 0) costly.push_back(&group);
    // The groups lie in the order of the config, which decides between equals.
    std::sort(costly.begin(), costly.end(),
              [](const auto* a, const auto* b) { return a->load != b->load ? a->load > b->load : a < b; });
    costly.resize(std::min(costly.size(), most_costly_told));
    to += "    Most of it goes to:\n";
    for (const auto* group : costly)
        append(to, "      %s: %.1f %%, %zu request%s\n", name_of(*group).c_str(), 100 * group->load, group->requests.size(),
               plural(group->requests.size()));
    append(to,
           "    What helps: intervals %.2g times as long, fewer points of those, a higher baud rate, or 'priority: low' for what "
           "may wait.\n",
           std::max(plan.load / heavy_load, 1.05));
}

void append_verdict(std::string& to, const planned_bus& plan) {
    const char* name = plan.bus->name.c_str();
    if (!plan.timed) {
        append(to, "  %.4g requests/s; the time that they take is not the wire's and is not known before\n",
               plan.requests_per_second);
        return;
    }
    append(to, "  %.4g requests/s, load %.1f %%%s; all points once: %.0f ms in %zu request%s\n", plan.requests_per_second,
           plan.load * 100, plan.fills ? ", the rest for what has no interval" : "", milliseconds(plan.sweep),
           plan.sweep_requests, plural(plan.sweep_requests));
    if (plan.load > 1)
        append(to, "  warning: bus %s would need %.2f s per second: intervals won't be met.\n", name, plan.load);
    else if (plan.load > heavy_load)
        append(to, "  warning: bus %s is over %.0f %% busy: there is no room for retries.\n", name, heavy_load * 100);
    if (plan.load > heavy_load) append_remedies(to, plan);
}

void append_json_request(std::string& out, const planned_group& group, const adapter_bus::planned_request& request) {
    out += R"({"device":)" + json_text(group.device->name) + R"(,"what":)" + json_text(request.what) + R"(,"registers":)" +
           std::to_string(request.registers) + R"(,"points":)" + std::to_string(request.points.size()) + R"(,"period_ms":)" +
           std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(group.period).count()) + R"(,"bus_time_ms":)";
    append_json(out, request.bus_time.count() > 0 ? value{milliseconds(request.bus_time)} : value{no_value{}});
    out += '}';
}

}  // namespace

planned_bus plan_of(const config::bus& config, adapter_bus& bus) {
    planned_bus plan;
    plan.bus = &config;
    std::vector<std::vector<point_index>> of_device(config.devices.size());
    for (const poll_group& group : poll_groups(config)) {
        planned_group g{&config.devices[group.device], group.period, group.priority, bus.plan(group.points)};
        const double period = seconds(group.period);
        plan.fills = plan.fills || period == 0;
        for (const auto& request : g.requests) {
            plan.timed = plan.timed || request.bus_time.count() > 0;
            if (period <= 0) continue;
            plan.requests_per_second += 1 / period;
            g.load += seconds(request.bus_time) / period;
        }
        plan.load += g.load;
        plan.points += group.points.size();
        auto& all = of_device[group.device];
        all.insert(all.end(), group.points.begin(), group.points.end());
        plan.groups.push_back(std::move(g));
    }
    for (auto& points : of_device) {
        if (points.empty()) continue;
        std::sort(points.begin(), points.end());
        for (const auto& request : bus.plan(points)) {
            plan.sweep += request.bus_time;
            ++plan.sweep_requests;
        }
    }
    return plan;
}

std::string in_words(const planned_bus& plan) {
    std::string text = "bus " + plan.bus->name + " (" + plan.bus->adapter + "): " + std::to_string(plan.bus->devices.size()) +
                       " device" + plural(plan.bus->devices.size()) + ", " + std::to_string(plan.points) + " point" +
                       plural(plan.points) + "\n";
    for (const auto& group : plan.groups) {
        text += "  " + name_of(group) + ":\n";
        for (const auto& request : group.requests) append_request(text, request, group.period);
    }
    append_verdict(text, plan);
    return text;
}

std::string in_json(const planned_bus& plan) {
    std::string out = R"({"name":)" + json_text(plan.bus->name) + R"(,"requests_per_second":)";
    append_json(out, value{plan.requests_per_second});
    out += R"(,"load":)";
    append_json(out, plan.timed ? value{plan.load} : value{no_value{}});
    out += R"(,"sweep_ms":)";
    append_json(out, plan.timed ? value{milliseconds(plan.sweep)} : value{no_value{}});
    out += R"(,"devices":[)";
    for (const auto& device : plan.bus->devices) {
        if (&device != &plan.bus->devices.front()) out += ',';
        out += R"({"name":)" + json_text(device.name);
        if (!device.template_name.empty()) out += R"(,"template":)" + json_text(device.template_name);
        out += '}';
    }
    out += R"(],"requests":[)";
    bool first = true;
    for (const auto& group : plan.groups) {
        for (const auto& request : group.requests) {
            if (!std::exchange(first, false)) out += ',';
            append_json_request(out, group, request);
        }
    }
    return out += "]}";
}

}  // namespace gateway
