// gateway/command/command_status.cpp: `tidegate status`: asks the running service how it is.
#include <cstdio>

#include "gateway/command/status_options.hpp"
#include "gateway/flat_json.hpp"
#include "gateway/limits.hpp"
#include "gateway/service/control_client.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

int fail(const std::string& why) {
    std::fprintf(stderr, "error: %s\n", why.c_str());
    return 1;
}

}  // namespace

int status_command(const status_options& how) {
    std::string why;
    const auto site = load_site(how.config_path, why);
    if (!site) return fail(why);
    if (!site->config) {
        print_diagnostics(*site);
        return 1;
    }
    const auto service = control_client::connect(*site->config, why);
    if (!service && why.empty())
        return fail("no service runs with this config file; 'tidegate run -c " + how.config_path +
                    "' starts it, 'tidegate queue stats -c " + how.config_path + "' shows what waits");
    if (!service) return fail(why);
    service->set_patience(limits::control_answer);
    const auto print = [&](const std::string& line) {
        if (how.json) return std::puts(line.c_str()) >= 0;
        const auto said = read_flat_object(line, 4);
        const value* text = said ? said->find("line") : nullptr;
        const auto* words = text ? std::get_if<std::string>(text) : nullptr;
        return !words || std::puts(words->c_str()) >= 0;
    };
    const char* request = how.json ? R"({"do":"status"})" : R"({"do":"status","words":true})";
    return service->ask(request, print, why) ? 0 : fail(why);
}

}  // namespace gateway
