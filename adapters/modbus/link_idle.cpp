// adapters/modbus/link_idle.cpp: see link_idle.hpp.
// Not here: opening anew, which every link does by itself.
#include "adapters/modbus/link_idle.hpp"

#include <cassert>
#include <utility>

namespace modbus {

idle_link::idle_link(std::unique_ptr<link> inner, nanoseconds idle)
    : inner_(std::move(inner)), idle_(idle), thread_([this] { run(); }) {
    assert(idle > nanoseconds(0));
}

idle_link::~idle_link() {
    {
        const std::lock_guard lock(using_);
        ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

answer idle_link::transact(const transaction& what, nanoseconds timeout) {
    return std::move(transact_all(std::span(&what, 1), timeout).front());
}

std::vector<answer> idle_link::transact_all(std::span<const transaction> what, nanoseconds timeout) {
    const std::lock_guard lock(using_);
    std::vector<answer> answers;
    if (what.size() == 1)
        answers.push_back(inner_->transact(what[0], timeout));
    else
        answers = inner_->transact_all(what, timeout);
    last_used_ = now();
    if (!std::exchange(used_, true)) changed_.notify_one();
    return answers;
}

void idle_link::release() {
    const std::lock_guard lock(using_);
    inner_->release();
    used_ = false;
}

void idle_link::watch(wire_listener to) {
    const std::lock_guard lock(using_);
    inner_->watch(std::move(to));
}

void idle_link::run() {
    std::unique_lock lock(using_);
    while (!ended_) {
        if (!used_) {
            changed_.wait(lock);
        } else if (const time_point due = last_used_ + idle_; now() < due) {
            changed_.wait_until(lock, due);
        } else {
            inner_->release();
            used_ = false;
        }
    }
}

}  // namespace modbus
