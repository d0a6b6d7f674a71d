// tests/adapters/support/scripted_channel.hpp: a channel whose other side does what a script says, in time that is made up.
// Not here: any descriptor, thread or clock. Time passes only while somebody waits.
#pragma once

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/modbus/channel.hpp"

namespace modbus {

class scripted_channel final : public channel {
public:
    using bytes = std::vector<std::uint8_t>;
    using script = std::function<void(const bytes& sent)>;

    /// Called with whatever is sent, all of it at once.
    script on_send;
    script on_open = [](const bytes&) {};
    bool datagram = false;
    std::string fault;   // what open() answers, if anything
    int send_error = 0;  // errno of every send, if not 0
    std::vector<bytes> sent;
    std::vector<time_point> sent_at;
    int times_opened = 0;

    explicit scripted_channel(script on_request) : on_send(std::move(on_request)) {}

    /// The other side says something, `after` from now on; things said for the same moment come together, in a stream.
    void say(bytes what, std::chrono::nanoseconds after = std::chrono::milliseconds(1)) {
        put({time_ + after, std::move(what), nullptr, false});
    }
    void close_after(std::chrono::nanoseconds after) { put({time_ + after, {}, nullptr, true}); }
    /// So that something else happens then: an interruption, a device that comes back.
    void call_after(std::chrono::nanoseconds after, std::function<void()> what) {
        put({time_ + after, {}, std::move(what), false});
    }
    void pass(std::chrono::nanoseconds time) { advance(time_ + time); }

    channel::opened open(std::chrono::nanoseconds, const interruption& interrupted) override {
        if (interrupted.raised()) return {true, ""};
        if (!fault.empty()) return {false, fault};
        open_ = true;
        ended_ = false;
        ++times_opened;
        on_open({});
        return {};
    }
    void close() override {
        open_ = false;
        ready_.clear();
        // What is under way to a connection that is gone reaches nobody.
        std::erase_if(coming_, [](const event& each) { return !each.call; });
    }
    bool is_open() const override { return open_; }
    int descriptor() const override { return -1; }
    bool send(bytes_view what) override {
        if (send_error != 0) {
            errno = send_error;
            return false;
        }
        sent.emplace_back(what.begin(), what.end());
        sent_at.push_back(time_);
        const bytes copy = sent.back();
        on_send(copy);
        return true;
    }
    ssize_t receive(std::span<std::uint8_t> to) override {
        advance(time_);
        if (ready_.empty()) {
            if (ended_) return 0;
            errno = EAGAIN;
            return -1;
        }
        bytes& first = ready_.front();
        const std::size_t count = std::min(first.size(), to.size());
        std::copy_n(first.begin(), count, to.begin());
        first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(count));
        if (first.empty() || datagram) ready_.pop_front();
        return static_cast<ssize_t>(count);
    }
    bool is_datagram() const override { return datagram; }

    time_point now() const override { return time_; }
    woken wait_for_input(time_point until, const interruption& interrupted) override {
        advance(time_);
        for (;;) {
            if (interrupted.raised()) return woken::interrupted;
            if (has_arrived()) return woken::ready;
            if (coming_.empty() || coming_.front().at > until) break;
            advance(coming_.front().at);
        }
        advance(until);
        return woken::time;
    }
    woken wait_until(time_point when, const interruption& interrupted) override {
        while (!interrupted.raised() && !coming_.empty() && coming_.front().at <= when) advance(coming_.front().at);
        if (interrupted.raised()) return woken::interrupted;
        advance(when);
        return woken::time;
    }
    std::string name() const override { return "script"; }

private:
    struct event {
        time_point at;
        bytes what;
        std::function<void()> call;
        bool end = false;
    };
    void put(event one) {
        const auto behind = std::upper_bound(coming_.begin(), coming_.end(), one,
                                             [](const event& left, const event& right) { return left.at < right.at; });
        coming_.insert(behind, std::move(one));
    }
    bool has_arrived() const { return !ready_.empty() || ended_; }
    void advance(time_point to) {
        while (!coming_.empty() && coming_.front().at <= to) {
            event one = std::move(coming_.front());
            coming_.pop_front();
            time_ = std::max(time_, one.at);
            if (one.call) {
                one.call();
            } else if (one.end) {
                ended_ = true;
            } else if (open_) {
                // In a stream, what has come and wasn't taken is one.
                if (datagram || ready_.empty()) ready_.emplace_back();
                ready_.back().insert(ready_.back().end(), one.what.begin(), one.what.end());
            }
        }
        time_ = std::max(time_, to);
    }

    time_point time_{std::chrono::hours(1)};
    bool open_ = false, ended_ = false;
    std::deque<event> coming_;
    std::deque<bytes> ready_;
};

}  // namespace modbus
