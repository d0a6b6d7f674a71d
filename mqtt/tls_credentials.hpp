// mqtt/tls_credentials.hpp: the settings' files as certificates, revocations and a key.
// Not here: the reading of files (tls_files.hpp); what is done with them (tls_engine.hpp, tls_verdict.hpp).
#pragma once

#include "mqtt/tls_files.hpp"
#include "mqtt/tls_mbedtls.hpp"

namespace mqtt {

struct tls_credentials {
    owned_chain authorities;
    owned_revocations revocations;
    owned_chain certificate;
    owned_key key;
};

/// "", or which file is wrong, why, and what to do. Wipes the files in `from` that may hold the key.
/// Requires: a key comes with a certificate.
[[nodiscard]] std::string parse(tls_files& from, const std::string& key_password, random_numbers& random, tls_credentials& into);

}  // namespace mqtt
