// gateway/bus/device_news.hpp: what is told of buses and their devices: lines in the log, and each device's retained status.
// Not here: when a device is offline (device_health.hpp), and when its status is sent (delivery.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "config/model.hpp"
#include "gateway/bus/bus_thread.hpp"
#include "gateway/log.hpp"
#include "gateway/service/config_changes.hpp"

namespace gateway {

class device_news {
public:
    /// Sets what a retained topic says, as delivery::set_status() does.
    using set_status = std::function<void(const std::string& topic, std::string text)>;

    device_news(const config::file& config, const log& to, set_status status)
        : config_(config), log_(to), set_status_(std::move(status)) {}

    void tell(const device_event& what);
    void tell(const missed_event& what);
    /// The config has taken the place of another.
    void follow(const renumbering& to);
    /// This boot's clock is known: dates those that were told by a wrong one.
    void set_boot_offset(std::int64_t offset_ms);

private:
    void tell_status(const device_event& what);

    const config::file& config_;
    const log& log_;
    const set_status set_status_;
    std::optional<std::int64_t> boot_offset_ms_;
    std::map<std::pair<std::size_t, std::size_t>, device_event> undated_;  // by bus and device
};

}  // namespace gateway
