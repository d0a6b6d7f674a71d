// mqtt/codec_reasons.hpp: which reason codes a packet may bear (2.4 and each packet's table), and 3.1.1's return codes.
// Not here: what a code means to a session, and its words (phrase in packet.hpp).
#pragma once

#include <cstdint>
#include <optional>

#include "mqtt/codec_bytes.hpp"
#include "mqtt/packet.hpp"

namespace mqtt {

/// MQTT 5.0: whether `who` may send this code in such a packet.
bool is_allowed(reason code, packet_type in, sender who);
bool is_allowed(reason code, packet_type in);  // from either side

/// A CONNACK return code of 3.1.1 (table 3.1) as MQTT 5.0's reason; nothing: reserved.
std::optional<reason> reason_of_return_code(std::uint8_t code);
/// The return code that comes nearest.
std::uint8_t return_code_of(reason code);

}  // namespace mqtt
