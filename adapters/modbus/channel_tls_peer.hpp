// adapters/modbus/channel_tls_peer.hpp: whether a device's certificate is believed, and if not, why, for a person; and the role
// that a certificate grants by Modbus/TCP Security.
// Not here: signatures and the chain's construction, which are mbedTLS's: its findings are told here, and none is waived unless
// the settings say so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/modbus/channel_tls_mbedtls.hpp"
#include "adapters/modbus/wire_settings.hpp"

namespace modbus {

class tls_peer {
public:
    /// `authorities_place`: where those stand that are believed, for the words.
    tls_peer(tls_verify what, std::string host, std::string authorities_place)
        : what_(what), host_(std::move(host)), authorities_place_(std::move(authorities_place)) {}

    /// Judges one certificate of the chain; the device's own (depth 0) comes last. `flags`: mbedTLS's findings, and ours when it
    /// returns.
    void judge(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags);
    bool was_judged() const { return !certificate_.empty(); }
    /// Why the device isn't believed; empty: it is, or nothing was judged yet.
    const std::string& refusal() const { return refusal_; }

private:
    std::string reasons(const mbedtls_x509_crt& certificate, std::uint32_t flags) const;

    tls_verify what_;
    std::string host_;
    std::string authorities_place_;
    std::string certificate_;  // what the device's says
    std::string refusal_;
};

/// Whether the certificate names the host: its alternative names count, and the common name only where there are none.
bool is_for(const mbedtls_x509_crt& certificate, const std::string& host);
bool is_address(const std::string& host);

/// "CN=plc, issued by CN=Plant CA, valid from 2026-01-01 to 2027-01-01"
std::string description(const mbedtls_x509_crt& certificate);

/// What the extension 1.3.6.1.4.1.50316.802.1 says (MODBUS/TCP Security Protocol Specification: "RoleOID", a UTF8String).
/// Nothing: it isn't there, or can't be read.
std::optional<std::string> role_of(const mbedtls_x509_crt& certificate);

}  // namespace modbus
