// tests/adapters/faults/recovery.hpp: how soon after a fault's end a unit must have been read again.
// Not here: measuring it (run.cpp).
//
// It is the time from the fault's end to the end of the first good read of the unit, while it is asked for again and again; a
// read that was under way at the end counts, too. What exchanges take by themselves when all is well (their characters, the
// device's turnaround, the gaps) comes on top: of the read itself, and of so many requests that the link sends before it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "tests/adapters/faults/fault.hpp"

namespace faults {

struct recovery_bound {
    double timeouts;
    std::size_t reads_before;
    std::string_view why;
};

/// What was sent just before the end takes its time-out; so does a connection that was being opened then. Then all is well.
constexpr recovery_bound numbered{1, 0, "answers bear a number: one time-out"};
/// The answer to what was sent over the old socket doesn't reach the new one: no late window, but a read of another shape first;
/// another one before it if the unit owes many answers, or after it if that got an exception.
constexpr recovery_bound new_socket{1, 2, "RTU in datagrams: one time-out, and an odd read"};
/// The unit is left alone for another time-out, in case that its answer is late; then as above.
constexpr recovery_bound without_number{2, 2, "RTU and ASCII: one time-out, the late window, and an odd read"};
/// Nothing comes and nothing closes: that takes two time-outs to notice,
constexpr recovery_bound dead_connection{2, 0, "half-open: two time-outs to notice it"};
/// and the first of them has its late window.
constexpr recovery_bound dead_serial_server{3, 2, "half-open, RTU and ASCII: two time-outs, and the late window between them"};

constexpr std::array<const recovery_bound*, 5> recovery_bounds{&numbered, &new_socket, &without_number, &dead_connection,
                                                               &dead_serial_server};

constexpr const recovery_bound& bound_for(fault kind, const transport& which) {
    const bool has_number = which.frames == framing::mbap;
    if (kind == fault::half_open) return has_number ? dead_connection : dead_serial_server;
    if (has_number) return numbered;
    return which.bytes == carrier::datagram ? new_socket : without_number;
}

}  // namespace faults
