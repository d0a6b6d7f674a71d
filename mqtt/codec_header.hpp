// mqtt/codec_header.hpp: the fixed header that every packet begins with (2.1), read and checked.
// Not here: cutting a stream by its remaining length (framer.hpp).
#pragma once

#include <cstdint>

#include "mqtt/codec_bytes.hpp"

namespace mqtt {

struct fixed_header {
    packet_type type;
    std::uint8_t flags;
};

/// Checks the type, its flags but for PUBLISH's, its direction, and that the rest is as long as it says.
fixed_header read_fixed_header(reader& from, sender who);

}  // namespace mqtt
