// config/topic.hpp: topic templates, and the names that go into them.
// Not here: which points share a topic (check.cpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace config {

constexpr std::size_t longest_name = 64;       // characters
constexpr std::size_t longest_topic = 65'535;  // bytes, as MQTT has it

/// What keeps `name` out of a topic: a phrase with what would be right; nothing if it is good.
std::optional<std::string> name_problem(std::string_view name);

struct topic_problem {
    std::size_t from = 0;  // in bytes of the template
    std::size_t size = 0;
    std::string message;
};

/// What is wrong with a template whatever the names are, apart from its length.
std::optional<topic_problem> check_template(std::string_view topic);

/// Whether each point has a message of its own: the template contains {point}.
bool has_point(std::string_view topic);

struct topic_names {
    std::string_view gateway;
    std::string_view bus;
    std::string_view device;
    std::string_view point;
};

/// Requires: check_template() found nothing.
std::string expand(std::string_view topic, const topic_names& names);

}  // namespace config
