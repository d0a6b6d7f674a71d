// tests/adapters/faults/fault.hpp: the kinds of faults, the transports, and which befalls which.
// Not here: how a fault is made (plant.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/adapters/faults/line.hpp"

namespace faults {

struct transport {
    std::string_view name;
    framing frames;
    carrier bytes;
};
// TLS is the exchange of `tcp` over another channel: its own faults are the channel's.
constexpr std::array<transport, 7> transports{{{"rtu", framing::rtu, carrier::serial},
                                               {"ascii", framing::ascii, carrier::serial},
                                               {"tcp", framing::mbap, carrier::stream},
                                               {"rtu_over_tcp", framing::rtu, carrier::stream},
                                               {"ascii_over_tcp", framing::ascii, carrier::stream},
                                               {"udp", framing::mbap, carrier::datagram},
                                               {"rtu_over_udp", framing::rtu, carrier::datagram}}};

enum class fault : std::uint8_t {
    // The answer comes at another time.
    late_in_window,     // after the time-out, while its unit is left alone
    late_after_window,  // after that
    late_by_far,        // after several other requests
    lost,
    split,  // whole and in time, but in pieces
    // Something else comes with it, or in its place.
    duplicated,
    glued,            // another frame is right behind it
    foreign_unit,     // another unit's answer of the same shape
    foreign_traffic,  // another master's request and its answer
    noise_before,
    noise_after,
    noise_inside,
    glitch,  // a 00 before it, as when an RS-485 driver is switched on
    echo,
    // It is damaged, or not what was asked for.
    truncated,
    flipped,
    wrong_function,
    wrong_count,
    wrong_transaction,
    wrong_protocol,
    wrong_length,
    exception,
    // The device or the way to it is away.
    silent,
    half_open,  // nothing comes, nothing closes
    closed,     // after any byte of the answer
    reset,
    refused,
    limited,  // connections are taken and closed at once
    unplugged,
    babble,
};

struct fault_row {
    fault kind;
    std::string_view name;
};
constexpr std::array<fault_row, 30> fault_table{{{fault::late_in_window, "late in window"},
                                                 {fault::late_after_window, "late after window"},
                                                 {fault::late_by_far, "late by far"},
                                                 {fault::lost, "lost"},
                                                 {fault::split, "split"},
                                                 {fault::duplicated, "duplicated"},
                                                 {fault::glued, "glued"},
                                                 {fault::foreign_unit, "foreign unit"},
                                                 {fault::foreign_traffic, "foreign traffic"},
                                                 {fault::noise_before, "noise before"},
                                                 {fault::noise_after, "noise after"},
                                                 {fault::noise_inside, "noise inside"},
                                                 {fault::glitch, "glitch 00"},
                                                 {fault::echo, "echo"},
                                                 {fault::truncated, "truncated"},
                                                 {fault::flipped, "bits flipped"},
                                                 {fault::wrong_function, "wrong function"},
                                                 {fault::wrong_count, "wrong byte count"},
                                                 {fault::wrong_transaction, "wrong transaction"},
                                                 {fault::wrong_protocol, "wrong protocol"},
                                                 {fault::wrong_length, "wrong length"},
                                                 {fault::exception, "exceptions"},
                                                 {fault::silent, "silent"},
                                                 {fault::half_open, "half-open"},
                                                 {fault::closed, "closed"},
                                                 {fault::reset, "reset"},
                                                 {fault::refused, "refused"},
                                                 {fault::limited, "limited"},
                                                 {fault::unplugged, "unplugged"},
                                                 {fault::babble, "babble"}}};

constexpr bool befalls(fault kind, const transport& which) {
    const bool checked = which.frames != framing::mbap;  // has a CRC or LRC; MBAP has the transaction number
    switch (kind) {
        case fault::flipped:
        case fault::noise_inside:  // without a check, damage to data is nobody's to see: TCP and UDP have sums of their own
        case fault::glitch:
        case fault::foreign_traffic:
            return checked;
        case fault::split:
            return checked || which.bytes != carrier::datagram;  // there a datagram is a whole frame
        case fault::wrong_transaction:
        case fault::wrong_protocol:
        case fault::wrong_length:
            return !checked;
        case fault::half_open:
        case fault::closed:
        case fault::refused:
        case fault::limited:
            return which.bytes == carrier::stream;
        case fault::reset:
            return which.bytes != carrier::serial;
        case fault::unplugged:
            return which.bytes == carrier::serial;
        default:
            return true;
    }
}

/// Of the whole line, and not of one unit's answers.
constexpr bool is_outage(fault kind) { return kind >= fault::silent && kind != fault::closed; }

/// The answer is nevertheless there, whole and in time: the read it befalls must succeed.
constexpr bool is_harmless(fault kind, const transport& which) {
    // Nothing in a stream of MBAP frames tells where the next begins, once there is something else in it.
    if (kind == fault::noise_after) return which.frames != framing::mbap;
    return kind == fault::split || kind == fault::duplicated || kind == fault::glued || kind == fault::glitch;
}

/// What it puts into the stream is still there after the answer that it came with.
constexpr bool stays_in_stream(fault kind, const transport& which) {
    return kind == fault::noise_after && which.frames == framing::mbap && which.bytes == carrier::stream;
}

}  // namespace faults
