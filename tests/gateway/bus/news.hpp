// tests/gateway/bus/news.hpp: a log that is kept, and the retained topics that were set, to be looked at.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/log.hpp"

namespace gateway_test {

struct told {
    std::vector<std::string> lines;
    std::map<std::string, std::string> topics;
    gateway::log log{gateway::level::debug, [this](const std::string& line) { lines.push_back(line); }};

    told() = default;
    told(const told&) = delete;
    told& operator=(const told&) = delete;
    auto set_status() {
        return [this](const std::string& topic, std::string text) { topics[topic] = std::move(text); };
    }
    /// What was logged since the last call.
    std::vector<std::string> take() { return std::exchange(lines, {}); }
};

using texts = std::vector<std::string>;

}  // namespace gateway_test
