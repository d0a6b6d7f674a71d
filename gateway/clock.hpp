// gateway/clock.hpp: the one place that reads clocks. Everything else gets times as values.
// Not here: what makes a clock right (synchronisation.hpp).
#pragma once

#include <chrono>
#include <string>

#include "gateway/synchronisation.hpp"
#include "store/queue.hpp"

namespace gateway {

std::chrono::steady_clock::time_point steady_now();

/// Unix time as the board believes it, finer than a stamp; for what is only shown.
std::chrono::system_clock::time_point wall_now();

/// Wall time, time since boot, and whether the wall time is known to be right. Any thread.
store::stamp stamp_now();

/// From now on, in the whole process; clock_trust::automatic until then.
void trust_clock(config::clock_trust how);

/// What the system said of its clock when the last moment was stamped.
clock_evidence last_clock_evidence();

/// `timesyncd`: the file that systemd-timesyncd makes when it has set the clock.
clock_evidence read_clock_evidence(const char* timesyncd);

/// Names this boot of the board; empty where the kernel doesn't say.
std::string boot_id();

}  // namespace gateway
