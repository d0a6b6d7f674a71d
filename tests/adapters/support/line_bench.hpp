// tests/adapters/support/line_bench.hpp: an exchange over a scripted channel, with a device that a test writes.
// Not here: links, which open and close (scripted_channel alone does for those).
#pragma once

#include <tuple>

#include "adapters/modbus/link_line.hpp"
#include "adapters/modbus/rtu_frame.hpp"
#include "tests/adapters/support/fake_device.hpp"
#include "tests/adapters/support/scripted_channel.hpp"

namespace modbus {

struct line_bench {
    static constexpr nanoseconds patient{20'000'000'000};
    static constexpr nanoseconds brief{20'000'000};

    /// The line's own pace isn't felt.
    static line_timing brisk() {
        line_timing timing;
        timing.timeout = brief;
        timing.late_window = patient;
        timing.slack = nanoseconds(5'000'000);
        return timing;
    }

    scripted_channel channel;
    interruption interrupted;
    line_exchange exchange;
    bytes at_once;  // said while the request is being sent

    explicit line_bench(scripted_channel::script script, const line_timing& timing = brisk(),
                        line_framing how = line_framing::rtu, line_exchange::echo heard = line_exchange::echo::unknown)
        : channel([this, answer_to = std::move(script)](const bytes& request) {
              if (!at_once.empty()) say(at_once, nanoseconds(0));
              answer_to(request);
          }),
          exchange(how, timing, heard, channel, interrupted) {
        std::ignore = channel.open(nanoseconds(0), interrupted);
        exchange.opened(line_exchange::way::port);
    }
    void say(const bytes& what, nanoseconds after = nanoseconds(1'000'000)) { channel.say(what, after); }
    time_point now() const { return channel.now(); }
    answer transact(const transaction& what, nanoseconds timeout = patient) { return exchange.transact(what, timeout); }
    answer read(const read_request& request, nanoseconds timeout) {
        answer got = transact(read_of(request), timeout);
        if (got.status == answer::status::ok) got.registers = decode_data(request, bytes_view(got.pdu).subspan(2));
        return got;
    }
    const std::vector<bytes>& asked() const { return channel.sent; }
};

}  // namespace modbus
