// tests/adapters/faults/recovery.hpp: how soon after a fault's end a unit must be read again.
// Not here: measuring it (run.cpp).
#pragma once

#include "tests/adapters/faults/fault.hpp"

namespace faults {

struct recovery_bound {
    double timeouts = 2;
    std::size_t reads_before = 0;  // requests that the link may send before the read's own, beyond that
};

constexpr recovery_bound bound_for(fault kind, const transport& which) {
    if (which.frames == framing::mbap) return {2, 0};
    return {kind == fault::half_open ? 3.0 : 2.0, 2};
}

}  // namespace faults
