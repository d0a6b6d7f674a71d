// gateway/bus/bus_fleet.cpp: see bus_fleet.hpp.
#include "gateway/bus/bus_fleet.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gateway {

void bus_fleet::add(const config::file& config, std::vector<std::unique_ptr<adapter_bus>> opened,
                    std::shared_ptr<const adapter_host> from) {
    assert(opened.size() == config.buses.size());
    members_.resize(config.buses.size());
    for (std::size_t bus = 0; bus < opened.size(); ++bus) {
        if (!opened[bus]) continue;
        assert(!members_[bus]);
        auto made = std::make_unique<member>();
        const std::size_t number = made->number = numbers_++;
        made->adapters = from;
        made->thread = std::make_unique<bus_thread>(
            number, config.buses[bus], std::move(opened[bus]), loop_,
            [this, number](std::vector<bus_event> events) {
                renumber(events, number);
                if (!events.empty()) on_events_(std::move(events));
            },
            health_.add("bus " + config.buses[bus].name));
        members_[bus] = std::move(made);
    }
}

void bus_fleet::start(time_point now) {
    if (!begin_) begin_ = now;
    for (const auto& each : members_)
        if (!std::exchange(each->started, true)) each->thread->start(*begin_);
}

void bus_fleet::stop() {
    for (const auto& each : members_) each->thread->interrupt();
    for (const auto& each : members_) each->thread->stop();
}

void bus_fleet::stop_and_renumber(const renumbering& to, std::size_t buses) {
    assert(to.size() == members_.size());
    for (std::size_t bus = 0; bus < to.size(); ++bus)
        if (!to[bus]) members_[bus]->thread->interrupt();
    for (std::size_t bus = 0; bus < to.size(); ++bus)
        if (!to[bus]) members_[bus]->thread->stop();
    std::vector<std::unique_ptr<member>> now(buses);
    for (std::size_t bus = 0; bus < to.size(); ++bus)
        if (to[bus]) now[*to[bus]] = std::move(members_[bus]);
    members_ = std::move(now);  // those that were stopped are destroyed
}

void bus_fleet::renumber(std::vector<bus_event>& events, std::size_t number) const {
    const auto found =
        std::find_if(members_.begin(), members_.end(), [&](const auto& each) { return each && each->number == number; });
    if (found == members_.end()) return events.clear();
    const auto bus = static_cast<std::size_t>(found - members_.begin());
    for (auto& event : events) std::visit([bus](auto& each) { each.bus = bus; }, event);
}

}  // namespace gateway
