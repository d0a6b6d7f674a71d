// config/address.hpp: broker URLs and references to secrets, checked as far as text can be.
// Not here: looking up a host, reading a secret.
#pragma once

#include <string_view>

#include "config/model.hpp"
#include "config/units.hpp"

namespace config {

/// `mqtt://host[:port]`, an IPv6 address in brackets; the server's host has none.
parsed<server> parse_url(std::string_view text);

/// `@env:NAME`, `@file:/path`, `@cred:NAME`. What is wrong is said without repeating the text: it may be the secret.
parsed<secret_reference> parse_secret(std::string_view text);

}  // namespace config
