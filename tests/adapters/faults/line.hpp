// tests/adapters/faults/line.hpp: a line whose time is made up: what is sent over it, what comes back and when.
// Not here: who answers (plant.hpp), and what goes wrong (fault.hpp).
//
// A serial line gives its bytes one by one, a stream in the pieces that were sent, a datagram socket each datagram alone. Time
// passes only while the link waits, or is told to by the run; a wait may end a little late, as on a busy machine.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/modbus/channel.hpp"
#include "tests/adapters/faults/draw.hpp"
#include "tests/adapters/faults/frames.hpp"

namespace faults {

using modbus::time_point;
using std::chrono::nanoseconds;

enum class carrier : std::uint8_t { serial, stream, datagram };

/// The link goes on and on without waiting.
struct stuck : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class line {
public:
    enum class news : std::uint8_t { data, closed, reset, unplugged };
    struct opening {
        nanoseconds takes{0};
        std::string fault;  // empty: it opens
    };

    line(carrier how, nanoseconds character, std::uint64_t seed) : how_(how), character_(character), draw_(seed) {}

    // The plant's side.
    std::function<void(const bytes&)> on_request;  // what was sent, at the moment it was
    std::function<opening()> on_open = [] { return opening(); };
    std::function<void()> on_close;
    std::function<void(const std::string&)> tell;  // for the story
    /// To arrive from `when` on; on a serial line, later if another is still coming in.
    void deliver(time_point when, bytes what, line::news kind = line::news::data);
    /// What was to arrive gets lost with the connection.
    void forget_arrivals() { arrivals_.clear(); }
    /// A serial server passes to the next client what comes too late for the last one.
    bool passes_on = false;
    /// Bytes that are on a serial line between now and `until` meet others, and are spoilt; false: there are none.
    bool collide(time_point until);
    /// The end of the last byte that has come in so far, taken or not.
    time_point last_byte() const;
    /// The port is away, or the other side: what is sent fails.
    bool broken = false;

    // The run's side.
    time_point now() const { return now_; }
    void pass(time_point until) { now_ = std::max(now_, until); }
    bool nothing_to_come() const { return arrivals_.empty(); }
    nanoseconds character() const { return character_; }
    carrier kind() const { return how_; }
    bool is_open() const { return open_; }

private:
    friend class simulated_channel;
    struct arrival {
        time_point at;  // of the first byte's beginning
        bytes what;
        std::size_t taken = 0;
        line::news kind = line::news::data;
    };
    time_point next_at(const arrival& of) const;
    std::string open(nanoseconds timeout);
    void close();
    bool send(const bytes& what);
    ssize_t receive(std::span<std::uint8_t> to);
    modbus::woken wait_for_input(time_point until);
    modbus::woken wait_until(time_point until);
    void wake(time_point at);
    void count_step();

    carrier how_;
    nanoseconds character_;
    draw draw_;
    time_point now_{std::chrono::hours(1)};
    std::deque<arrival> arrivals_;  // by time
    bool open_ = false;
    time_point last_taken_{};  // the end of the last byte taken
    unsigned steps_ = 0;       // since time passed
};

class simulated_channel final : public modbus::channel {
public:
    /// `on` outlives this.
    explicit simulated_channel(line& on) : line_(on) {}

    modbus::channel::opened open(nanoseconds timeout, const modbus::interruption&) override {
        return {false, line_.open(timeout)};
    }
    void close() override { line_.close(); }
    bool is_open() const override { return line_.is_open(); }
    int descriptor() const override { throw stuck("the link waits for a descriptor behind the channel's back"); }
    bool send(modbus::bytes_view what) override { return line_.send(bytes(what.begin(), what.end())); }
    ssize_t receive(std::span<std::uint8_t> to) override { return line_.receive(to); }
    bool is_datagram() const override { return line_.kind() == carrier::datagram; }
    time_point now() const override { return line_.now(); }
    modbus::woken wait_for_input(time_point until, const modbus::interruption&) override { return line_.wait_for_input(until); }
    modbus::woken wait_until(time_point when, const modbus::interruption&) override { return line_.wait_until(when); }
    std::string name() const override { return "the simulated line"; }

private:
    line& line_;
};

}  // namespace faults
