// gateway/delivery/topic.cpp: one pass over the pattern.
// Not here: any state; topics are resolved once, when the pipeline is made.
#include "gateway/delivery/topic.hpp"

#include <array>
#include <utility>

namespace gateway {
namespace {

constexpr std::string_view point_placeholder = "{point}";

}  // namespace

std::string resolve_topic(std::string_view pattern, const topic_names& names) {
    const std::array<std::pair<std::string_view, std::string_view>, 4> replacements = {{
        {"{gateway}", names.gateway},
        {"{bus}", names.bus},
        {"{device}", names.device},
        {point_placeholder, names.point},
    }};
    std::string resolved;
    while (!pattern.empty()) {
        std::string_view taken = pattern.substr(0, 1);
        std::string_view text = taken;
        for (const auto& [placeholder, name] : replacements) {
            if (!pattern.starts_with(placeholder)) continue;
            taken = placeholder;
            text = name;
        }
        resolved += text;
        pattern.remove_prefix(taken.size());
    }
    return resolved;
}

bool names_point(std::string_view pattern) { return pattern.find(point_placeholder) != std::string_view::npos; }

}  // namespace gateway
