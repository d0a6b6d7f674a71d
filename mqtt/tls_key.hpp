// mqtt/tls_key.hpp: opens a private key that OpenSSL 3 has encrypted: PKCS #8 with PBES2, PBKDF2 by HMAC-SHA-256 and AES-CBC
// (RFC 5958 3, RFC 8018 6.2). mbedTLS 2.28 knows no AES there, and it is what "openssl genpkey -aes256" writes.
// Not here: every other kind of key, which mbedTLS reads by itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mqtt {

struct opened_key {
    std::string bytes;  // PKCS #8 in DER, a secret; empty: the password is wrong
};

/// `file`: PEM. Nothing: the key isn't of this kind.
std::optional<opened_key> open_key(std::string_view file, const std::string& password);

}  // namespace mqtt
