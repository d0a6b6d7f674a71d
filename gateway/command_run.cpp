// gateway/command_run.cpp: `tidegate run`: the service in the foreground.
#include <cstdio>
#include <exception>

#include "gateway/app.hpp"
#include "gateway/commands.hpp"
#include "gateway/site.hpp"

namespace gateway {

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
    auto held = held_buses(*site->config);
    forget_source(*site);
    try {
        return run_service(*site->config, std::move(site->buses), std::move(held), site->adapters, logger);
    } catch (const std::exception& failed) {  // start-up only: nothing after it throws on purpose
        logger.error("start_failed", {{"reason", failed.what()}});
        return 1;
    }
}

}  // namespace gateway
