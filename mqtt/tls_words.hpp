// mqtt/tls_words.hpp: what went wrong with TLS, in a person's words.
// Not here: what is wrong with a certificate (tls_verdict.hpp).
#pragma once

#include <string>
#include <string_view>

namespace mqtt {

/// What there is to know when the connection fails.
struct tls_circumstances {
    bool anything_received = false;
    bool server_accepted = false;  // its certificate passed our checks
    bool data_received = false;    // of the application
    std::string own_certificate;   // a description; "": there is none
};

/// A fatal alert of the server (RFC 8446 6.2).
std::string alert_words(int alert, const tls_circumstances& when);
/// The stream ended before the handshake did.
std::string end_words(const tls_circumstances& when);
/// An error of the TLS library that has no better words; `during` is "handshake" or "connection".
std::string failure_words(int error, std::string_view during);
/// The first bytes of a server that doesn't speak TLS.
std::string not_tls_words(std::string_view bytes);
/// A record of TLS begins with an alert (21) or a handshake message (22); the server can't send anything else first.
bool may_be_tls(char first_byte);

}  // namespace mqtt
