// gateway/bus/bus_fleet.hpp: the bus threads that run, and their numbering: outside of it a bus is its place in the config in
// force. Loop thread only. Not here: what becomes of what they read (app.cpp), and which of them a new config stops
// (config_changes.hpp).
//
// A thread has a number of its own for its whole life, and events and orders are renumbered on their way: so what a thread says
// after another config has come is about the right bus, and of one that is gone nothing is heard.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/bus/bus_thread.hpp"
#include "gateway/service/config_changes.hpp"
#include "gateway/service/health.hpp"

namespace gateway {

class bus_fleet {
public:
    using on_events = std::function<void(std::vector<bus_event>)>;
    bus_fleet(boost::asio::io_context& loop, health& watched, on_events call)
        : loop_(loop), health_(watched), on_events_(std::move(call)) {}

    /// Bus after bus of `config`. Where `opened` has none, the one goes on that is numbered so already. `from`: what `opened`
    /// was made by; kept as long as they are.
    void add(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> opened,
             std::shared_ptr<const adapter_host> from);
    /// Those that don't run yet. All periods of all buses count from the first call's `now`.
    void start(time_point now);
    void order(std::size_t bus, bus_order what) { members_[bus]->thread->order(std::move(what)); }
    /// All of them; what they have read is handed over.
    void stop();
    /// Those that have no number there; what they have read is handed over as of the old numbering. Then the others have the new
    /// one: next, add().
    void stop_and_renumber(const renumbering& to, std::size_t buses);

    bus_thread& at(std::size_t bus) const { return *members_[bus]->thread; }
    std::size_t size() const { return members_.size(); }

private:
    struct member {
        std::size_t number = 0;
        bool started = false;
        std::shared_ptr<const adapter_host> adapters;  // outlives the thread
        std::unique_ptr<bus_thread> thread;
    };
    void renumber(std::vector<bus_event>& events, std::size_t number) const;

    boost::asio::io_context& loop_;
    health& health_;
    const on_events on_events_;
    std::size_t numbers_ = 0;  // given so far
    std::optional<time_point> begin_;
    std::vector<std::unique_ptr<member>> members_;  // in the order of the config in force
};

}  // namespace gateway
