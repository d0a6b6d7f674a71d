// adapters/modbus/server.hpp: answers Modbus requests as simulated devices do: over TCP, or over a pty with the pace of a line.
// Not here: the values (the caller supplies them). For `tidegate simulate` and the tests; never part of polling.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/modbus/link.hpp"
#include "adapters/modbus/server_envelope.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

struct write_request {
    std::uint8_t unit = 1;
    table to = table::holding;
    std::uint16_t address = 0;
    std::span<const std::uint16_t> values;  // registers, or bits as 0 and 1
};

/// Something that leaves for the master: an answer, or what became of it.
struct departure {
    nanoseconds after{0};  // from the request's end; on a line never under its t3.5
    std::vector<std::uint8_t> bytes;
    bool hangs_up = false;  // afterwards the connection is closed; of no meaning on a line
};

/// What the simulated devices hold, and how they answer. Called from the serving thread.
class register_source {
public:
    virtual ~register_source() = default;
    virtual bool has_unit(std::uint8_t unit) const = 0;  // no: the request is left unanswered (exception 11 over MBAP)
    /// Fills `to` (registers, or bits as 0 and 1) and returns 0, or an exception code.
    virtual std::uint8_t read(const read_request& request, std::span<std::uint16_t> to) = 0;
    /// 0, or an exception code.
    virtual std::uint8_t write(const write_request&) { return 1; }
    /// Function codes 17 and 43 tell it.
    virtual std::string name_of(std::uint8_t unit) const { return "unit " + std::to_string(unit); }
    /// What goes out for `answer`, a whole frame, and when: nothing, or several, or something else. By default just that, at
    /// once.
    virtual std::vector<departure> departures(envelope, std::uint8_t /*unit*/, bytes_view /*request*/,
                                              std::vector<std::uint8_t> answer) {
        return {{nanoseconds(0), std::move(answer), false}};
    }
};

struct server_events {
    std::function<void(const std::string& where)> listening;  // once
    std::function<void(const std::string& text)> note;
};

/// What a server has seen. On a line, with its pace, also what a real line would have suffered from.
struct server_counts {
    std::uint64_t requests = 0;     // whole ones, with a good CRC where there is one
    std::uint64_t answers = 0;      // exceptions included
    std::uint64_t damaged = 0;      // what came and was no request
    std::uint64_t early = 0;        // line: began within t3.5 of the last frame
    std::uint64_t collisions = 0;   // line: came while an answer was on its way
    std::uint64_t out_of_pace = 0;  // line: answers that came later than t3.5 or tore, as this machine was too busy
};

class server {
public:
    virtual ~server() = default;
    virtual bool run(register_source& values, const server_events& events) = 0;  // until interrupted; false after a note says why
    virtual void interrupt() = 0;                                                // from any thread
    virtual server_counts counts() const = 0;                                    // from any thread
};

/// A pty paced at the line's speed, RTU or ASCII, reached under the configured port's name (a symbolic link made here, removed at
/// the end).
/// `turnaround`: from a request's end to its answer's beginning, never under t3.5.
std::unique_ptr<server> make_server(const serial_settings& where, nanoseconds turnaround = nanoseconds(0));
/// Listens on the configured host if that is a loopback address, else on 127.0.0.1 (and says so); port 0: any free one.
std::unique_ptr<server> make_server(const tcp_settings& where);
/// Only says why not.
std::unique_ptr<server> make_server(const tls_settings& where);
std::unique_ptr<server> make_server(const rtu_over_tcp_settings& where);
std::unique_ptr<server> make_server(const ascii_over_tcp_settings& where);
/// The same for datagrams.
std::unique_ptr<server> make_server(const udp_settings& where);
std::unique_ptr<server> make_server(const rtu_over_udp_settings& where);

}  // namespace modbus
