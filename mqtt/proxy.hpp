// mqtt/proxy.hpp: how an HTTP proxy is asked for a tunnel (RFC 9110, 9.3.6), and whether its answer grants it.
// Not here: the tunnel itself (transport_proxy.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mqtt/http_answer.hpp"

namespace mqtt {

struct proxy_settings {
    std::string host;
    std::uint16_t port = 3128;
    std::string username = {};
    std::optional<std::string> password = {};  // a secret
};

/// What makes a request of these settings impossible, in words without the password; "" if nothing does.
std::string fault_in(const proxy_settings& how);

/// "broker.example:8883"; an IPv6 address in brackets.
std::string host_and_port(const std::string& host, std::uint16_t port);

/// Requires: fault_in(how) == "". Asks for a tunnel to `host`, by the Basic scheme (RFC 7617) if there is a login.
std::string proxy_request(const proxy_settings& how, const std::string& host, std::uint16_t port);
/// Why there is no tunnel to `host`; "" if there is one.
std::string proxy_refusal(const proxy_settings& how, const std::string& host, std::uint16_t port, const http_answer& answer);

}  // namespace mqtt
