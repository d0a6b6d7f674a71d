// tests/mqtt/support/certificates.hpp: makes the certificates, keys and lists of revoked certificates that a test needs.
// Not here: files; all of it is PEM text.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mqtt::test {

enum class purpose { any, server, client };
enum class key_kind { p256, rsa_1024, rsa_2048 };

/// A certificate to be made. Times are "YYYYMMDDhhmmss".
struct wish {
    std::string subject = "CN=broker.example";
    std::vector<std::string> names = {"broker.example"};  // host names or addresses; none: no such extension
    purpose what_for = purpose::server;
    std::string from = "20200101000000";
    std::string to = "20990101000000";
    bool authority = false;
    bool by_sha1 = false;
    bool signs_only_others = false;  // its key usage is an authority's, though it is none
    key_kind key = key_kind::p256;
    int serial = 1;
    std::vector<std::pair<std::string, std::string>> extensions = {};  // others: identifier and content, both in DER
};

struct identity {
    std::string certificate;  // PEM
    std::string key;          // PEM
    std::string subject;
};

/// `issuer`: none: it is self-signed.
identity make_identity(const wish& what, const identity* issuer = nullptr);
identity make_authority(const std::string& subject = "CN=Plant CA");
/// The certificate for a key that exists.
identity make_identity_for(const wish& what, const std::string& key, const std::string& password, const identity* issuer);

std::string make_revocations(const identity& issuer, const std::vector<int>& serials,
                             const std::string& next_update = "20990101000000Z", const std::string& from = "20200101000000Z");

/// One key, encrypted by OpenSSL with the password "open sesame": in the form of old; in OpenSSL 3's (PKCS #8, AES-256); in the
/// same with AES-128; and in a form that hardly anybody uses (scrypt).
extern const char* const traditional_key;
extern const char* const modern_key;
extern const char* const modern_key_128;
extern const char* const scrypt_key;

}  // namespace mqtt::test
