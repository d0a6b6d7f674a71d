// gateway/command_run.cpp: `tidegate run`: the service in the foreground.
#include <cstdio>
#include <exception>

#include "gateway/app.hpp"
#include "gateway/commands.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

live::source source_of(const site& from) {
    live::source found;
    found.path = from.path;
    for (const auto& each : from.diagnostics) {
        if (each.severity != config::severity::warning) continue;
        const bool in_template = each.where.file > 0 && each.where.file <= from.templates.size();
        found.warnings.push_back({in_template ? from.templates[each.where.file - 1].path : std::string(), each.where.line,
                                  each.where.column, each.message});
    }
    return found;
}

}  // namespace

int run_command(const command_options& how) {
    const log logger(how.verbose ? level::debug : level::info);
    std::string why;
    const auto site = load_site(how.config_path, why);
    if (!site) {
        logger.error("config_unreadable", {{"reason", why}});
        return 1;
    }
    print_diagnostics(*site);
    if (!site->config) return 1;
    live::source from = source_of(*site);
    forget_source(*site);
    try {
        return run_service(*site->config, std::move(site->buses), logger, std::move(from));
    } catch (const std::exception& failed) {  // start-up only: nothing after it throws on purpose
        logger.error("start_failed", {{"reason", failed.what()}});
        return 1;
    }
}

}  // namespace gateway
