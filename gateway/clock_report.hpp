// gateway/clock_report.hpp: what the log says of the board's clock.
// Not here: what makes it right (synchronisation.hpp).
#pragma once

#include "gateway/log.hpp"
#include "gateway/synchronisation.hpp"

namespace gateway {

/// At the start, if the clock isn't known to be right and never was in this boot.
void tell_unset_clock(const log& to, const clock_evidence& found);

/// `boot_is_named`: the kernel says which boot this is, so that also what earlier processes have taken can be corrected.
void tell_clock_news(const log& to, const clock_news& what, bool boot_is_named);

}  // namespace gateway
