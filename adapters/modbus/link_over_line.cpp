// adapters/modbus/link_over_line.cpp: the link where frames bear no number: a serial port, or a line behind a serial server.
// Not here: the exchange of frames (link_line), the channel.
//
// A connection to a serial server is kept after a time-out, since a server often admits one client only and is slow to notice
// that it left; late answers are told apart as on a serial line. After two time-outs in a row it is opened anew. A socket
// for datagrams costs nothing to open: after each time-out there is another one, which an answer to the old one doesn't reach.
#include <algorithm>
#include <utility>

#include "adapters/modbus/link_line.hpp"
#include "adapters/modbus/link_make.hpp"

namespace modbus {
namespace {

constexpr unsigned silent_max = 2;

line_timing timing_of(line_framing how, const bus_manners& manners, const std::optional<line_format>& port_line) {
    line_timing timing;
    timing.spacing = manners.request_spacing;
    timing.timeout = manners.timeout;
    timing.broadcast_turnaround = manners.broadcast_turnaround;
    if (how == line_framing::ascii) timing.character_timeout = manners.longest_pause();
    if (port_line) {
        timing.character = character_time(*port_line);
        timing.gap = frame_gap(*port_line);
        timing.silence += 3 * timing.gap;
    } else {
        timing.slack = manners.timeout;  // the network may cut an answer anywhere, and was given so long for its beginning
        timing.silence = nanoseconds(100'000'000);
    }
    return timing;
}

class line_link final : public link {
public:
    line_link(line_framing how, std::unique_ptr<channel> over, const bus_manners& manners,
              const std::optional<line_format>& port_line)
        : manners_(manners),
          is_port_(port_line.has_value()),
          channel_(std::move(over)),
          exchange_(how, timing_of(how, manners, port_line),
                    manners.echo ? line_exchange::echo::certain : line_exchange::echo::unknown, *channel_, interrupted_) {}

    answer transact(const transaction& what, nanoseconds timeout) override {
        if (what.unit == 0 && only_reads(what)) return no_answer(answer_status::silent, "unit 0 is a broadcast: nobody answers");
        if (!is_port_ && silent_in_a_row_ >= (channel_->is_datagram() ? 1 : silent_max)) close();
        const bool reused = channel_->is_open();
        answer result = attempt(what, timeout);
        // A server may close an idle connection, which shows only when it is used.
        const bool may_repeat = !result.sent || only_reads(what);
        if (result.status == answer_status::down && reused && !is_port_ && may_repeat) result = attempt(what, timeout);
        silent_in_a_row_ = result.status == answer_status::silent ? silent_in_a_row_ + 1 : 0;
        annotate(result, found_);
        return result;
    }

    void interrupt() override { interrupted_.raise(); }
    void release() override { close(); }
    void watch(wire_listener to) override { exchange_.watch(std::move(to)); }
    std::uint64_t losses() const override { return losses_; }

private:
    answer attempt(const transaction& what, nanoseconds timeout) {
        if (interrupted_.raised()) return was_interrupted();
        if (!channel_->is_open()) {
            if (auto failed = open_channel(*channel_, manners_, interrupted_, found_)) return *std::move(failed);
            exchange_.opened(is_port_ ? line_exchange::way::port : line_exchange::way::connection);
        }
        answer result = exchange_.transact(what, timeout);
        if (result.status == answer_status::down) ++losses_;
        if (result.status == answer_status::down)
            result.detail = channel_->name() + ": " + result.detail + (is_port_ ? " (unplugged?)" : "");
        return result;
    }

    void close() {
        silent_in_a_row_ = 0;
        channel_->close();
    }

    const bus_manners manners_;
    const bool is_port_;
    interruption interrupted_;
    const std::unique_ptr<channel> channel_;
    line_exchange exchange_;
    channel::opened found_;  // at the last opening
    std::uint64_t losses_ = 0;
    unsigned silent_in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<link> make_line_link(line_framing how, std::unique_ptr<channel> over, const bus_manners& manners,
                                     const std::optional<line_format>& port_line) {
    return std::make_unique<line_link>(how, std::move(over), manners, port_line);
}

}  // namespace modbus
