// adapters/modbus/server.hpp: answers Modbus requests as simulated devices do: over TCP, or over a pty with the pace of a line.
// Not here: the values (the caller supplies them). For `tidegate simulate` and the tests; never part of polling.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "adapters/modbus/link.hpp"

namespace modbus {

/// What the simulated devices hold. Called from the serving thread.
class register_source {
public:
    virtual ~register_source() = default;
    virtual bool has_unit(std::uint8_t unit) const = 0;  // no: the request is left unanswered (exception 11 over TCP)
    /// Fills `to` (registers, or bits as 0 and 1) and returns 0, or an exception code.
    virtual std::uint8_t read(const read_request& request, std::span<std::uint16_t> to) = 0;
};

struct server_events {
    std::function<void(const std::string& where)> listening;  // once
    std::function<void(const std::string& text)> note;
};

/// What a server has seen. On a line, with its pace, also what a real line would have suffered from.
struct server_counts {
    std::uint64_t requests = 0;    // whole ones, with a good CRC where there is one
    std::uint64_t answers = 0;     // exceptions included
    std::uint64_t damaged = 0;     // what came and was no request
    std::uint64_t early = 0;       // line: began within t3.5 of the last frame
    std::uint64_t collisions = 0;  // line: came while an answer was on its way
};

class server {
public:
    virtual ~server() = default;
    virtual bool run(register_source& values, const server_events& events) = 0;  // until interrupted; false after a note says why
    virtual void interrupt() = 0;                                                // from any thread
    virtual server_counts counts() const = 0;                                    // from any thread
};

/// A pty paced at the line's speed, reached under the configured port's name (a symbolic link made here, removed at the end).
/// `turnaround`: from a request's end to its answer's beginning, never under t3.5.
std::unique_ptr<server> make_server(const serial_settings& where, nanoseconds turnaround = nanoseconds(0));
/// Listens on the configured host if that is a loopback address, else on 127.0.0.1 (and says so); port 0: any free one.
std::unique_ptr<server> make_server(const tcp_settings& where);
/// Only says why not.
std::unique_ptr<server> make_server(const tls_settings& where);
std::unique_ptr<server> make_server(const rtu_over_tcp_settings& where);

}  // namespace modbus
