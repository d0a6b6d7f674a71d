// mqtt/tls.hpp: a connection encrypted by TLS 1.2 or newer, over any other transport; and who is believed to be at its end.
// Not here: the protocol (tls_engine.hpp). Always off, without a setting: TLS below 1.2, SHA-1 signatures, RSA keys below
// 2048 bits, renegotiation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mqtt/transport.hpp"

namespace mqtt {

/// Off is for a laboratory: anybody on the way can then read and change what is sent.
enum class tls_check { on, off };

/// A certificate that a server has shown, believed or not.
struct shown_certificate {
    std::string words;          // whose it is, by whom, from when to when, for which names
    int depth = 0;              // 0: the server's own; above it those that vouch for it
    std::int64_t valid_to = 0;  // Unix time
};

/// Files are PEM or DER, and are read anew for each connection, so that renewed ones are taken with the next.
struct tls_settings {
    std::string ca_file = {};    // who is trusted to vouch for a server; with ca_folder empty, too: whom the system trusts
    std::string ca_folder = {};  // each certificate in it; other files in it don't matter
    std::string crl_file = {};   // revoked certificates; must hold the list of whoever issued the server's. Empty: no check
    std::string certificate_file = {};  // the client's own, and after it those that vouch for it. Empty: none
    std::string key_file = {};          // the client's key; empty: it is in certificate_file
    std::string key_password = {};      // a secret
    std::vector<std::string> alpn =
        {};                        // protocols to offer, the favourite first; a server that selects none is taken all the same
    std::string server_name = {};  // who the server must be; empty: the host that is connected to
    tls_check verify_chain = tls_check::on;  // off: nobody need vouch for the server, and no date is checked
    tls_check verify_host = tls_check::on;   // off: whatever name the certificate bears
    /// Told of each certificate in each handshake, the server's own last; empty: nobody is.
    std::function<void(const shown_certificate&)> on_certificate = {};
};

/// A digest of what is in the files now, so that it is seen when they are renewed; "": one of them can't be read.
std::string content_of_files(const tls_settings& how);
/// What a connection would say of the files before it sends a byte; "": nothing.
std::string fault_in_files(const tls_settings& how);

/// open() opens `below`, and is done when the handshake is and all checks have passed; nothing is written before. The end of
/// the stream is told as transport.hpp's closed_by_peer only if the peer said that it is one; otherwise it may have been
/// cut short. A handshake without end is the caller's to give up.
std::unique_ptr<transport> make_tls_transport(boost::asio::io_context& loop, std::unique_ptr<transport> below,
                                              const tls_settings& how);

}  // namespace mqtt
