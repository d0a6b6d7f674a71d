// gateway/command_check.cpp: `tidegate check`: all errors at once, then what each bus will be asked, how often, and what it
// costs.
#include <cinttypes>
#include <cstdio>
#include <map>

#include "gateway/commands.hpp"
#include "gateway/payload.hpp"
#include "gateway/poll_groups.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

constexpr double heavy_load = 0.9;  // beyond it a bus has no room for a retry or a write

struct planned_group {
    const config::device* device = nullptr;
    std::chrono::nanoseconds period{0};
    std::vector<adapter_bus::planned_request> requests;
};

struct planned_bus {
    const config::bus* bus = nullptr;
    std::vector<planned_group> groups;
    std::size_t points = 0;
    double load = 0;  // share of the bus time, of all groups with a period
    double requests_per_second = 0;
    std::chrono::nanoseconds sweep{0};  // everything once
    bool timed = false;                 // the adapter knows what a request costs
};

planned_bus plan_of(const config::bus& config, adapter_bus& bus) {
    planned_bus plan;
    plan.bus = &config;
    for (const poll_group& group : poll_groups(config)) {
        planned_group g{&config.devices[group.device], group.period, bus.plan(group.points)};
        const double period = std::chrono::duration<double>(group.period).count();
        for (const auto& request : g.requests) {
            plan.timed = plan.timed || request.bus_time.count() > 0;
            plan.sweep += request.bus_time;
            if (period <= 0) continue;
            plan.requests_per_second += 1 / period;
            plan.load += std::chrono::duration<double>(request.bus_time).count() / period;
        }
        plan.points += group.points.size();
        plan.groups.push_back(std::move(g));
    }
    return plan;
}

double milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

std::string period_text(std::chrono::nanoseconds period) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(period).count();
    if (ms == 0) return "as fast as possible";
    if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
    if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "min";
    if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
    return std::to_string(ms) + "ms";
}

void print_verdict(const planned_bus& plan) {
    const char* name = plan.bus->name.c_str();
    if (!plan.timed) {
        std::printf("  %.4g requests/s; the time that they take is not the wire's and is not known before\n",
                    plan.requests_per_second);
        return;
    }
    std::printf("  %.4g requests/s, load %.1f %%; all points once: %.0f ms\n", plan.requests_per_second, plan.load * 100,
                milliseconds(plan.sweep));
    if (plan.load > 1)
        std::printf("  warning: bus %s needs %.2f s per second: it will not fit. Poll less often, or use a higher baud rate.\n",
                    name, plan.load);
    else if (plan.load > heavy_load)
        std::printf("  warning: bus %s is over %.0f %% busy: there is no room for retries.\n", name, heavy_load * 100);
}

void print_plan(const planned_bus& plan) {
    std::printf("bus %s (%s): %zu device%s, %zu point%s\n", plan.bus->name.c_str(), plan.bus->adapter.c_str(),
                plan.bus->devices.size(), plan.bus->devices.size() == 1 ? "" : "s", plan.points, plan.points == 1 ? "" : "s");
    for (const auto& group : plan.groups) {
        const auto& device = *group.device;
        const auto made_of = device.template_name.empty() ? "" : " (" + device.template_name + ")";
        std::printf("  %s%s, every %s:\n", device.name.c_str(), made_of.c_str(), period_text(group.period).c_str());
        for (const auto& request : group.requests) {
            std::printf("    %-52s %4zu reg  %3zu point%s", request.what.c_str(), request.registers, request.points.size(),
                        request.points.size() == 1 ? " " : "s");
            if (request.bus_time.count() > 0) std::printf("  %8.1f ms", milliseconds(request.bus_time));
            if (request.bus_time.count() > 0 && group.period.count() > 0)
                std::printf("  %5.1f %%",
                            100.0 * static_cast<double>(request.bus_time.count()) / static_cast<double>(group.period.count()));
            std::printf("\n");
        }
    }
    print_verdict(plan);
}

std::string json_text(const std::string& text) {
    std::string quoted;
    append_json(quoted, value{text});
    return quoted;
}

void print_json(const site& of, const std::vector<planned_bus>& plans) {
    std::string out = of.config ? R"({"valid":true,"diagnostics":[)" : R"({"valid":false,"diagnostics":[)";
    for (std::size_t i = 0; i < of.diagnostics.size(); ++i) {
        const auto& d = of.diagnostics[i];
        out += i == 0 ? "{" : ",{";
        out += R"("severity":)" + json_text(d.severity == config::severity::error ? "error" : "warning") + R"(,"line":)" +
               std::to_string(d.where.line) + R"(,"column":)" + std::to_string(d.where.column) + R"(,"message":)" +
               json_text(d.message);
        if (d.where.file > 0)
            out += R"(,"file":)" + json_text(of.templates[d.where.file - 1].path) + R"(,"used_at":{"line":)" +
                   std::to_string(d.used_at.line) + R"(,"column":)" + std::to_string(d.used_at.column) + "}";
        out += '}';
    }
    out += R"(],"buses":[)";
    for (std::size_t b = 0; b < plans.size(); ++b) {
        out += b == 0 ? "{" : ",{";
        out += R"("name":)" + json_text(plans[b].bus->name) + R"(,"requests_per_second":)";
        append_json(out, value{plans[b].requests_per_second});
        out += R"(,"load":)";
        append_json(out, plans[b].timed ? value{plans[b].load} : value{no_value{}});
        out += R"(,"devices":[)";
        for (const auto& device : plans[b].bus->devices) {
            out += &device == &plans[b].bus->devices.front() ? "{" : ",{";
            out += R"("name":)" + json_text(device.name);
            if (!device.template_name.empty()) out += R"(,"template":)" + json_text(device.template_name);
            out += '}';
        }
        out += R"(],"requests":[)";
        bool first = true;
        for (const auto& group : plans[b].groups)
            for (const auto& request : group.requests) {
                out += first ? "{" : ",{";
                first = false;
                out += R"("device":)" + json_text(group.device->name) + R"(,"what":)" + json_text(request.what) +
                       R"(,"registers":)" + std::to_string(request.registers) + R"(,"points":)" +
                       std::to_string(request.points.size()) + R"(,"period_ms":)" +
                       std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(group.period).count()) +
                       R"(,"bus_time_ms":)";
                append_json(out, request.bus_time.count() > 0 ? value{milliseconds(request.bus_time)} : value{no_value{}});
                out += '}';
            }
        out += "]}";
    }
    std::printf("%s]}\n", out.c_str());
}

}  // namespace

int check_command(const command_options& how) {
    std::string why;
    const auto site = load_site(how.config_path, why);
    if (!site) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    std::vector<planned_bus> plans;
    for (std::size_t i = 0; i < site->buses.size(); ++i) plans.push_back(plan_of(site->config->buses[i], *site->buses[i]));
    if (how.json) {
        print_json(*site, plans);
        return site->config ? 0 : 1;
    }
    print_diagnostics(*site);
    if (!site->config) return 1;
    for (const auto& plan : plans) print_plan(plan);
    std::printf("%s is valid.\n", how.config_path.c_str());
    return 0;
}

}  // namespace gateway
