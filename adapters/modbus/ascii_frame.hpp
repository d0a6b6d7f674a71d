// adapters/modbus/ascii_frame.hpp: ASCII frames: a colon, two hexadecimal digits for each byte, the LRC, CR and LF.
// Not here: time. Source: MODBUS over Serial Line V1.02, 2.5.2.
//
// A colon always begins a frame: what came before it, and wasn't ended by CR LF, is noise.
#pragma once

#include <cstdint>
#include <vector>

#include "adapters/modbus/frame_search.hpp"

namespace modbus {

/// The two's complement of the sum: over a whole frame, its LRC included, the sum is 0.
std::uint8_t lrc(bytes_view bytes);

std::vector<std::uint8_t> ascii_frame_of(std::uint8_t unit, bytes_view pdu);
search find_ascii_answer(bytes_view bytes, const looked_for& what);
search find_ascii_frames(bytes_view bytes);

}  // namespace modbus
