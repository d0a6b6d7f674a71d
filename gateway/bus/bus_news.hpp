// gateway/bus/bus_news.hpp: each bus's retained status: how busy it is, what went wrong on it, who doesn't get its interval.
// Not here: the counting (bus_statistics.hpp), and when a status is sent (delivery.hpp).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/bus_statistics.hpp"
#include "gateway/service/config_changes.hpp"

namespace gateway {

class bus_news {
public:
    using set_status = std::function<void(const std::string& topic, std::string text)>;

    bus_news(const config::file& config, set_status status) : config_(config), set_status_(std::move(status)) {}

    /// Told at once if it is the first, or the bus went down or came back, or a device fell behind or caught up; else once a
    /// minute, since a status goes over the network.
    void tell(const bus_statistics& now, time_point at);

    /// The config has taken the place of another.
    void follow(const renumbering& to);

private:
    struct told {
        time_point at;
        bool down = false;
        std::vector<bool> overdue;
    };
    const config::file& config_;
    const set_status set_status_;
    std::map<std::size_t, told> told_;  // by bus
};

}  // namespace gateway
