// gateway/bus/bus_orders.cpp: what a bus's thread does beside polling: a write, or a reading of what was written.
// Not here: when it does so (write_orders.hpp), and what is ordered (write_engine.hpp).
#include <algorithm>
#include <tuple>
#include <utility>

#include "gateway/bus/bus_thread.hpp"
#include "gateway/clock.hpp"
#include "gateway/limits.hpp"

namespace gateway {

void bus_thread::order(bus_order what) {
    {
        const std::lock_guard lock(mutex_);
        lane_.add(std::move(what));
    }
    wake_.notify_all();
}

bool bus_thread::trace(bool on) {
    const std::lock_guard lock(mutex_);
    trace_wanted_ = on && bus_->can_trace();
    return trace_wanted_ == on;
}

/// A bus never waits for whoever watches it: what the loop has no time for is counted and dropped.
void bus_thread::emit_frames(std::vector<adapter_bus::frame>& frames) {
    if (frames.empty()) return;
    std::stable_sort(frames.begin(), frames.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::unique_lock lock(mutex_);
    if (waiting_.size() >= limits::bus_events / 2) {
        frames_lost_ += frames.size();
        frames.clear();
        return;
    }
    waiting_.push_back(trace_event{number_, std::move(frames), std::exchange(frames_lost_, 0)});
    frames = {};
    post_drain(lock);
}

/// False: there is nothing to do, or a poll has to come first.
bool bus_thread::take_order(const schedule& plan) {
    bus_order next;
    {
        const std::lock_guard lock(mutex_);
        if (trace_wanted_ != tracing_) std::ignore = bus_->trace(tracing_ = trace_wanted_);  // trace() has said whether it can
        if (stopping_ || !lane_.may_go()) return false;
        next = lane_.take();
    }
    take_port_back();
    if (next.items.empty()) {
        carry_out_read_back(next);
    } else {
        carry_out_write(next, plan.bus_is_down() || plan.state(next.device) == device_state::offline);
    }
    return true;
}

void bus_thread::carry_out_write(const bus_order& what, bool offline) {
    write_event done;
    done.bus = number_;
    done.ticket = what.ticket;
    if (steady_now() > what.give_up_at) {
        done.what = write_event::fate::too_late;
    } else {
        pulse_->busy("write", limits::adapter_hangs, steady_now());
        done.result = bus_->write(what.items, true);
        // What doesn't fit is said also of a device that is away.
        const bool fits = done.result.outcome == TIDEGATE_WRITE_ACCEPTED;
        if (fits && offline) done.what = write_event::fate::offline;
        if (fits && !offline) done.result = bus_->write(what.items, false);
        emit_frames(done.result.frames);
        if (!fits) done.result.outcome = TIDEGATE_WRITE_REJECTED;
        if (!fits || offline) done.result.sent.clear();  // it says what would have been
    }
    done.ended = steady_now();
    emit(std::move(done));
}

/// One request, as a poll makes it, outside the schedule: it says nothing of when the point is due.
void bus_thread::carry_out_read_back(const bus_order& what) {
    read_back_event done;
    done.bus = number_;
    done.ticket = what.ticket;
    std::vector<tidegate_candidate> wanted;
    for (const point_index point : what.points) wanted.push_back({point, 0, 0, 0});
    // An adapter covers at least the first, so this ends.
    while (!wanted.empty() && done.error.empty()) {
        const std::size_t before = wanted.size();
        const time_point began = steady_now();
        pulse_->busy("read back", limits::adapter_hangs, began);
        bus_->poll(wanted, false, result_);
        note_poll(what.device, began, steady_now());
        if (result_.outcome != TIDEGATE_DONE) {
            done.error = result_.note.empty() ? "no answer" : result_.note;
            break;
        }
        const auto is_done = [&](point_index point) {
            std::erase_if(wanted, [&](const tidegate_candidate& each) { return each.point == point; });
        };
        for (const auto& failure : result_.failures) {
            is_done(failure.point);
            if (done.error.empty()) done.error = failure.reason;
        }
        cycle read;
        read.bus = number_;
        read.device = what.device;
        read.taken = result_.taken;
        read.taken_steady = steady_now();
        for (auto& each : result_.readings) {
            is_done(each.point);
            if (const auto* why = plausibility_.refuse(each)) {
                if (done.error.empty()) done.error = *why;
                continue;
            }
            done.readings.push_back(each);
            read.readings.push_back(std::move(each));
        }
        if (!read.readings.empty()) emit(std::move(read));
        if (wanted.size() == before) done.error = "the adapter didn't read it";
    }
    emit(std::move(done));
}

}  // namespace gateway
