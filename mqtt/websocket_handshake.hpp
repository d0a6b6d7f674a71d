// mqtt/websocket_handshake.hpp: how a WebSocket is opened (RFC 6455, 4): the request, and whether the answer accepts it.
// Not here: reading the answer (http_answer.hpp), and the frames that follow (websocket.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/http_answer.hpp"

namespace mqtt {

struct websocket_settings {
    std::string path = "/mqtt";            // with its query, percent-encoded
    std::vector<http_field> headers = {};  // further ones for the request; their values may be secrets
    std::uint16_t default_port = 80;       // the one that goes without saying: 443 over TLS
    std::size_t largest_frame = 1u << 28;  // bytes; frames are handed on as they come, this only bounds what is plausible
};

/// What makes a request of these settings impossible, in words that hold no header's value; "" if nothing does.
std::string fault_in(const websocket_settings& how);

/// The key of one handshake: 16 random bytes in base64.
std::string websocket_key(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d);
/// Requires: fault_in(how) == "". Offers the subprotocol "mqtt" [MQTT-6.0.0-3].
std::string handshake_request(const websocket_settings& how, std::string_view host, std::uint16_t port, std::string_view key);
/// Why the answer doesn't open a WebSocket for MQTT; "" if it does.
std::string handshake_refusal(const http_answer& answer, std::string_view key);

}  // namespace mqtt
