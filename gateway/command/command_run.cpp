// gateway/command/command_run.cpp: `tidegate run`: the service in the foreground.
#include <cstdio>
#include <exception>

#include "gateway/app.hpp"
#include "gateway/command/commands.hpp"
#include "gateway/site.hpp"

namespace gateway {

int run_command(const command_options& how) {
    // A reload that is asked for while the service starts is done when it has started: by itself the signal would end it.
    hold_reload_signal(true);
    const log logger(how.verbose ? level::debug : level::info, how.verbose ? log::repeats::all : log::repeats::limited);
    std::string why;
    const std::shared_ptr<site> found = load_site(how.config_path, why);
    if (!found) {
        logger.error("config_unreadable", {{"reason", why}});
        return 1;
    }
    print_diagnostics(*found);
    if (!found->config) return 1;
    forget_source(*found);
    try {
        return run_service(found, logger);
    } catch (const std::exception& failed) {  // start-up only: nothing after it throws on purpose
        logger.error("start_failed", {{"reason", failed.what()}});
        return 1;
    }
}

}  // namespace gateway
