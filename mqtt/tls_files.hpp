// mqtt/tls_files.hpp: the files that TLS's settings name, as bytes.
// Not here: what the bytes mean (tls_credentials.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mqtt/tls.hpp"

namespace mqtt {

struct tls_file {
    std::string path;
    std::string bytes;
};

struct tls_files {
    std::vector<tls_file> authorities;
    std::string authorities_place;  // in words: "ca_file /etc/ca.pem"
    std::optional<tls_file> revocations;
    std::optional<tls_file> certificate;
    std::optional<tls_file> key;
};

/// Reads what is needed, within bounds; "", or what can't be read, why, and what to do.
[[nodiscard]] std::string read_tls_files(const tls_settings& how, tls_files& into);

}  // namespace mqtt
