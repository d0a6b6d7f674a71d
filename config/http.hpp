// config/http.hpp: the part of the file below `http`: where the status page is served, and who may see it.
// Not here: serving it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/units.hpp"
#include "config/values.hpp"

namespace config {

struct listen_address {
    std::string host;  // an IPv4 or IPv6 address, without brackets
    std::uint16_t port = 0;
    bool operator==(const listen_address&) const = default;
};

/// `127.0.0.1:8377`, `[::1]:8377`, `localhost:8377`; port 0: any that is free.
parsed<listen_address> parse_listen(std::string_view text);

/// Only this machine reaches it.
bool is_loopback(std::string_view address);

http read_http(const value& from, const grammar& rules, findings& out);

/// What contradicts the rest of the file.
void check_http(const file& file, findings& out);

}  // namespace config
