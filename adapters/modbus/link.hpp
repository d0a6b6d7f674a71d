// adapters/modbus/link.hpp: one request on the wire, its answer or what went wrong, back. Whatever the framing and the channel.
// Not here: which registers to ask for (plan.hpp) and what they mean (codec.hpp). Blocking; one thread, but for interrupt().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/modbus/channel.hpp"
#include "adapters/modbus/pdu.hpp"
#include "adapters/modbus/timing.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

struct answer {
    enum class status : std::uint8_t {
        ok,
        exception,  // the device answered with an exception: it is alive
        silent,     // no valid answer in time
        down,       // port or connection can't be opened, or was lost
        interrupted,
    };
    answer::status status = status::silent;
    std::uint8_t exception_code = 0;
    std::vector<std::uint8_t> pdu;         // ok: function code and data; empty after a broadcast
    std::vector<std::uint16_t> registers;  // read(), ok: count registers, or count bits, each 0 or 1
    std::string detail;                    // not ok: a phrase for a person
    nanoseconds turnaround{0};             // ok or exception: from the request's end to the answer's first byte
    bool sent = false;                     // bytes of the request may have left: a device may have carried it out
};

/// What went over the wire, for somebody who watches it. `age`: of its last byte; negative: it is still being sent. `discarded`:
/// bytes that were no answer: noise, an echo, a damaged, late or foreign frame.
enum class wire_event : std::uint8_t { sent, received, discarded };
using wire_listener = std::function<void(wire_event what, bytes_view bytes, nanoseconds age)>;

class link {
public:
    virtual ~link() = default;
    /// Opens port or connection where it isn't open. An answer is never taken for another request's: after a time-out the
    /// same unit is not asked again before a late answer can no longer come. `timeout` 0: as configured. What doesn't only read
    /// is sent once at most. A request to unit 0 on a line is a broadcast: `ok` once the turnaround delay is over.
    virtual answer transact(const transaction& what, nanoseconds timeout) = 0;
    /// From any thread: a request that waits, and every later one, returns `interrupted`.
    virtual void interrupt() = 0;
    /// Gives port or connection back; the next request opens it again. What is owed is remembered. Not while one is under way.
    virtual void release() {}

    /// From now on told of every frame; empty: nobody is, and it costs nothing. From the thread of transact().
    virtual void watch(wire_listener) {}

    /// How often a connection was lost that nobody had given back: behind the next one there may be another device.
    virtual std::uint64_t losses() const { return 0; }

    /// How many requests may be under way at once.
    virtual std::size_t most_at_once() const { return 1; }
    /// As many answers, in the same order. Requires: no more than most_at_once(), none of which has an effect.
    virtual std::vector<answer> transact_all(std::span<const transaction> what, nanoseconds timeout);

    virtual answer read(const read_request& request, nanoseconds timeout);
    virtual std::vector<answer> read_all(std::span<const read_request> requests, nanoseconds timeout);
};

enum class framing : std::uint8_t { rtu, ascii, mbap };

/// Talks over `over`, which it opens and closes as need be. `port_line`: the channel is the line itself, whose pace is known;
/// else an RTU or ASCII line is at the other end of a network.
std::unique_ptr<link> make_link(framing how, std::unique_ptr<channel> over, const bus_manners& manners,
                                const std::optional<line_format>& port_line = std::nullopt);
/// With the channel that the settings ask for.
std::unique_ptr<link> make_link(const wire_settings& wire);

/// What is wrong with a line as this system's serial ports go; empty: nothing. Asked by make_link's port, too, at its opening.
std::string fault_of(const line_format& line);

}  // namespace modbus
