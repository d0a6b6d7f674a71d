// config/address.hpp: broker URLs and references to secrets, checked as far as text can be.
// Not here: looking up a host, reading a secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "config/units.hpp"

namespace config {

/// `mqtt://host[:port]`, or mqtts://, ws://host[:port][/path], wss://; an IPv6 address in brackets, which the server's host has
/// not. A WebSocket's path is /mqtt unless there is one.
parsed<server> parse_url(std::string_view text);

struct proxy_address {
    std::string host;
    std::uint16_t port = 3128;
    bool operator==(const proxy_address&) const = default;
};
/// `http://host[:port]`.
parsed<proxy_address> parse_proxy_url(std::string_view text);

/// `@env:NAME`, `@file:/path`, `@cred:NAME`. What is wrong is said without repeating the text: it may be the secret.
parsed<secret_reference> parse_secret(std::string_view text);

}  // namespace config
