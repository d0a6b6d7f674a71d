// gateway/command/queue_path.cpp: see queue_path.hpp.
#include "gateway/command/queue_path.hpp"

#include <cstdio>

#include "gateway/site.hpp"

namespace gateway {

std::optional<std::string> queue_path(const command_options& how) {
    if (!how.queue_path.empty()) return how.queue_path;
    if (how.config_path.empty()) {
        std::fprintf(stderr, "error: which queue? Give the config file with -c, or the queue file with --path.\n");
        return std::nullopt;
    }
    std::string why;
    const auto site = load_site(how.config_path, why);
    if (!site) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return std::nullopt;
    }
    if (!site->config) {
        print_diagnostics(*site);
        std::fprintf(stderr, "With --path the queue file can be looked at without the config file.\n");
        return std::nullopt;
    }
    return site->config->buffer.path;
}

}  // namespace gateway
