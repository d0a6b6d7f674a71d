// adapters/modbus/rtu_frame.hpp: RTU frames as bytes: the CRC, and finding an answer among noise and other frames.
// Not here: time. When to stop waiting, and what silence means, is link_line's business.
//
// The end of an answer is known by its length, never by silence: an operating system that delivers bytes late, or a USB
// adapter that gathers them for 16 ms, makes silences that aren't on the wire. Every offset is tried, so a glitch byte before
// an answer, the local echo of a two-wire adapter and whole frames of others are stepped over. Only where the function is none
// that we know, the line's silence behind a good CRC has to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "adapters/modbus/frame_search.hpp"

namespace modbus {

/// CRC-16/MODBUS. Over a whole frame, its CRC (low byte first) included, it is 0.
std::uint16_t crc16(bytes_view bytes);
bool crc_fits(bytes_view frame);
void append_crc(std::vector<std::uint8_t>& frame);

constexpr std::size_t request_size = 8;  // of a read
constexpr std::size_t exception_size = 5;

std::vector<std::uint8_t> rtu_frame_of(std::uint8_t unit, bytes_view pdu);
search find_rtu_answer(bytes_view bytes, const looked_for& what);
search find_rtu_frames(bytes_view bytes);

}  // namespace modbus
