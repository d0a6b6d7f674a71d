// gateway/bus_thread.cpp: the polling loop of one bus.
#include "gateway/bus_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "gateway/clock.hpp"
#include "gateway/limits.hpp"
#include "gateway/poll_groups.hpp"

namespace gateway {
namespace {

// A bus that can't keep up is told of at once, then more and more rarely.
constexpr nanoseconds first_missed_report = std::chrono::seconds(10);
constexpr nanoseconds last_missed_report = std::chrono::hours(1);

}  // namespace

bus_thread::bus_thread(std::size_t index, const config::bus& config, std::unique_ptr<adapter_bus> opened,
                       boost::asio::io_context& loop, std::function<void(std::vector<bus_event>)> on_events)
    : index_(index),
      config_(config),
      bus_(std::move(opened)),
      loop_(loop),
      on_events_(std::move(on_events)),
      groups_(poll_groups(config)),
      gathering_(groups_.size()),
      group_error_(groups_.size()),
      devices_(config.devices.size()),
      plausibility_(config),
      computed_(config),
      alive_(std::make_shared<bool>(true)) {}

bus_thread::~bus_thread() {
    stop();
    *alive_ = false;
}

void bus_thread::start(time_point begin) {
    begin_ = begin;
    thread_ = std::thread(&bus_thread::run, this);
}

void bus_thread::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    bus_->interrupt();
    if (!thread_.joinable()) return;
    thread_.join();
    on_events_(take_waiting());
}

std::vector<bus_event> bus_thread::take_waiting() {
    std::vector<bus_event> taken;
    const std::lock_guard lock(mutex_);
    taken.swap(waiting_);
    drain_posted_ = false;
    return taken;
}

void bus_thread::run() noexcept {
    const std::string name = "bus " + config_.name;
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    schedule plan(groups_, config_.devices.size(), begin_);
    for (;;) {
        const auto turn = plan.next(steady_now());
        if (!turn) {
            if (!wait_until(plan.wake())) return;
            continue;
        }
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        take_turn(plan, *turn);
    }
}

/// False: stop.
bool bus_thread::wait_until(time_point when) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, when, [this] { return stopping_; });
    return !stopping_;
}

void bus_thread::take_turn(schedule& plan, const schedule::turn& turn) {
    const time_point began = steady_now();
    bus_->poll(turn.candidates, turn.probe, result_);
    const time_point ended = steady_now();
    if (result_.outcome == TIDEGATE_INTERRUPTED) return;

    gathering& gathered = gathering_[turn.group];
    covered_.clear();
    for (auto& reading : result_.readings) {
        covered_.push_back(reading.point);
        if (const auto* why = plausibility_.refuse(reading)) {
            if (gathered.failure.empty()) gathered.failure = *why;
            continue;
        }
        gathered.readings.readings.push_back(std::move(reading));
    }
    for (auto& failure : result_.failures) {
        covered_.push_back(failure.point);
        if (gathered.failure.empty()) gathered.failure = std::move(failure.reason);
    }
    if (result_.has_stamp) {
        gathered.readings.taken = result_.taken;
        gathered.readings.taken_steady = ended;
    }
    const auto result = plan.finished(turn, result_.outcome, covered_, began, ended);
    note_errors(plan, turn, result);
    if (result.cycle_complete) finish_cycle(turn.group);

    if (const auto missed = plan.missed_cycles(); missed != missed_told_ && ended - missed_told_at_ >= missed_report_in_) {
        emit(missed_event{index_, missed - missed_told_});
        missed_told_ = missed;
        missed_told_at_ = ended;
        missed_report_in_ = std::clamp(missed_report_in_ * 2, first_missed_report, last_missed_report);
    }
}

void bus_thread::finish_cycle(std::size_t group) {
    gathering& gathered = gathering_[group];
    cycle done = std::move(gathered.readings);
    gathered = {};
    if (done.readings.empty()) return;
    done.bus = index_;
    done.device = groups_[group].device;
    // A failure is told with the next cycle, as this one's state has been told.
    for (auto& made : computed_.follow(done, plausibility_, gathered.failure)) done.readings.push_back(std::move(made));
    std::sort(done.readings.begin(), done.readings.end(), [](const reading& a, const reading& b) { return a.point < b.point; });
    emit(std::move(done));
}

/// Tells the loop when a device's state changes, or what is wrong with it. A device's groups may fail for different
/// reasons; the first in the order of the config is told.
void bus_thread::note_errors(const schedule& plan, const schedule::turn& turn, const schedule::turn_result& result) {
    std::string& error = group_error_[turn.group];
    if (result_.outcome != TIDEGATE_DONE) {
        error = result_.note.empty() ? "no answer" : result_.note;
    } else if (result.cycle_complete) {
        error = gathering_[turn.group].failure;
    }
    // A bus that is down takes all its devices with it, and brings them all back.
    const bool all = result_.outcome == TIDEGATE_BUS_DOWN;
    for (std::size_t device = all ? 0 : turn.device; device < (all ? devices_.size() : turn.device + 1); ++device) {
        device_event now{index_, device, plan.state(device), {}, {}, plausibility_.dropped(device)};
        if (all) {
            now.error = error;
        } else {
            for (std::size_t g = 0; g < groups_.size() && now.error.empty(); ++g)
                if (groups_[g].device == device) now.error = group_error_[g];
        }
        // A single failure that the next poll mends is no news while the device counts as online.
        device_event& told = devices_[device];
        if (now.state == device_state::unknown) continue;
        if (now.state == device_state::online && result_.outcome != TIDEGATE_DONE) continue;
        if (now.state == told.state && now.error == told.error) continue;
        now.since = now.state == told.state ? told.since : stamp_now();
        told = now;
        emit(std::move(now));
    }
}

void bus_thread::emit(bus_event event) {
    std::unique_lock lock(mutex_);
    // The loop never waits for a bus, so this ends; if it lags, the bus falls behind visibly instead of filling the memory.
    wake_.wait(lock, [this] { return stopping_ || waiting_.size() < limits::bus_events; });
    waiting_.push_back(std::move(event));
    if (drain_posted_) return;
    drain_posted_ = true;
    lock.unlock();
    boost::asio::post(loop_, [this, alive = alive_] {
        if (!*alive) return;
        auto taken = take_waiting();
        wake_.notify_all();
        if (!taken.empty()) on_events_(std::move(taken));
    });
}

}  // namespace gateway
