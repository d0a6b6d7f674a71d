// mqtt/codec_view.hpp: a PUBLISH read in place, for decode() and decode_publish() alike.
// Not here: the packets that are read into structs (codec_decode.cpp).
#pragma once

#include <cstdint>

#include "mqtt/codec_bytes.hpp"

namespace mqtt {

/// After the fixed header; a failure is the reader's. The views are into the reader's bytes.
publish_view read_publish(reader& from, std::uint8_t flags, sender who);

}  // namespace mqtt
