// tests/conformance/vectors_packet.hpp: a packet as mqtt-packet writes it (an object of JavaScript, as JSON) → our struct.
// Not here: running the vectors (vectors_main.cpp).
#pragma once

#include <boost/json.hpp>
#include <stdexcept>
#include <string>

#include "mqtt/packet.hpp"

namespace mqtt::test {

/// Our structs can't hold it: a number out of its type's range, a value of another type, an unknown command.
struct not_expressible : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Text, or a Buffer written by vectors.mjs.
std::string text_of(const boost::json::value& value);

packet packet_of(const boost::json::object& object, version how);

}  // namespace mqtt::test
