// gateway/command/command_check.cpp: `tidegate check`: all errors at once, then what each bus will be asked, how often, and what
// it costs.
#include <cstdio>

#include "gateway/bus/bus_plan.hpp"
#include "gateway/command/commands.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

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
    for (std::size_t b = 0; b < plans.size(); ++b) out += (b == 0 ? "" : ",") + in_json(plans[b]);
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
    for (const auto& plan : plans) std::fputs(in_words(plan).c_str(), stdout);
    std::printf("%s is valid.\n", how.config_path.c_str());
    return 0;
}

}  // namespace gateway
