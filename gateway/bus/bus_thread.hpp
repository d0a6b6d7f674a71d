// gateway/bus/bus_thread.hpp: one thread for one bus: asks the schedule what is due, makes the adapter poll it, hands the
// readings to the loop. Owns schedule and adapter bus; the loop hears of it only by events, in batches.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/bus/bus_statistics.hpp"
#include "gateway/bus/bus_visit.hpp"
#include "gateway/bus/computed.hpp"
#include "gateway/bus/device_trouble.hpp"
#include "gateway/bus/plausibility.hpp"
#include "gateway/bus/reading.hpp"
#include "gateway/bus/schedule.hpp"
#include "gateway/service/health.hpp"
#include "gateway/write/write_orders.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

/// A device came or went, or what is wrong with it changed.
struct device_event {
    std::size_t bus = 0;
    std::size_t device = 0;
    device_state state = device_state::unknown;
    std::string error;              // empty: nothing is wrong
    store::stamp since;             // when this state began
    bool overdue = false;           // cycles are being missed: its interval isn't met
    std::uint64_t implausible = 0;  // readings dropped as implausible, since the start
};

/// Cycles that came due while an earlier one of their device still waited, since the last such event.
struct missed_event {
    std::size_t bus = 0;
    std::uint64_t cycles = 0;
};

/// What an adapter has learned of a device, to be kept for its next life.
struct learned_event {
    std::size_t bus = 0;
    std::size_t device = 0;
    std::string text;
};

/// What went over the wire of a bus that is traced, in the order of time.
struct trace_event {
    std::size_t bus = 0;
    std::vector<adapter_bus::frame> frames;
    std::uint64_t lost = 0;  // frames before these that the loop had no time for
};

using bus_event = std::variant<cycle, device_event, missed_event, learned_event, bus_statistics, write_event, read_back_event,
                               trace_event, visit_event>;

class bus_thread {
public:
    /// `number` is in its events. `on_events` is called on the loop's thread. `opened` and `config` are of the same bus; nothing
    /// of `config` is kept, so that a new config can take its place while the thread runs.
    bus_thread(std::size_t number, const config::bus& config, std::unique_ptr<adapter_bus> opened, boost::asio::io_context& loop,
               std::function<void(std::vector<bus_event>)> on_events, std::shared_ptr<pulse> beat = std::make_shared<pulse>());
    ~bus_thread();  // stops and joins
    bus_thread(const bus_thread&) = delete;
    bus_thread& operator=(const bus_thread&) = delete;

    /// `begin`: when every period begins. The same for all buses: what is due together wakes the processor once, and goes into
    /// one commit. A bus that is started later keeps to the phases of the others. Timers are left as lazy as they are; an adapter
    /// that must be exact sharpens those of its thread itself.
    void start(time_point begin);
    /// Each is answered by a write_event or a read_back_event, unless the bus stops before: then the write is answered as
    /// stopped.
    void order(bus_order what);
    /// Ends the poll that is running, and lets none begin. So that several buses can be stopped at once: stop() still follows.
    void interrupt();
    /// From the next poll or write on, each comes with a trace_event of its frames; or no more. False: its adapter can't.
    bool trace(bool on);
    /// A visitor's own bus, of the same port or host. Requires: there is no visitor. From the loop's thread, as the next two.
    void welcome(std::unique_ptr<adapter_bus> visitor);
    /// Answered by a visit_event, unless he is seen off before. Requires: the one before was answered.
    void visit(visit_order what);
    void see_off();
    /// Ends the poll that is running, joins, and hands over what was read and is still waiting. From the loop's thread.
    void stop();

private:
    void run() noexcept;
    void take_turn(schedule& plan, const schedule::turn& turn);
    bool take_order(const schedule& plan);
    void carry_out_write(const bus_order& what, bool offline);
    void carry_out_read_back(const bus_order& what);
    bool take_visit();
    void close_left();
    void take_port_back();
    void rest_until(time_point when);
    void note_poll(std::size_t device, time_point began, time_point ended);
    void finish_cycle(std::size_t group);
    void note_errors(const schedule& plan, const schedule::turn& turn, const schedule::turn_result& result);
    void tell_statistics(const schedule& plan);
    void emit(bus_event event);
    void emit_frames(std::vector<adapter_bus::frame>& frames);
    void post_drain(std::unique_lock<std::mutex>& lock);
    bool wait_until(time_point when);
    std::vector<bus_event> take_waiting();

    std::size_t number_;
    const std::string name_;
    std::unique_ptr<adapter_bus> bus_;
    boost::asio::io_context& loop_;
    std::function<void(std::vector<bus_event>)> on_events_;

    // The bus thread's own.
    struct gathering {
        cycle readings;
        std::string failure;  // the first point failure of this cycle
    };
    std::vector<poll_group> groups_;
    std::vector<std::size_t> group_of_;  // by point
    std::vector<gathering> gathering_;   // by group
    device_trouble trouble_;
    std::vector<device_event> devices_;  // as last told
    plausibility plausibility_;
    computed_points computed_;
    adapter_bus::poll_result result_;
    std::vector<point_index> covered_;
    std::uint64_t missed_told_ = 0;
    time_point missed_told_at_{};
    nanoseconds missed_report_in_{0};
    bus_gauge gauge_;
    const std::shared_ptr<pulse> pulse_;
    bool tracing_ = false;
    std::uint64_t frames_lost_ = 0;
    time_point statistics_due_{};
    adapter_bus* port_with_ = nullptr;  // the visitor who has the port; null: it is ours
    time_point own_late_until_{};       // until then a late answer to a poll of ours may come

    // Between the threads.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<bus_event> waiting_;
    write_lane lane_;
    bool trace_wanted_ = false;
    std::unique_ptr<adapter_bus> visitor_;
    std::vector<std::unique_ptr<adapter_bus>> leaving_;  // closed by the bus's thread
    std::optional<visit_order> visit_order_;
    visit_share share_;
    bool drain_posted_ = false;
    bool stopping_ = false;
    std::shared_ptr<bool> alive_;  // false once this object is gone: a posted drain then does nothing (loop thread only)
    std::thread thread_;
    time_point begin_{};
};

}  // namespace gateway
