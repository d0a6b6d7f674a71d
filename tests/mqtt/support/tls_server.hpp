// tests/mqtt/support/tls_server.hpp: the server's end of TLS, without sockets; and what drives it against our engine.
// Not here: our own end (mqtt/tls_engine.hpp).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/tls_engine.hpp"
#include "tests/mqtt/support/certificates.hpp"

namespace mqtt::test {

enum class tls_version { v1_1, v1_2, v1_3 };

/// Those of 1.2 and 1.3 that the library has.
std::vector<tls_version> tls_versions();

struct server_settings {
    std::string certificates;  // PEM, its own first
    std::string key;
    std::string client_authority;  // PEM; empty: it asks for no client certificate
    std::vector<std::string> alpn;
    tls_version version = tls_version::v1_2;  // no other
    bool may_renegotiate = false;
    bool signs_by_sha1 = false;       // its key exchange, in TLS 1.2
    bool has_short_dh_prime = false;  // of 1024 bits, for Diffie-Hellman without curves; needs an RSA key
};

class tls_server {
public:
    explicit tls_server(const server_settings& how);
    ~tls_server();
    tls_server(const tls_server&) = delete;
    tls_server& operator=(const tls_server&) = delete;

    void feed(std::string_view bytes);
    std::string take_bytes();

    bool is_open() const;
    const std::string& received() const;  // of the application
    bool was_told_the_end() const;        // the client's close_notify
    const std::string& error() const;     // the library's words
    std::string protocol() const;         // selected by ALPN
    std::string name() const;             // asked for by SNI; 3.6's server doesn't keep it
    void write(std::string_view bytes);
    void close_notify();
    void send_alert(int description);  // a fatal one
    void ask_for_renegotiation();

private:
    class connection;
    std::unique_ptr<connection> connection_;
};

std::span<const std::byte> bytes_of(std::string_view text);

/// Carries bytes both ways, `step` at a time, until there are no more. What the client has read is returned.
std::string exchange(tls_engine& client, tls_server& server, std::size_t step = 16384);

}  // namespace mqtt::test
