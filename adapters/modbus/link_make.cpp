// adapters/modbus/link_make.cpp: puts framing and channel together, as the settings ask.
// Not here: what either does.
#include "adapters/modbus/link_make.hpp"

#include <cassert>
#include <utility>

#include "adapters/modbus/channel_serial.hpp"
#include "adapters/modbus/channel_tcp.hpp"
#include "adapters/modbus/channel_udp.hpp"
#include "adapters/modbus/link_answer.hpp"

namespace modbus {
namespace {

struct maker {
    std::unique_ptr<link> operator()(const serial_settings& how) const {
        bus_manners manners = how;
        // A driver that leaves the receiver on while it sends hears itself.
        if (how.rs485 && how.rs485->rx_during_tx) manners.echo = true;
        return make_link(how.mode == serial_mode::ascii ? framing::ascii : framing::rtu, std::make_unique<serial_channel>(how),
                         manners, how.line);
    }
    std::unique_ptr<link> operator()(const tcp_settings& how) const {
        return make_link(framing::mbap, std::make_unique<tcp_channel>(how), how);
    }
    std::unique_ptr<link> operator()(const rtu_over_tcp_settings& how) const {
        return make_link(framing::rtu, std::make_unique<tcp_channel>(how), how);
    }
    std::unique_ptr<link> operator()(const ascii_over_tcp_settings& how) const {
        return make_link(framing::ascii, std::make_unique<tcp_channel>(how), how);
    }
    std::unique_ptr<link> operator()(const udp_settings& how) const {
        return make_link(framing::mbap, std::make_unique<udp_channel>(how), how);
    }
    std::unique_ptr<link> operator()(const rtu_over_udp_settings& how) const {
        return make_link(framing::rtu, std::make_unique<udp_channel>(how), how);
    }
    template <typename Other>
    std::unique_ptr<link> operator()(const Other&) const {
        assert(false);
        return nullptr;
    }
};

}  // namespace

std::unique_ptr<link> make_link(framing how, std::unique_ptr<channel> over, const bus_manners& manners,
                                const std::optional<line_format>& port_line) {
    if (how == framing::mbap) return make_mbap_link(std::move(over), manners);
    return make_line_link(how == framing::ascii ? line_framing::ascii : line_framing::rtu, std::move(over), manners, port_line);
}

std::unique_ptr<link> make_link(const wire_settings& wire) { return std::visit(maker{}, wire); }

std::optional<answer> open_channel(channel& over, const bus_manners& manners, const interruption& interrupted) {
    const auto opened = over.open(manners.time_to_open(), interrupted);
    if (opened.interrupted) return was_interrupted();
    if (!opened.fault.empty()) return no_answer(answer_status::down, opened.fault);
    if (manners.connect_delay <= nanoseconds(0)) return std::nullopt;
    if (over.wait_until(over.now() + manners.connect_delay, interrupted) == woken::interrupted) return was_interrupted();
    return std::nullopt;
}

}  // namespace modbus
