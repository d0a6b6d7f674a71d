// mqtt/digest.hpp: the few cryptographic functions that SCRAM and WebSocket need: digests, base64, a comparison that tells
// nothing by its time.
// Not here: TLS (tls.hpp) and the exchanges themselves. All are pure, and in and out are bytes, not text, unless they say so.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mqtt {

inline constexpr std::size_t sha1_size = 20;
inline constexpr std::size_t sha256_size = 32;

/// For WebSocket's handshake alone (RFC 6455 4.2.2), where it guards nothing.
std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
/// RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// RFC 8018 5.2 with HMAC-SHA-256, its first block of 32 bytes: SCRAM's Hi(). Takes about a second for a million iterations
/// on a small board: the caller bounds what a peer may ask for. Requires: iterations > 0.
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned iterations);

/// RFC 4648 4, padded, without line breaks.
std::string base64_encode(std::string_view bytes);
/// Takes only what base64_encode writes: no spaces, no missing padding, no bits that are lost.
std::optional<std::string> base64_decode(std::string_view text);

/// Takes a time that depends on the sizes alone.
bool equal_in_constant_time(std::string_view one, std::string_view other);

}  // namespace mqtt
