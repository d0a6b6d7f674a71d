// mqtt/codec_connect.hpp: CONNECT and CONNACK, the two packets that negotiate, read and appended.
// Not here: the other packets (codec_decode.cpp, codec_encode.cpp).
#pragma once

#include <string>

#include "mqtt/codec_bytes.hpp"
#include "mqtt/packet.hpp"

namespace mqtt {

// After the fixed header; a failure is the reader's.
connect read_connect(reader& from, sender who);
connack read_connack(reader& from, sender who);

// Without the fixed header.
void append_connect(std::string& to, const connect& what, version how);
void append_connack(std::string& to, const connack& what, version how);

}  // namespace mqtt
