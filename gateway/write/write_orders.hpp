// gateway/write/write_orders.hpp: what the loop asks of a bus's thread beside polling, and what comes back; and whose turn it is:
// a write, or a poll. Pure. Not here: which commands become orders (write_engine.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/bus/adapter_bus.hpp"
#include "gateway/bus/reading.hpp"

namespace gateway {

/// To write `items`, or, without any, to read `points`; all of one device.
struct bus_order {
    std::uint64_t ticket = 0;
    std::size_t device = 0;
    std::vector<adapter_bus::write_item> items;
    std::vector<point_index> points;
    std::chrono::steady_clock::time_point give_up_at{};  // a write isn't begun after this
};

struct write_event {
    enum class fate : std::uint8_t { begun, too_late, offline, stopped };
    std::size_t bus = 0;
    std::uint64_t ticket = 0;
    fate what = fate::begun;  // otherwise nothing was sent
    adapter_bus::write_result result;
    std::chrono::steady_clock::time_point ended{};
};

struct read_back_event {
    std::size_t bus = 0;
    std::uint64_t ticket = 0;
    std::vector<reading> readings;  // of those points that could be read
    std::string error;              // if none could, or not all
};

/// Commands go before polls, but however many come, a poll that is due follows each of them.
class write_lane {
public:
    void add(bus_order order) { orders_.push_back(std::move(order)); }
    bool empty() const { return orders_.empty(); }
    bool may_go() const { return !orders_.empty() && !owes_poll_; }
    /// Requires: may_go().
    bus_order take() {
        bus_order next = std::move(orders_.front());
        orders_.pop_front();
        owes_poll_ = true;
        return next;
    }
    /// A poll was made, or none is due.
    void on_poll() { owes_poll_ = false; }

private:
    std::deque<bus_order> orders_;
    bool owes_poll_ = false;
};

}  // namespace gateway
