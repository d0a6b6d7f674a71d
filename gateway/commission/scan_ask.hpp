// gateway/commission/scan_ask.hpp: one question to one unit of a bus that is scanned, and what came of it; and the way to break
// all of them off. Not here: whom to ask and in which order (scan_bus.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/commission/commission_bus.hpp"

namespace gateway {

/// Breaks off what is under way, from another thread.
class scan_stop {
public:
    void stop();
    bool stopped() const { return stopped_; }
    /// stop() interrupts it, until it is let go. Any thread.
    void watch(adapter_bus& bus);
    void let_go(adapter_bus& bus);

private:
    std::mutex mutex_;
    std::vector<adapter_bus*> buses_;
    std::atomic<bool> stopped_{false};
};

/// `disturbed`: something was heard that is no answer to this: noise, a damaged answer, somebody else's.
enum class heard : std::uint8_t { silence, disturbed, exception, answered, absent, bus_down, interrupted };

struct asked {
    gateway::heard what = heard::silence;
    std::optional<gateway::value> value;
    std::string words;  // of an exception, of a bus that is down
    std::chrono::nanoseconds took{0};
};

/// A bus opened for some units.
class scanned_line {
public:
    /// Null, with `why`.
    static std::unique_ptr<scanned_line> open(const chosen_bus& bus, const std::vector<wanted_device>& devices, scan_stop& stop,
                                              std::string& why);
    ~scanned_line();
    scanned_line(const scanned_line&) = delete;
    scanned_line& operator=(const scanned_line&) = delete;

    /// `brief`: no longer than pays, by what the others of the line took.
    asked ask(std::size_t device, std::size_t point, bool brief);
    const std::string& service() const { return bus_->service(); }

private:
    scanned_line(std::unique_ptr<commission_bus> bus, scan_stop& stop);
    std::unique_ptr<commission_bus> bus_;
    scan_stop& stop_;
    adapter_bus::poll_result result_;
};

}  // namespace gateway
