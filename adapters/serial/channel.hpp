// adapters/serial/channel.hpp: the way to a bus's devices: a serial port, or a TCP connection; and the clock that goes with it.
// Not here: what is said over it (dialogue.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/serial/definition.hpp"

namespace serial {

/// One thread's, but for interrupt(). Opened when first used; after `lost` it is to be closed.
class channel {
public:
    virtual ~channel() = default;

    /// Empty: it is open. Else why not, for a person. Requires: it isn't.
    virtual std::string open(nanoseconds timeout) = 0;
    virtual void close() = 0;
    virtual bool is_open() const = 0;
    virtual time_point now() const = 0;

    enum class heard : std::uint8_t { bytes, nothing, interrupted, lost };
    /// Appends what is there; waits for the first byte up to `until`. Once interrupted, always interrupted.
    virtual heard read(std::string& to, time_point until) = 0;
    /// All of it, or false: it is lost.
    virtual bool write(std::string_view bytes) = 0;
    /// Drops what has come and hasn't been read.
    virtual void discard() = 0;
    /// Empty, or why not. What has been written before is sent at the old speed.
    virtual std::string set_baud(std::uint32_t baud) = 0;
    /// Whether closing it does away with answers that are still to come.
    virtual bool forgets_when_closed() const = 0;
    virtual std::string name() const = 0;
    virtual bool interrupted() const = 0;
    /// From any thread; for good.
    virtual void interrupt() noexcept = 0;
};

std::unique_ptr<channel> make_channel(const port_settings& where);
std::unique_ptr<channel> make_channel(const tcp_settings& where);

}  // namespace serial
