// adapters/modbus/link_make.cpp: puts framing and channel together, as the settings ask.
// Not here: what either does.
#include "adapters/modbus/link_make.hpp"

#include <utility>

#include "adapters/modbus/channel_serial.hpp"
#include "adapters/modbus/channel_tcp.hpp"
#include "adapters/modbus/channel_tls.hpp"
#include "adapters/modbus/channel_udp.hpp"
#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_idle.hpp"

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
    std::unique_ptr<link> operator()(const tls_settings& how) const {
        return make_link(framing::mbap, std::make_unique<tls_channel>(how), how);
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
};

}  // namespace

std::unique_ptr<link> make_link(framing how, std::unique_ptr<channel> over, const bus_manners& manners,
                                const std::optional<line_format>& port_line) {
    if (how == framing::mbap) return make_mbap_link(std::move(over), manners);
    return make_line_link(how == framing::ascii ? line_framing::ascii : line_framing::rtu, std::move(over), manners, port_line);
}

std::unique_ptr<link> make_link(const wire_settings& wire) {
    auto made = std::visit(maker{}, wire);
    const nanoseconds idle = manners_of(wire).close_when_idle;
    return idle > nanoseconds(0) ? std::make_unique<idle_link>(std::move(made), idle) : std::move(made);
}

std::optional<answer> open_channel(channel& over, const bus_manners& manners, const interruption& interrupted,
                                   channel::opened& found) {
    found = over.open(manners.time_to_open(), interrupted);
    if (found.interrupted) return was_interrupted();
    if (!found.fault.empty()) return no_answer(answer_status::down, found.fault);
    if (manners.connect_delay <= nanoseconds(0)) return std::nullopt;
    if (over.wait_until(over.now() + manners.connect_delay, interrupted) == woken::interrupted) return was_interrupted();
    return std::nullopt;
}

void annotate(answer& got, const channel::opened& found) {
    constexpr std::uint8_t illegal_function = 1;  // also for who lacks the role for it
    const bool refused = got.status == answer_status::exception && got.exception_code == illegal_function;
    const std::string& what = refused ? found.standing : got.status == answer_status::silent ? found.note : std::string();
    if (!what.empty()) got.detail += " (" + what + ")";
}

}  // namespace modbus
