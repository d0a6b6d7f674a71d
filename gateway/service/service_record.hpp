// gateway/service/service_record.hpp: how often this gateway was started, and how its life before ended: so that a crash loop is
// seen from afar. Pure; it is a memory of the queue file, named "service", written twice a life. Not here: when (app.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/queue.hpp"

namespace gateway {

enum class last_stop : std::uint8_t {
    none,        // the first start, or nobody remembers
    orderly,     // it was asked to stop, and did
    crash,       // it ended in the midst of it: a crash, a kill, the watchdog
    power_loss,  // as did the board
};

struct service_record {
    std::uint64_t starts = 1;
    std::uint64_t crashes_in_a_row = 0;  // starts, up to this one, that no orderly stop went before, and no long run either
    gateway::last_stop before = last_stop::none;
    std::string boot;  // of this start
    bool operator==(const service_record&) const = default;
};

/// A run of this length isn't part of a crash loop.
constexpr auto long_run = std::chrono::minutes(10);

/// Of a start in `boot` (empty: the kernel doesn't say), after what is remembered.
service_record record_of_start(const std::vector<store::memory>& remembered, const std::string& boot);

/// What to remember: that it runs, has run for long, or was stopped in order.
store::memory memory_of_running(const service_record& of);
store::memory memory_of_long_run(const service_record& of);
store::memory memory_of_stop(const service_record& of);

/// {"version":"0.6.0","started":"…","starts":12,"crashes_in_a_row":0,"last_stop":"orderly"}
std::string status_of(const service_record& of, const store::stamp& started, std::string_view version);
std::string_view name_of(last_stop how);

}  // namespace gateway
