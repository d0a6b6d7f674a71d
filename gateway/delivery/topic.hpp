// gateway/delivery/topic.hpp: puts names into a topic's placeholders: {gateway}, {bus}, {device}, {point}.
// Not here: whether the result is a topic that a broker takes (the config's checks).
#pragma once

#include <string>
#include <string_view>

namespace gateway {

struct topic_names {
    std::string_view gateway;
    std::string_view bus;
    std::string_view device;
    std::string_view point;
};

/// A placeholder that isn't known stays as it is; what a name puts in isn't looked at again.
std::string resolve_topic(std::string_view pattern, const topic_names& names);

/// Whether every point gets a topic of its own by this pattern.
bool names_point(std::string_view pattern);

}  // namespace gateway
