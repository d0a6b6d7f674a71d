// adapters/modbus/server_pdu.hpp: what a simulated device answers to a request, whatever the frame around it.
// Not here: the values (register_source), the frames (server_envelope.hpp).
#pragma once

#include <vector>

#include "adapters/modbus/server.hpp"

namespace modbus {

/// The PDU that answers `pdu`. Function codes 1–8, 15, 16, 17, 20, 22, 23, 24 and 43/14; exception 1 to any other. A queue (24)
/// holds the holding registers behind its address that can be read, a file (20) all of them. Requires: `pdu` isn't empty.
std::vector<std::uint8_t> answer_pdu(register_source& values, std::uint8_t unit, bytes_view pdu);

}  // namespace modbus
