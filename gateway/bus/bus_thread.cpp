// gateway/bus/bus_thread.cpp: the polling loop of one bus.
#include "gateway/bus/bus_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/bus/poll_groups.hpp"
#include "gateway/clock.hpp"
#include "gateway/limits.hpp"

namespace gateway {
namespace {

// A bus that can't keep up is told of at once, then more and more rarely.
constexpr nanoseconds first_missed_report = std::chrono::seconds(10);
constexpr nanoseconds last_missed_report = std::chrono::hours(1);
constexpr nanoseconds statistics_every = std::chrono::seconds(10);
constexpr unsigned busy_is_news = 10;  // answers in a row: some seven seconds

}  // namespace

bus_thread::bus_thread(std::size_t number, const config::bus& config, std::unique_ptr<adapter_bus> opened,
                       boost::asio::io_context& loop, std::function<void(std::vector<bus_event>)> on_events,
                       std::shared_ptr<pulse> beat)
    : number_(number),
      name_(config.name),
      bus_(std::move(opened)),
      loop_(loop),
      on_events_(std::move(on_events)),
      groups_(poll_groups(config)),
      gathering_(groups_.size()),
      trouble_(groups_),
      devices_(config.devices.size()),
      plausibility_(config),
      computed_(config),
      gauge_(number, groups_, config.devices.size(), steady_now()),
      pulse_(std::move(beat)),
      alive_(std::make_shared<bool>(true)) {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
        for (const point_index point : groups_[group].points) {
            group_of_.resize(std::max<std::size_t>(group_of_.size(), point + std::size_t{1}));
            group_of_[point] = group;
        }
    }
}

bus_thread::~bus_thread() {
    stop();
    *alive_ = false;
}

void bus_thread::start(time_point begin) {
    begin_ = begin;
    thread_ = std::thread(&bus_thread::run, this);
}

void bus_thread::interrupt() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (visitor_) visitor_->interrupt();
    }
    wake_.notify_all();
    bus_->interrupt();
}

void bus_thread::stop() {
    interrupt();
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
    const std::string name = "bus " + name_;
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    schedule plan(groups_, devices_.size(), begin_, std::max(begin_, steady_now()));
    statistics_due_ = steady_now() + statistics_every;
    for (;;) {
        pulse_->busy("work", limits::work_hangs, steady_now());
        if (steady_now() >= statistics_due_) tell_statistics(plan);
        if (take_order(plan) || take_visit()) continue;
        const auto turn = plan.next(steady_now());
        if (!turn) {
            if (!wait_until(std::min(plan.wake(), statistics_due_))) return pulse_->idle();
            continue;
        }
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return pulse_->idle();
            lane_.on_poll();
        }
        take_turn(plan, *turn);
    }
}

/// False: stop.
bool bus_thread::wait_until(time_point when) {
    std::unique_lock lock(mutex_);
    lane_.on_poll();  // none is due
    pulse_->idle();
    share_.idle();
    wake_.wait_until(lock, when, [this] { return stopping_ || !lane_.empty() || visit_order_ || !leaving_.empty(); });
    return !stopping_;
}

void bus_thread::take_turn(schedule& plan, const schedule::turn& turn) {
    take_port_back();
    const time_point began = steady_now();
    pulse_->busy("poll", limits::adapter_hangs, began);
    bus_->poll(turn.candidates, turn.probe, result_);
    const time_point ended = steady_now();
    pulse_->busy("work", limits::work_hangs, ended);
    if (result_.outcome == TIDEGATE_INTERRUPTED) return;
    if (result_.outcome == TIDEGATE_DEVICE_SILENT)
        own_late_until_ = ended + std::max<nanoseconds>(ended - began, limits::late_answer);
    {
        const std::lock_guard lock(mutex_);
        share_.polled(ended - began);
    }

    covered_.clear();
    for (auto& reading : result_.readings) {
        if (reading.point >= group_of_.size()) continue;  // An adapter in another process may be anything.
        covered_.push_back(reading.point);
        gathering& gathered = gathering_[group_of_[reading.point]];
        gathered.readings.taken = result_.taken;
        gathered.readings.taken_steady = ended;
        if (const auto* why = plausibility_.refuse(reading)) {
            if (gathered.failure.empty()) gathered.failure = *why;
            continue;
        }
        gathered.readings.readings.push_back(std::move(reading));
    }
    for (auto& failure : result_.failures) {
        if (failure.point >= group_of_.size()) continue;
        covered_.push_back(failure.point);
        std::string& first = gathering_[group_of_[failure.point]].failure;
        if (first.empty()) first = std::move(failure.reason);
    }
    note_poll(turn.device, began, ended);
    const auto result = plan.finished(turn, result_.outcome, covered_, began, ended);
    note_errors(plan, turn, result);
    if (result.cycle_complete) finish_cycle(turn.group);
    for (const std::size_t group : result.also_ended) finish_cycle(group);

    if (const auto missed = plan.missed_cycles(); missed != missed_told_ && ended - missed_told_at_ >= missed_report_in_) {
        emit(missed_event{number_, missed - missed_told_});
        missed_told_ = missed;
        missed_told_at_ = ended;
        missed_report_in_ = std::clamp(missed_report_in_ * 2, first_missed_report, last_missed_report);
    }
}

