// mqtt/tls_name.hpp: whether a name in a certificate is that of a host (RFC 6125 6.4, RFC 2818 3.1).
// Not here: getting the names out of the certificate (tls_verdict.hpp). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mqtt {

/// The 4 or 16 bytes of the address, when the host is an address and not a name. An IPv6 address's zone isn't part of it.
std::optional<std::string> address_bytes(std::string_view host);
/// 4 or 16 bytes → as a person writes it; any other number: "".
std::string address_text(std::string_view bytes);

/// Letters count alike in both cases. A '*' stands for one whole label, the leftmost, above a name of two labels or more.
bool is_name_of(std::string_view name, std::string_view host);

/// The host without the dot that may end it.
std::string_view without_last_dot(std::string_view host);

}  // namespace mqtt
