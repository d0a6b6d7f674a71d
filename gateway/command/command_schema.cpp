// gateway/command/command_schema.cpp: `tidegate schema`: what may stand in the config file, for editors, or as a page for people.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "config/json_schema.hpp"
#include "config/key_reference.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/command/schema_options.hpp"

namespace gateway {
namespace {

/// Those that come with Tidegate first, in the order in which people meet them.
std::size_t rank(const std::string& adapter) {
    static constexpr std::array<std::string_view, 4> known = {"modbus", "serial", "process", "simulated"};
    return static_cast<std::size_t>(std::find(known.begin(), known.end(), adapter) - known.begin());
}

}  // namespace

int schema_command(const schema_options& how) {
    const adapter_host adapters;
    auto vocabularies = adapters.vocabularies();
    std::sort(vocabularies.begin(), vocabularies.end(), [](const config::vocabulary& a, const config::vocabulary& b) {
        return std::pair(rank(a.adapter), a.adapter) < std::pair(rank(b.adapter), b.adapter);
    });
    if (vocabularies.empty()) {
        std::fprintf(stderr, "error: no adapter is installed, so a bus would have no keys\n");
        for (const auto& each : adapters.problems()) std::fprintf(stderr, "%s\n", each.c_str());
        return 1;
    }
    const auto what = how.of_template ? config::schema_of::template_file : config::schema_of::config_file;
    const auto text = how.markdown ? config::key_reference(vocabularies) : config::json_schema(what, vocabularies);
    const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    if (!written) std::perror("error: can't write the schema");
    return written ? 0 : 1;
}

}  // namespace gateway
