// tests/adapters/faults/line.cpp: see line.hpp.
// Not here: who answers, and what goes wrong.
#include "tests/adapters/faults/line.hpp"

#include <algorithm>
#include <cerrno>

namespace faults {
namespace {

constexpr unsigned steps_max = 10'000;

}  // namespace

time_point line::next_at(const arrival& of) const {
    const bool bytewise = how_ == carrier::serial && of.kind == news::data;
    return bytewise ? of.at + character_ * static_cast<std::int64_t>(of.taken + 1) : of.at;
}

time_point line::last_byte() const {
    time_point last = last_taken_;
    for (const arrival& each : arrivals_) {
        if (each.kind != news::data || next_at(each) > now_) continue;
        const auto passed = static_cast<std::size_t>((now_ - each.at) / character_);
        last = std::max(last, each.at + character_ * static_cast<std::int64_t>(std::min(passed, each.what.size())));
    }
    return last;
}

void line::deliver(time_point when, bytes what, news kind) {
    if (kind == news::data && what.empty()) return;
    if (how_ == carrier::serial && kind == news::data) {
        for (const arrival& each : arrivals_) {
            const time_point end = each.at + character_ * static_cast<std::int64_t>(each.what.size());
            if (each.at <= when && when < end) when = end;
        }
    }
    const auto after = std::upper_bound(arrivals_.begin(), arrivals_.end(), when,
                                        [](time_point at, const arrival& other) { return at < other.at; });
    arrivals_.insert(after, {when, std::move(what), 0, kind});
}

bool line::collide(time_point until) {
    bool any = false;
    for (arrival& each : arrivals_) {
        if (each.kind != news::data) continue;
        for (std::size_t i = each.taken; i < each.what.size(); ++i) {
            const time_point begin = each.at + character_ * static_cast<std::int64_t>(i);
            if (begin + character_ <= now_ || begin >= until) continue;
            each.what[i] = static_cast<std::uint8_t>(each.what[i] ^ draw_.between(1, 255));
            any = true;
        }
    }
    return any;
}

std::string line::open(nanoseconds timeout) {
    count_step();
    const opening how = on_open();
    now_ += std::min(how.takes, timeout);
    if (how.takes > timeout && how.fault.empty()) return "no connection in time";
    open_ = how.fault.empty();
    if (open_) broken = false;
    return how.fault;
}

void line::close() {
    if (!open_) return;
    open_ = false;
    std::erase_if(arrivals_, [&](const arrival& each) { return !passes_on || each.kind != news::data || each.at <= now_; });
    if (on_close) on_close();
}

bool line::send(const bytes& what) {
    count_step();
    if (!open_) throw stuck("the link sends over a channel that isn't open");
    if (broken) {
        errno = how_ == carrier::serial ? EIO : EPIPE;
        return false;
    }
    on_request(what);
    return true;
}

ssize_t line::receive(std::span<std::uint8_t> to) {
    count_step();
    if (!open_) throw stuck("the link receives over a channel that isn't open");
    std::size_t count = 0;
    while (!arrivals_.empty() && next_at(arrivals_.front()) <= now_) {
        arrival& first = arrivals_.front();
        if (first.kind != news::data) {
            if (count > 0) break;
            if (first.kind == news::closed) return 0;  // and so it stays
            errno = first.kind == news::unplugged ? EIO : how_ == carrier::datagram ? ECONNREFUSED : ECONNRESET;
            if (how_ == carrier::datagram) arrivals_.pop_front();  // an ICMP message is told once
            return -1;
        }
        std::size_t ready = first.what.size() - first.taken;
        if (how_ == carrier::serial) {
            const auto passed =
                character_ > nanoseconds(0) ? static_cast<std::size_t>((now_ - first.at) / character_) : first.what.size();
            ready = std::min(ready, passed - std::min(passed, first.taken));
        }
        ready = std::min(ready, to.size() - count);
        std::copy_n(first.what.begin() + static_cast<std::ptrdiff_t>(first.taken), ready,
                    to.begin() + static_cast<std::ptrdiff_t>(count));
        first.taken += ready;
        count += ready;
        last_taken_ = first.at + character_ * static_cast<std::int64_t>(first.taken);
        const bool done = first.taken == first.what.size();
        if (done || how_ == carrier::datagram) arrivals_.pop_front();
        if (how_ == carrier::datagram || !done || count == to.size()) break;
    }
    if (count > 0) {
        steps_ = 0;
        if (tell) tell("received " + hex(bytes(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(count))));
        return static_cast<ssize_t>(count);
    }
    errno = EAGAIN;
    return -1;
}

modbus::woken line::wait_for_input(time_point until) {
    count_step();
    if (!open_) throw stuck("the link waits for a channel that isn't open");
    const bool comes = !arrivals_.empty() && next_at(arrivals_.front()) <= std::max(until, now_);
    wake(comes ? next_at(arrivals_.front()) : until);
    return comes ? modbus::woken::ready : modbus::woken::time;
}

modbus::woken line::wait_until(time_point until) {
    count_step();
    wake(until);
    return modbus::woken::time;
}

/// Mostly punctual; some wake-ups are late by the granularity of a busy system.
void line::wake(time_point at) {
    if (at <= now_) return;
    now_ = at;
    steps_ = 0;
    if (draw_.one_in(8)) now_ += nanoseconds(draw_.between(0, draw_.one_in(16) ? 2'000'000 : 80'000));
}

void line::count_step() {
    if (++steps_ > steps_max) throw stuck("the link turns in circles: time doesn't pass");
}

}  // namespace faults
