// gateway/delivery/alarms.hpp: what is wrong with this gateway now: each alarm's retained topic, and what it says. Pure.
// Not here: what raises them (queue_news.hpp), and when they are sent (delivery.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "store/queue.hpp"

namespace gateway {

enum class alarm : std::uint8_t {
    queue_filling,  // more than four fifths of buffer.max_bytes are used
    disk_full,      // the file system has no room
    disk_failing,   // the disk takes nothing: it is read-only, or fails
    queue_damaged,  // the queue file was damaged; what could be saved is in a new one
};
std::string_view name_of(alarm which);

/// What the alarms of the disk say: what happened, what becomes of readings, what to do.
std::string reason_of_full(const config::buffer& of);
std::string reason_of_failure(const store::error& why, const config::buffer& of);

/// A retained message.
struct alarm_message {
    std::string topic;    // tidegate/<gateway>/alarm/<name>
    std::string payload;  // {"state":"on","since":"…","count":1,"reason":"…"}
    bool operator==(const alarm_message&) const = default;
};

class alarms {
public:
    explicit alarms(const config::file& config) : gateway_id_(config.gateway_id) {}

    /// Nothing: it is on already with this reason. `count` is of its risings in this process.
    std::optional<alarm_message> raise(alarm which, const std::string& reason, const store::stamp& now);
    /// Nothing: it is off.
    std::optional<alarm_message> clear(alarm which, const store::stamp& now);
    /// This boot's clock is known: dates those that were told by a wrong one, and those to come.
    std::vector<alarm_message> set_boot_offset(std::int64_t offset_ms);
    bool is_on(alarm which) const;
    /// How often it has risen since the process began.
    std::uint64_t count(alarm which) const;

private:
    struct state {
        bool on = false;
        std::string reason;
        std::uint64_t count = 0;
        store::stamp since;
    };
    alarm_message message_of(alarm which, const state& of) const;

    std::string gateway_id_;
    std::optional<std::int64_t> boot_offset_ms_;
    std::map<alarm, state> states_;
};

}  // namespace gateway
