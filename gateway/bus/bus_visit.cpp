// gateway/bus/bus_visit.cpp: how a bus's thread lets a visitor ask between polls. The port is one's at a time: whoever goes next
// has the other let go of it first, and opens it with his own settings. Not here: when a visitor may go (visit_share), and who he
// is (visits.hpp).
#include <utility>

#include "gateway/bus/bus_thread.hpp"
#include "gateway/clock.hpp"
#include "gateway/limits.hpp"

namespace gateway {

void bus_thread::welcome(std::unique_ptr<adapter_bus> visitor) {
    const std::lock_guard lock(mutex_);
    visitor_ = std::move(visitor);
    visit_order_.reset();
}

void bus_thread::visit(visit_order what) {
    {
        const std::lock_guard lock(mutex_);
        visit_order_ = std::move(what);
    }
    wake_.notify_all();
}

void bus_thread::see_off() {
    {
        const std::lock_guard lock(mutex_);
        if (!visitor_) return;
        visitor_->interrupt();  // whatever he waits for, polls don't have to
        leaving_.push_back(std::move(visitor_));
        visit_order_.reset();
    }
    wake_.notify_all();
}

/// On the bus's thread, as an adapter's bus is one thread's, and may have the port open.
void bus_thread::close_left() {
    std::vector<std::unique_ptr<adapter_bus>> gone;
    {
        const std::lock_guard lock(mutex_);
        gone.swap(leaving_);
    }
    for (const auto& each : gone)
        if (each.get() == port_with_) port_with_ = nullptr;
}

/// Before the service's own polls and writes.
void bus_thread::take_port_back() {
    if (port_with_ != nullptr) port_with_->release();
    port_with_ = nullptr;
}

/// A late answer to the other's request must not be taken for one's own: the line rests until it can hardly come any more.
void bus_thread::rest_until(time_point when) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, when, [this] { return stopping_; });
}

/// False: there is none, or polls come first.
bool bus_thread::take_visit() {
    close_left();
    visit_order order;
    adapter_bus* visitor = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || !visit_order_ || !share_.may_visit()) return false;
        order = std::move(*visit_order_);
        visit_order_.reset();
        visitor = visitor_.get();  // stays until close_left()
    }
    visit_event done;
    done.bus = number_;
    done.visit = order.visit;
    done.was_write = !order.items.empty();
    if (port_with_ == nullptr && !bus_->release()) {
        done.polled.outcome = TIDEGATE_BUS_DOWN;
        done.polled.note = "the service's adapter can't let go of its port while it runs: stop the service for this";
        done.written.outcome = TIDEGATE_WRITE_BUS_DOWN;
        done.written.note = done.polled.note;
        emit(std::move(done));
        return true;
    }
    port_with_ = visitor;
    if (order.same_unit && steady_now() < own_late_until_) rest_until(own_late_until_);
    const time_point began = steady_now();
    pulse_->busy("visit", limits::adapter_hangs, began);
    if (done.was_write)
        done.written = visitor->write(order.items, order.check_only);
    else
        visitor->poll(order.candidates, order.probe, done.polled);
    done.took = steady_now() - began;
    pulse_->busy("work", limits::work_hangs, steady_now());
    {
        const std::lock_guard lock(mutex_);
        share_.visited(done.took);
    }
    const bool silent =
        done.was_write ? done.written.outcome == TIDEGATE_WRITE_UNANSWERED : done.polled.outcome == TIDEGATE_DEVICE_SILENT;
    emit(std::move(done));
    if (silent && order.same_unit) {
        take_port_back();
        rest_until(steady_now() + std::max<nanoseconds>(steady_now() - began, limits::late_answer));
    }
    return true;
}

}  // namespace gateway
