// gateway/http/state_text.hpp: what the gateway looks like now as JSON: /api/state, and the events of what has changed
// (docs/api.md). Pure. Not here: who asks (http_feed.hpp), and the figures (live.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/service/live.hpp"

namespace gateway {

/// When it is, by both clocks.
struct view_time {
    store::stamp clock;
    time_point steady{};
};

enum class with_points : std::uint8_t { yes, no };

std::string state_text(const live& of, std::string_view version, const view_time& now, with_points points);
/// Of state_text() without points, what is more than a counter or a time: it is the same as long as nothing happens.
std::string essence_text(const live& of);

enum class quality : std::uint8_t { none, good, stale, offline };
std::string_view name_of(quality what);
quality quality_of(const live::point& point, const live::device& device, std::chrono::nanoseconds period, time_point now);

/// What was told of each point, so that only what is new is told.
class told_points {
public:
    /// {"now":"…","points":[[bus,device,point,value,"ts","quality"],…]} of all of them, or of those that have changed since the
    /// last call; empty: none has.
    std::string all(const live& of, const view_time& now) const;
    std::string changes(const live& of, const view_time& now);
    /// From now on changes() is about what comes after this.
    void begin(const live& of, const view_time& now);
    void forget() { told_.clear(); }

private:
    struct told {
        std::uint64_t readings = 0;
        gateway::quality quality = quality::none;
        bool operator==(const told&) const = default;
    };
    std::vector<told> told_;  // in the order of the config; empty: nobody listens
};

/// "/dev/ttyUSB0", "10.0.0.5:502"; empty: the adapter's settings name neither port nor host.
std::string place_of(const config::bus& bus);

/// The broker that there is, or was last; without a path: its query may hold a token.
std::string url_of(const live& of);

/// An alarm as its retained topic tells it.
struct told_alarm {
    std::string name;
    bool on = false;
    std::string since;  // as it is told
    std::uint64_t count = 0;
    std::string reason;
};
std::vector<told_alarm> alarms_in(const live& of);

}  // namespace gateway
