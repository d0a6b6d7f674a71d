// adapters/modbus/channel.hpp: a way for bytes to devices and back: a serial port, a TCP or TLS connection, a UDP socket.
// Not here: what is said over it, in which frames (link_*.hpp). One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include <poll.h>
#include <sys/types.h>

#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/rtu_frame.hpp"

namespace modbus {

class channel {
public:
    virtual ~channel() = default;

    struct opened {
        bool interrupted = false;
        std::string fault = {};  // for a person; empty and not interrupted: it is open
        // For a person, though it is open:
        std::string note = {};      // why answers may be late or missing
        std::string standing = {};  // as whom the device takes us, and why it may refuse
    };
    /// Requires: not open. Takes `timeout` at most, name look-up and handshake included.
    virtual channel::opened open(std::chrono::nanoseconds timeout, const interruption& interrupted) = 0;
    virtual void close() = 0;
    virtual bool is_open() const = 0;

    /// To poll for input. Requires: open.
    virtual int descriptor() const = 0;
    /// Whether receive() would give bytes that polling the descriptor doesn't show (decrypted already).
    virtual bool has_input() const { return false; }
    /// All of it, or false and errno. A peer that takes none of so few bytes is stuck: EAGAIN.
    virtual bool send(bytes_view bytes) = 0;
    /// What is there, without waiting: how many bytes; 0: the other side has closed; -1: errno, EAGAIN if there is nothing.
    /// Of a datagram socket one datagram.
    virtual ssize_t receive(std::span<std::uint8_t> to) = 0;
    /// Each receive() gives a whole message, and nothing else is part of it.
    virtual bool is_datagram() const { return false; }

    /// Time passes as the channel says, so that a test can have a line whose time is made up. The real ones don't override these.
    virtual time_point now() const { return modbus::now(); }
    /// Until there is input (`ready`), or it is `until`, or the interruption. Requires: open.
    virtual woken wait_for_input(time_point until, const interruption& interrupted) {
        return has_input() ? woken::ready : wait_for(descriptor(), POLLIN, until, interrupted);
    }
    /// Whatever comes in.
    virtual woken wait_until(time_point when, const interruption& interrupted) { return wait_for(-1, 0, when, interrupted); }

    /// For a person: "/dev/ttyUSB0", "10.0.0.5:502", "10.0.0.5:802 (TLS)".
    virtual std::string name() const = 0;
};

}  // namespace modbus
