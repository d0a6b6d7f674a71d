// gateway/bus/bus_statistics.cpp: see the header.
// Not here: clocks and threads.
#include "gateway/bus/bus_statistics.hpp"

#include <algorithm>
#include <utility>

namespace gateway {
namespace {

void count(exchange_counts& to, std::uint32_t result) {
    if (result == TIDEGATE_UNREACHABLE) {
        ++to.unreachable;
        return;
    }
    ++to.requests;
    ++(result == TIDEGATE_ANSWERED    ? to.answers
       : result == TIDEGATE_EXCEPTION ? to.exceptions
       : result == TIDEGATE_DAMAGED   ? to.damaged
                                      : to.timeouts);
}

/// Of an adapter that doesn't tell of its requests; nothing: there was none, perhaps.
std::optional<std::uint32_t> result_of(const adapter_bus::poll_result& came) {
    switch (came.outcome) {
        case TIDEGATE_DONE:
            if (came.readings.empty()) return std::nullopt;
            return TIDEGATE_ANSWERED;
        case TIDEGATE_DEVICE_SILENT:
            return TIDEGATE_TIMED_OUT;
        case TIDEGATE_BUS_DOWN:
            return TIDEGATE_UNREACHABLE;
        case TIDEGATE_DEVICE_DOWN:
        case TIDEGATE_DEVICE_BUSY:
            return TIDEGATE_EXCEPTION;
        case TIDEGATE_INTERRUPTED:
            break;
    }
    return std::nullopt;
}

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

bus_gauge::bus_gauge(std::size_t bus, const std::vector<poll_group>& groups, std::size_t devices, time_point start)
    : since_(start) {
    now_.bus = bus;
    now_.devices.resize(devices);
    for (const poll_group& group : groups) device_of_.push_back(group.device);
}

void bus_gauge::took(std::size_t device, const adapter_bus::poll_result& came, time_point began, time_point ended) {
    busy_ += ended - began;
    if (came.exchanges.empty()) {
        if (const auto result = result_of(came)) {
            count(now_.exchanges, *result);
            count(now_.devices[device].exchanges, *result);
        }
    }
    for (const tidegate_exchange& exchange : came.exchanges) {
        count(now_.exchanges, exchange.result);
        count(now_.devices[device].exchanges, exchange.result);
        if (exchange.turnaround <= 0) continue;
        auto& known = now_.devices[device].turnaround;
        const nanoseconds heard(exchange.turnaround);
        known = known ? *known + (heard - *known) / 8 : heard;
    }
}

const bus_statistics& bus_gauge::take(const schedule& plan, time_point now) {
    const double stretch = seconds(now - since_);
    since_ = now;
    const double used = seconds(std::exchange(busy_, nanoseconds{0}));
    now_.busy = stretch > 0 ? std::min(used / stretch, 1.0) : 0;
    const std::uint64_t requests = now_.exchanges.requests;
    now_.requests_per_second = stretch > 0 ? static_cast<double>(requests - requests_before_) / stretch : 0;
    requests_before_ = requests;
    now_.load = plan.load();
    now_.sweep = plan.sweep();
    now_.down = plan.bus_is_down();
    now_.missed_cycles = plan.missed_cycles();
    std::vector<std::uint64_t> missed(now_.devices.size());
    for (std::size_t group = 0; group < device_of_.size(); ++group) missed[device_of_[group]] += plan.missed_cycles(group);
    for (std::size_t device = 0; device < missed.size(); ++device) {
        now_.devices[device].overdue = missed[device] > now_.devices[device].missed_cycles;
        now_.devices[device].missed_cycles = missed[device];
    }
    return now_;
}

}  // namespace gateway
