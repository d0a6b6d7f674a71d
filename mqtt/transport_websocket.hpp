// mqtt/transport_websocket.hpp: a WebSocket as a layer over another transport.
// Not here: the protocol (websocket.hpp).
#pragma once

#include <memory>

#include "mqtt/transport.hpp"
#include "mqtt/websocket_handshake.hpp"

namespace mqtt {

/// open()'s host and port are those of `below`, and of the request's Host. One write is one binary frame. end_of_writing()
/// sends a Close frame; the peer's own is the end of the stream, as an error of the read.
std::unique_ptr<transport> make_websocket_transport(boost::asio::io_context& loop, std::unique_ptr<transport> below,
                                                    websocket_settings how);

}  // namespace mqtt
