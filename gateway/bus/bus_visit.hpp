// gateway/bus/bus_visit.hpp: what a visitor asks of a bus that the service polls (a commissioning tool, through the control
// socket), what comes of it, and whose turn it is: the visitor's or a poll's. Pure. Not here: who may visit (visits.hpp), and the
// asking (bus_visit.cpp, which is bus_thread's).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "gateway/bus/adapter_bus.hpp"

namespace gateway {

/// One call of the visitor's own adapter bus: a poll, or with `items` a write.
struct visit_order {
    std::uint64_t visit = 0;
    std::vector<tidegate_candidate> candidates;
    bool probe = false;
    std::vector<adapter_bus::write_item> items;
    bool check_only = false;
    bool same_unit = false;  // one of the service's own devices answers to this address, too
};

struct visit_event {
    std::size_t bus = 0;
    std::uint64_t visit = 0;
    bool was_write = false;
    adapter_bus::poll_result polled;
    adapter_bus::write_result written;
    std::chrono::nanoseconds took{0};
};

/// What a visitor has taken of the bus's time, the polls have first, if they need it: half of the bus is theirs.
class visit_share {
public:
    void visited(std::chrono::nanoseconds took) { owed_ += took; }
    void polled(std::chrono::nanoseconds took) { owed_ = std::max(std::chrono::nanoseconds(0), owed_ - took); }
    /// No poll is due.
    void idle() { owed_ = std::chrono::nanoseconds(0); }
    bool may_visit() const { return owed_ <= std::chrono::nanoseconds(0); }

private:
    std::chrono::nanoseconds owed_{0};
};

}  // namespace gateway
