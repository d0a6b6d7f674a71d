// adapters/modbus/server_line.cpp: simulated devices on one bus, over a pseudo-terminal that keeps the pace of a serial line.
// Not here: the terminal and its name (server_pty), and what the devices answer (server_framing).
//
// A pty passes bytes on at once. Here every character takes its time in both directions: a request counts as received when its
// last bit could have come, a frame as ended after t3.5 of silence, and each byte of an answer is written when its last bit
// would be there, by absolute deadlines so that a late wake-up doesn't slow the line. Tests and benches see what a master does
// wrong: requests within t3.5 of the last frame, and bytes sent into an answer.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/server_framing.hpp"
#include "adapters/modbus/server_pty.hpp"

namespace modbus {
namespace {

constexpr std::size_t frame_max = 256;

class line_server final : public server {
public:
    line_server(const serial_settings& where, nanoseconds turnaround)
        : port_(where.port),
          parity_(where.line.parity),
          fault_(fault_of(where.line)),
          character_(fault_.empty() ? character_time(where.line) : nanoseconds(0)),
          gap_(fault_.empty() ? frame_gap(where.line) : nanoseconds(0)),
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
        while (serve_one({values, counters_})) {
        }
        terminal_ = -1;
        return interrupted_.raised();
    }

    void interrupt() override { interrupted_.raise(); }
    server_counts counts() const override { return counters_.now(); }

private:
    bool serve_one(served by);
    bool receive_frame();
    void receive_bytes(time_point at);
    bool send(const std::vector<std::uint8_t>& answer, time_point begin);

    std::string port_;
    char parity_;
    std::string fault_;
    nanoseconds character_, gap_, turnaround_;
    int terminal_ = -1;
    interruption interrupted_;
    server_counters counters_;
    std::vector<std::uint8_t> frame_;  // as far as received
    time_point line_free_{};           // when the last byte's last bit has passed, either way
};

/// False: interrupted.
bool line_server::serve_one(served by) {
    if (!receive_frame()) return false;
    const std::vector<std::uint8_t> answer = answer_rtu(by, frame_);
    frame_.clear();
    return answer.empty() || send(answer, line_free_ + turnaround_);
}

/// Until t3.5 of silence have followed a byte. False: interrupted.
bool line_server::receive_frame() {
    for (;;) {
        const bool begun = !frame_.empty();
        const time_point until = begun ? line_free_ + gap_ : now() + std::chrono::hours(1);
        switch (wait_for(terminal_, POLLIN, until, interrupted_)) {
            case woken::interrupted:
                return false;
            case woken::ready:
                receive_bytes(now());
                break;
            case woken::time:
                if (begun) return true;
        }
    }
}

void line_server::receive_bytes(time_point at) {
    std::array<std::uint8_t, frame_max> chunk;
    const ssize_t count = ::read(terminal_, chunk.data(), chunk.size());
    if (count <= 0) return;
    // Bytes of one frame follow each other at once; what comes after a pause, yet within t3.5, should have waited.
    if (at > line_free_ + (frame_.empty() ? nanoseconds(0) : character_ * 3 / 2) && at < line_free_ + gap_) ++counters_.early;
    line_free_ = std::max(line_free_, at) + character_ * static_cast<std::int64_t>(count);
    if (frame_.size() < 2 * frame_max) frame_.insert(frame_.end(), chunk.begin(), chunk.begin() + count);
}

bool line_server::send(const std::vector<std::uint8_t>& answer, time_point begin) {
    std::size_t sent = 0;
    while (sent < answer.size()) {
        const time_point due = begin + character_ * static_cast<std::int64_t>(sent + 1);
        switch (wait_for(terminal_, POLLIN, due, interrupted_)) {
            case woken::interrupted:
                return false;
            case woken::ready: {
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
