// mqtt/tls_credentials.cpp: parses what the settings' files hold.
// Not here: whether the server is believed (tls_verdict.hpp).
#include "mqtt/tls_credentials.hpp"

#include <mbedtls/pkcs12.h>
#include <mbedtls/pkcs5.h>

#include "mqtt/tls_key.hpp"

namespace mqtt {
namespace {

void wipe(std::string& secret) { mbedtls_platform_zeroize(secret.data(), secret.size()); }

/// What mbedTLS takes for a size: PEM is text, and counts its end.
std::size_t size_of(const std::string& bytes) {
    return bytes.find("-----BEGIN ") == std::string::npos ? bytes.size() : bytes.size() + 1;
}

/// One in a bundle that mbedTLS can't read (an uncommon curve) takes nothing from the others.
std::string parse_authorities(const tls_files& from, mbedtls_x509_crt* into) {
    for (const auto& file : from.authorities) mbedtls_x509_crt_parse(into, raw(file.bytes), size_of(file.bytes));
    if (into->version == 0) return from.authorities_place + " holds no certificate (PEM or DER)";
    return {};
}

std::string parse_revocations(const tls_file& from, mbedtls_x509_crl* into) {
    const int error = mbedtls_x509_crl_parse(into, raw(from.bytes), size_of(from.bytes));
    if (error == 0 && into->version != 0) return {};
    const auto words = error != 0 ? ": " + library_words(error) : std::string();
    return "crl_file " + from.path + " holds no list of revoked certificates (PEM or DER)" + words;
}

std::string parse_certificate(const tls_file& from, mbedtls_x509_crt* into) {
    const int result = mbedtls_x509_crt_parse(into, raw(from.bytes), size_of(from.bytes));
    if (result == 0 && into->version != 0) return {};
    if (result > 0) return "certificate_file " + from.path + " is damaged: not all of its certificates can be read";
    return "certificate_file " + from.path + " holds no certificate (PEM or DER): " + library_words(result);
}

std::string key_words(int error, const std::string& path) {
    const std::string file = "key_file " + path;
    switch (error) {
        case MBEDTLS_ERR_PK_PASSWORD_REQUIRED:
            return file + " is encrypted: set key_password";
        case MBEDTLS_ERR_PK_PASSWORD_MISMATCH:
            return "key_password isn't the password of " + file;
        case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
        case MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE:
        case MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE:
        case MBEDTLS_ERR_PKCS12_FEATURE_UNAVAILABLE:
            return file + " is of a kind that can't be read here: " + library_words(error) +
                   "; \"openssl pkcs8 -topk8 -v2 aes-256-cbc\" writes one that can";
        default:
            return file + " holds no private key (PEM or DER): " + library_words(error);
    }
}

int parse_any_key(const tls_file& from, const std::string& password, random_numbers& random, mbedtls_pk_context* into) {
    const int result = parse_key(into, raw(from.bytes), size_of(from.bytes), password, random);
    if (result != MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE) return result;
    auto opened = open_key(from.bytes, password);
    if (!opened) return result;
    const int error = parse_key(into, raw(opened->bytes), opened->bytes.size(), "", random);
    wipe(opened->bytes);
    return error == 0 ? 0 : MBEDTLS_ERR_PK_PASSWORD_MISMATCH;
}

std::string parse_own_key(const tls_file& from, const std::string& password, random_numbers& random, mbedtls_pk_context* into) {
    const int error = parse_any_key(from, password, random, into);
    return error == 0 ? "" : key_words(error, from.path);
}

}  // namespace

std::string parse(tls_files& from, const std::string& key_password, random_numbers& random, tls_credentials& into) {
    std::string error;
    if (!from.authorities_place.empty()) error = parse_authorities(from, into.authorities.get());
    if (error.empty() && from.revocations) error = parse_revocations(*from.revocations, into.revocations.get());
    if (error.empty() && from.certificate) error = parse_certificate(*from.certificate, into.certificate.get());
    if (from.key) {
        if (error.empty()) error = parse_own_key(*from.key, key_password, random, into.key.get());
        wipe(from.key->bytes);
        wipe(from.certificate->bytes);  // which may hold the key, too
        if (error.empty() && check_pair(&into.certificate->pk, into.key.get(), random) != 0)
            error = "key_file " + from.key->path + " isn't the key of the first certificate in certificate_file " +
                    from.certificate->path + ": name the two that belong together";
    }
    return error;
}

}  // namespace mqtt
