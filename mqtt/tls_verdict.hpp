// mqtt/tls_verdict.hpp: whether the server is believed to be who it should be; if not, which check failed and what the
// certificate says, for a person.
// Not here: signatures and the chain's construction, which are mbedTLS's; its findings are told here and none is waived
// unless the settings say so. Name constraints aren't known to mbedTLS: a certificate in which they are critical is refused.
#pragma once

#include <cstdint>
#include <string>

#include "mqtt/tls.hpp"
#include "mqtt/tls_mbedtls.hpp"

namespace mqtt {

class tls_verdict {
public:
    struct expectations {
        std::string host;
        tls_check verify_chain = tls_check::on;
        tls_check verify_host = tls_check::on;
        std::string authorities_place;                  // for the words
        std::string crl_place;                          // for the words
        const mbedtls_x509_crl* revocations = nullptr;  // none: no check
        std::function<void(const shown_certificate&)> on_certificate = {};
    };
    explicit tls_verdict(expectations what) : expected_(std::move(what)) {}

    /// Judges one certificate of the chain; the server's own (depth 0) comes last. `flags`: mbedTLS's findings, and ours
    /// when it returns. Not 0: the handshake must end.
    int judge(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags);
    /// What mbedTLS finds after the chain is judged.
    void add_findings(std::uint32_t flags);

    /// The server's certificate was judged, whatever the outcome.
    bool is_given() const { return !server_.empty(); }
    /// Why the server isn't believed; "": it is, or nothing was judged yet.
    const std::string& refusal() const { return refusal_; }

private:
    void refuse(const std::string& whose, const std::string& reasons, const std::string& says);

    const expectations expected_;
    std::string server_;  // what its certificate says
    std::string refusal_;
};

/// "CN=broker, issued by CN=Plant CA, valid from 2026-01-01 to 2027-01-01, for broker.example, 10.0.0.5"
std::string description(const mbedtls_x509_crt& certificate);

}  // namespace mqtt
