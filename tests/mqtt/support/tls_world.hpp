// tests/mqtt/support/tls_world.hpp: a plant's authority, broker and gateway with their certificates, made once a program.
// Not here: the making (certificates.hpp).
#pragma once

#include "mqtt/tls_files.hpp"
#include "tests/mqtt/support/tls_server.hpp"

namespace mqtt::test {

struct tls_world {
    identity authority = make_authority();
    identity broker = make_identity({}, &authority);
    identity gateway = make_identity({.subject = "CN=gateway 7", .names = {}, .what_for = purpose::client}, &authority);

    server_settings server(tls_version version = tls_version::v1_2) const { return server_of(broker, version); }
    static server_settings server_of(const identity& who, tls_version version = tls_version::v1_2) {
        return {.certificates = who.certificate, .key = who.key, .client_authority = {}, .alpn = {}, .version = version};
    }

    /// The client's, as if they had been read from /ca.pem and so on.
    tls_files files() const { return trusting(authority.certificate); }
    static tls_files trusting(const std::string& certificates) {
        tls_files result;
        result.authorities.push_back({"/ca.pem", certificates});
        result.authorities_place = "ca_file /ca.pem";
        return result;
    }
    static tls_files with_own(tls_files files, const identity& who) {
        files.certificate = {"/own.pem", who.certificate};
        files.key = {"/own.key", who.key};
        return files;
    }
    static tls_files with_revocations(tls_files files, const std::string& list) {
        files.revocations = {"/crl.pem", list};
        return files;
    }
};

inline const tls_world& plant() {
    static const tls_world it;
    return it;
}

}  // namespace mqtt::test
