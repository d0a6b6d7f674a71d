// adapters/modbus/server_envelope.hpp: unit and PDU in a frame and out of it again, as a simulated device does it.
// Not here: the links' own framing, which this shares nothing with, so that a mistake there doesn't find its twin here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "adapters/modbus/pdu.hpp"

namespace modbus {

enum class envelope : std::uint8_t { rtu, ascii, mbap };

struct opened_frame {
    std::uint16_t transaction = 0;  // MBAP
    std::uint8_t unit = 0;
    std::vector<std::uint8_t> pdu;
};

/// Requires: a whole frame with a good check.
opened_frame open_frame(envelope how, bytes_view frame);
std::vector<std::uint8_t> close_frame(envelope how, std::uint16_t transaction, std::uint8_t unit, bytes_view pdu);

/// Whether the CRC at its end is right.
bool rtu_check_fits(bytes_view frame);
/// Bytes of an ASCII frame, ':' to CR LF: unit, PDU and LRC. Nothing: no frame with a good check.
std::optional<std::vector<std::uint8_t>> ascii_content(bytes_view frame);

}  // namespace modbus
