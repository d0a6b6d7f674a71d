// adapters/modbus/timing.hpp: how long characters and silences last on a serial line, and what a request costs.
// Pure arithmetic. Source: MODBUS over Serial Line V1.02, 2.5.1.1 (t1.5 and t3.5 are fixed above 19200 baud).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace modbus {

using std::chrono::nanoseconds;

struct line_format {
    std::uint32_t baud = 9600;
    char parity = 'E';  // 'N', 'E', 'O'
    std::uint8_t data_bits = 8;
    std::uint8_t stop_bits = 1;
    bool operator==(const line_format&) const = default;
};

/// One character: start bit, data, parity if any, stop bits.
constexpr nanoseconds character_time(const line_format& line) {
    const std::uint64_t bits = 1u + line.data_bits + (line.parity == 'N' ? 0u : 1u) + line.stop_bits;
    return nanoseconds(bits * 1'000'000'000u / line.baud);
}

/// The silence between frames.
constexpr nanoseconds frame_gap(const line_format& line) {
    return line.baud > 19200 ? nanoseconds(1'750'000) : character_time(line) * 7 / 2;
}

/// What the bus is taken for by one read: request (8 characters), the device's turnaround (never under the frame gap),
/// the response (5 characters and `data_bytes`), and the frame gap after it.
constexpr nanoseconds read_time(const line_format& line, std::size_t data_bytes, nanoseconds turnaround) {
    const nanoseconds gap = frame_gap(line);
    return character_time(line) * static_cast<std::int64_t>(8 + 5 + data_bytes) + (turnaround > gap ? turnaround : gap) + gap;
}

/// The same in ASCII frames, where a byte is two characters: request (17 characters: a colon, six bytes, the check, CR LF),
/// response (11 characters and the data).
constexpr nanoseconds ascii_read_time(const line_format& line, std::size_t data_bytes, nanoseconds turnaround) {
    const nanoseconds gap = frame_gap(line);
    return character_time(line) * static_cast<std::int64_t>(17 + 11 + 2 * data_bytes) + (turnaround > gap ? turnaround : gap) +
           gap;
}

}  // namespace modbus
