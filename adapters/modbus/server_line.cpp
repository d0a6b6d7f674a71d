// adapters/modbus/server_line.cpp: simulated devices on one bus, over a pseudo-terminal that keeps the pace of a serial line.
// Not here: the terminal and its name (server_pty), and what the devices answer (server_framing).
//
// A pty passes bytes on at once. Here every character takes its time in both directions: a request counts as received when its
// last bit could have come, a frame as ended after t3.5 of silence, and each byte of an answer is written when its last bit
// would be there, by absolute deadlines so that a late wake-up doesn't slow the line. Tests and benches see what a master does
// wrong: requests within t3.5 of the last frame, and bytes sent into an answer. Where the machine is too busy for the pace, an
// answer has silences that no frame has: whoever speaks then does nothing wrong. In ASCII a frame ends with CR LF, and silences
// mean nothing. While one device is late, the others are there.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <utility>

#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/server_framing.hpp"
#include "adapters/modbus/server_pty.hpp"

namespace modbus {
namespace {

constexpr std::size_t frame_max = 513;  // of ASCII; RTU's are 256

class line_server final : public server {
public:
    line_server(const serial_settings& where, nanoseconds turnaround)
        : port_(where.port),
          parity_(where.line.parity),
          fault_(fault_of(where.line)),
          character_(fault_.empty() ? character_time(where.line) : nanoseconds(0)),
          gap_(fault_.empty() ? frame_gap(where.line) : nanoseconds(0)),
          ascii_(where.mode == serial_mode::ascii),
          turnaround_(std::max(turnaround, gap_)) {}

    bool run(register_source& values, const server_events& events) override {
        published_pty terminal;
        const std::string fault = fault_.empty() ? terminal.open(port_) : port_ + ": " + fault_;
        if (!fault.empty()) {
            note(events, fault);
            return false;
        }
        if (parity_ != 'N') {
            note(
                events,
                port_ + ": a pseudo-terminal can't do parity: to use it, set parity none and stop_bits 2 (the pace is the same)");
        }
        announce(events, port_);
        sharpen_timers();
        terminal_ = terminal.master();
        while (serve_some({values, counters_})) {
        }
        terminal_ = -1;
        return interrupted_.raised();
    }

    void interrupt() override { interrupted_.raise(); }
    server_counts counts() const override { return counters_.now(); }

private:
    struct pending {
        time_point at;
        std::vector<std::uint8_t> bytes;
    };
    enum class event : std::uint8_t { interrupted, frame, due };

    bool serve_some(served by);
    event await_event();
    void receive_bytes(time_point at);
    void answer(served by);
    bool send(const std::vector<std::uint8_t>& answer, time_point begin);

    std::string port_;
    char parity_;
    std::string fault_;
    nanoseconds character_, gap_;
    bool ascii_;
    nanoseconds turnaround_;
    int terminal_ = -1;
    interruption interrupted_;
    server_counters counters_;
    std::vector<std::uint8_t> frame_;  // as far as received
    bool ended_ = false;               // ASCII: there is an end of a frame in it
    bool excused_ = false;             // the last answer wasn't in pace: the next request may come at any time
    std::deque<pending> pending_;      // answers, by time
    time_point line_free_{};           // when the last byte's last bit has passed, either way
};

/// False: interrupted.
bool line_server::serve_some(served by) {
    switch (await_event()) {
        case event::interrupted:
            return false;
        case event::frame:
            answer(by);
            return true;
        case event::due:
            break;
    }
    const pending next = std::move(pending_.front());
    pending_.pop_front();
    return send(next.bytes, std::max(next.at, line_free_ + gap_));
}

/// A frame is whole when t3.5 of silence have followed a byte. Nothing is sent into one.
line_server::event line_server::await_event() {
    for (;;) {
        const bool begun = ascii_ ? ended_ : !frame_.empty();
        time_point until = now() + std::chrono::hours(1);
        if (begun) {
            until = line_free_ + (ascii_ ? nanoseconds(0) : gap_);
        } else if (!pending_.empty()) {
            until = pending_.front().at;
        }
        switch (wait_for(terminal_, POLLIN, until, interrupted_)) {
            case woken::interrupted:
                return event::interrupted;
            case woken::ready:
                receive_bytes(now());
                break;
            case woken::time:
                if (begun) return event::frame;
                if (!pending_.empty()) return event::due;
        }
    }
}

void line_server::answer(served by) {
    std::vector<departure> leaves;
    if (ascii_) {
        serve_ascii_stream(by, frame_, leaves);
        ended_ = false;
    } else {
        leaves = answer_frame(envelope::rtu, by, frame_);
        frame_.clear();
    }
    for (departure& each : leaves) {
        pending one{line_free_ + std::max(each.after, turnaround_), std::move(each.bytes)};
        const auto after = std::upper_bound(pending_.begin(), pending_.end(), one.at,
                                            [](time_point at, const pending& other) { return at < other.at; });
        pending_.insert(after, std::move(one));
    }
}

void line_server::receive_bytes(time_point at) {
    std::array<std::uint8_t, frame_max> chunk;
    const ssize_t count = ::read(terminal_, chunk.data(), chunk.size());
    if (count <= 0) return;
    // Bytes of one frame follow each other at once; what comes after a pause, yet within t3.5, should have waited.
    if (!ascii_ && !excused_ && at > line_free_ + (frame_.empty() ? nanoseconds(0) : character_ * 3 / 2) &&
        at < line_free_ + gap_)
        ++counters_.early;
    excused_ = false;
    line_free_ = std::max(line_free_, at) + character_ * static_cast<std::int64_t>(count);
    if (frame_.size() < 2 * frame_max) frame_.insert(frame_.end(), chunk.begin(), chunk.begin() + count);
    ended_ = ended_ || std::find(chunk.begin(), chunk.begin() + count, '\n') != chunk.begin() + count;
}

bool line_server::send(const std::vector<std::uint8_t>& answer, time_point begin) {
    std::size_t sent = 0;
    bool in_pace = true;
    while (sent < answer.size()) {
        const time_point due = begin + character_ * static_cast<std::int64_t>(sent + 1);
        const woken why = wait_for(terminal_, POLLIN, due, interrupted_);
        if (in_pace && now() > due + gap_) {
            in_pace = false;
            excused_ = true;
            ++counters_.out_of_pace;
        }
        switch (why) {
            case woken::interrupted:
                return false;
            case woken::ready: {
                // For the master the answer had ended, or would never come: this is the next request.
                if (!in_pace) return true;
                // Two talk at once: neither is understood. What the master sent is gone, and our byte is spoilt.
                std::array<std::uint8_t, frame_max> lost;
                if (::read(terminal_, lost.data(), lost.size()) > 0) ++counters_.collisions;
                break;
            }
            case woken::time: {
                // All that is due by now: after a late wake-up, more than one.
                const auto passed = static_cast<std::size_t>((now() - begin) / character_);
                const std::size_t ready = std::min(std::max(passed, sent + 1), answer.size());
                line_free_ = now();
                const ssize_t count = ::write(terminal_, answer.data() + sent, ready - sent);
                if (count < 0 && errno != EAGAIN && errno != EINTR) return true;
                sent = ready;
            }
        }
    }
    return true;
}

}  // namespace

std::unique_ptr<server> make_server(const serial_settings& where, nanoseconds turnaround) {
    return std::make_unique<line_server>(where, turnaround);
}

}  // namespace modbus
