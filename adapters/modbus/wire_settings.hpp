// adapters/modbus/wire_settings.hpp: how a bus is reached: which port or host, and in which frames is spoken there.
// Not here: reading it from a config (points_wire.cpp), and opening it (channel_*.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "adapters/modbus/timing.hpp"

namespace modbus {

enum class serial_mode : std::uint8_t { rtu, ascii };

/// RS-485 with the direction switched by the port's driver, by its RTS line.
struct rs485_settings {
    bool rts_on_send = true;                      // the level of RTS that sends; false: it is low while sending
    nanoseconds delay_before{0}, delay_after{0};  // between RTS and the first or last bit; whole milliseconds
    bool rx_during_tx = false;                    // the receiver stays on while sending: one hears oneself
};

/// What all ways to devices have.
struct bus_manners {
    nanoseconds timeout{1'000'000'000};  // from the request's end to the answer's first byte
    nanoseconds request_spacing{0};      // the least silence before a request; on a serial line never under t3.5
    nanoseconds connect_delay{0};        // rest between opening and the first request
    nanoseconds close_when_idle{0};      // so long after the last request, port or connection is given back; 0: it is kept
    /// For opening: look-up, connection, handshake. 0: as `timeout`.
    nanoseconds connect_timeout{0};
    nanoseconds time_to_open() const { return connect_timeout > nanoseconds(0) ? connect_timeout : timeout; }

    // Of RTU and ASCII frames, which bear no number:
    bool echo = false;                              // one hears oneself
    nanoseconds broadcast_turnaround{200'000'000};  // rest after a request to all
    /// ASCII: the longest pause within a frame. 0: as `timeout`, but no more than the second that the specification has.
    nanoseconds character_timeout{0};
    nanoseconds longest_pause() const {
        return character_timeout > nanoseconds(0) ? character_timeout : std::min(timeout, nanoseconds(1'000'000'000));
    }
    // Of frames with the MBAP header:
    std::uint16_t max_inflight = 1;  // requests under way at once
};

struct serial_settings : bus_manners {
    std::string port;
    line_format line;
    serial_mode mode = serial_mode::rtu;
    std::optional<rs485_settings> rs485;  // none: the port's driver or hardware needs no telling
    bool low_latency = true;              // ask the driver to pass bytes on at once
    serial_settings() { timeout = nanoseconds(500'000'000); }
};

struct host_settings : bus_manners {
    std::string host;
    std::uint16_t port = 0;
};

/// Modbus TCP: frames with the MBAP header.
struct tcp_settings : host_settings {
    tcp_settings() { port = 502; }
};

/// What of the server's certificate is checked. `chain_only`: who vouches for it, and when, but not its name.
enum class tls_verify : std::uint8_t { full, chain_only, none };

/// The same inside TLS: "Modbus/TCP Security".
struct tls_settings : host_settings {
    std::string ca_file;           // whom to believe; empty: whom the system believes
    std::string certificate_file;  // our own, and after it those that vouch for it; empty: none is shown
    std::string key_file;          // its key; empty: it is in certificate_file
    std::string server_name;       // whom the server's certificate must name; empty: `host`
    tls_verify verify = tls_verify::full;
    tls_settings() { port = 802; }
};
/// RTU frames (with CRC, without MBAP) through a serial server.
struct rtu_over_tcp_settings : host_settings {};
/// ASCII frames through a serial server.
struct ascii_over_tcp_settings : host_settings {};
/// Frames with the MBAP header, each a datagram.
struct udp_settings : host_settings {
    udp_settings() { port = 502; }
};
/// RTU frames, each a datagram.
struct rtu_over_udp_settings : host_settings {};

using wire_settings = std::variant<serial_settings, tcp_settings, tls_settings, rtu_over_tcp_settings, ascii_over_tcp_settings,
                                   udp_settings, rtu_over_udp_settings>;

/// What all of them have.
inline const bus_manners& manners_of(const wire_settings& wire) {
    return std::visit([](const auto& how) -> const bus_manners& { return how; }, wire);
}
inline bus_manners& manners_of(wire_settings& wire) {
    return std::visit([](auto& how) -> bus_manners& { return how; }, wire);
}

/// Whether frames bear the MBAP header: units 0 to 255, and answers that say which request they belong to.
inline bool has_mbap(const wire_settings& wire) {
    return std::holds_alternative<tcp_settings>(wire) || std::holds_alternative<tls_settings>(wire) ||
           std::holds_alternative<udp_settings>(wire);
}

}  // namespace modbus
