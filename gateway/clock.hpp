// gateway/clock.hpp: the one place that reads clocks. Everything else gets times as values.
#pragma once

#include <chrono>
#include <string>

#include "store/queue.hpp"

namespace gateway {

std::chrono::steady_clock::time_point steady_now();

/// Wall time, time since boot, and whether the kernel believes the wall time to be right.
store::stamp stamp_now();

/// Names this boot of the board; empty where the kernel doesn't say.
std::string boot_id();

}  // namespace gateway