/// What a poll says beside its readings.
void bus_thread::note_poll(std::size_t device, time_point began, time_point ended) {
    gauge_.took(device, result_, began, ended);
    emit_frames(result_.frames);
    for (auto& [about, text] : result_.learned)
        if (about < devices_.size()) emit(learned_event{number_, about, std::move(text)});
}

void bus_thread::finish_cycle(std::size_t group) {
    gathering& gathered = gathering_[group];
    cycle done = std::move(gathered.readings);
    gathered = {};
    if (done.readings.empty()) return;
    done.bus = number_;
    done.device = groups_[group].device;
    // A failure is told with the next cycle, as this one's state has been told.
    for (auto& made : computed_.follow(done, plausibility_, gathered.failure)) done.readings.push_back(std::move(made));
    std::sort(done.readings.begin(), done.readings.end(), [](const reading& a, const reading& b) { return a.point < b.point; });
    emit(std::move(done));
}

/// Tells the loop when a device's state changes, or what is wrong with it.
void bus_thread::note_errors(const schedule& plan, const schedule::turn& turn, const schedule::turn_result& result) {
    const std::string silence = result_.note.empty() ? "no answer" : result_.note;
    if (result_.outcome != TIDEGATE_DONE) {
        trouble_.unanswered(turn.group, silence);
    } else {
        if (plan.state(turn.device) == device_state::online && devices_[turn.device].state != device_state::online)
            trouble_.returned(turn.device);
        if (result.cycle_complete) trouble_.ended(turn.group, gathering_[turn.group].failure);
        for (const std::size_t group : result.also_ended) trouble_.ended(group, gathering_[group].failure);
    }
    // A bus that is down takes all its devices with it, and brings them all back.
    const bool all = result_.outcome == TIDEGATE_BUS_DOWN;
    for (std::size_t device = all ? 0 : turn.device; device < (all ? devices_.size() : turn.device + 1); ++device) {
        device_event now{number_, device, plan.state(device), {}, {}, devices_[device].overdue, plausibility_.dropped(device)};
        now.error = all ? silence : trouble_.of(device, now.state);
        // A single failure that the next poll mends is no news while the device counts as online.
        device_event& told = devices_[device];
        if (now.state == device_state::unknown) continue;
        const bool long_busy = result_.outcome == TIDEGATE_DEVICE_BUSY && plan.busy_in_a_row(device) >= busy_is_news;
        if (now.state == device_state::online && result_.outcome != TIDEGATE_DONE && !long_busy) continue;
        if (now.state == told.state && now.error == told.error) continue;
        now.since = now.state == told.state ? told.since : stamp_now();
        told = now;
        emit(std::move(now));
    }
}

void bus_thread::tell_statistics(const schedule& plan) {
    const time_point now = steady_now();
    statistics_due_ = now + statistics_every;
    const bus_statistics& taken = gauge_.take(plan, now);
    for (std::size_t device = 0; device < devices_.size(); ++device) {
        device_event& told = devices_[device];
        if (std::exchange(told.overdue, taken.devices[device].overdue) == told.overdue) continue;
        if (told.state != device_state::unknown) emit(told);
    }
    emit(taken);
}

void bus_thread::emit(bus_event event) {
    std::unique_lock lock(mutex_);
    // The loop never waits for a bus, so this ends; if it lags, the bus falls behind visibly instead of filling the memory.
    if (waiting_.size() >= limits::bus_events) pulse_->idle();  // it is the loop that is late
    wake_.wait(lock, [this] { return stopping_ || waiting_.size() < limits::bus_events; });
    waiting_.push_back(std::move(event));
    post_drain(lock);
}

void bus_thread::post_drain(std::unique_lock<std::mutex>& lock) {
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
