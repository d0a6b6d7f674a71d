// mqtt/transport_stack.hpp: the layers that lead to an endpoint: TCP, then a proxy's tunnel, TLS and WebSocket as it asks for
// them. Not here: the layers themselves.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "mqtt/http_answer.hpp"
#include "mqtt/proxy.hpp"
#include "mqtt/tls.hpp"
#include "mqtt/transport.hpp"

namespace mqtt {

struct connection_settings {
    mqtt::endpoint endpoint;
    std::optional<proxy_settings> proxy = {};
    tls_settings tls = {};                           // for mqtts and wss
    std::vector<http_field> websocket_headers = {};  // their values may be secrets
    std::chrono::seconds keepalive{60};              // MQTT's; 0: off
};

/// What would let no connection be opened, in words without secrets; "" if nothing does. To be asked before the start.
std::string fault_in(const connection_settings& how);

/// To be opened with the endpoint's host and port.
std::unique_ptr<transport> make_transport(boost::asio::io_context& loop, const connection_settings& how);

struct websocket_settings;
/// What of it concerns the WebSocket: in words of websocket_handshake.hpp, which is no public header.
websocket_settings websocket_settings_for(const connection_settings& how);

/// How long TCP waits for a peer that vanished: as long as MQTT does, which gives up half a keep-alive after its ping, or less.
tcp_settings tcp_settings_for(std::chrono::seconds keepalive);

}  // namespace mqtt
