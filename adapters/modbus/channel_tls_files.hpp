// adapters/modbus/channel_tls_files.hpp: the files that a tls bus names, as certificates and a key.
// Not here: what is believed of them (channel_tls_peer.hpp). Files are read anew for each connection, so that renewed ones are
// taken with the next.
#pragma once

#include "adapters/modbus/channel_tls_mbedtls.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

struct tls_files {
    certificate_chain authorities;
    std::string authorities_place;  // for the words
    certificate_chain own;
    secret_key key;
    bool has_own = false;

    /// Empty, or which file is wrong, why, and what to do.
    std::string read(const tls_settings& how, random_source& random);

private:
    std::string read_authorities(const std::string& path);
    std::string read_own(const tls_settings& how, random_source& random);
};

}  // namespace modbus
