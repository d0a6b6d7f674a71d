// adapters/modbus/channel_tls_mbedtls.hpp: mbedTLS's objects with owners, and the places where 2.28 (Debian 12) and 3.6 (Debian
// 13) differ. Not here: any decision. Only channel_tls*.cpp include mbedTLS.
#pragma once

#include <mbedtls/version.h>
// The version comes first: it says where the configuration is.
#include <mbedtls/asn1.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#include <string>
#include <string_view>

namespace modbus {

template <typename T, void (*Init)(T*), void (*Free)(T*)>
class owned_by_us {
public:
    owned_by_us() { Init(&value_); }
    ~owned_by_us() { Free(&value_); }
    owned_by_us(const owned_by_us&) = delete;
    owned_by_us& operator=(const owned_by_us&) = delete;
    T* get() { return &value_; }
    T* operator->() { return &value_; }

private:
    T value_;
};

using certificate_chain = owned_by_us<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free>;
using secret_key = owned_by_us<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using tls_configuration = owned_by_us<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free>;
using tls_session = owned_by_us<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free>;

inline const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
inline std::string_view view(const mbedtls_asn1_buf& bytes) { return {reinterpret_cast<const char*>(bytes.p), bytes.len}; }

/// mbedTLS's own words for one of its errors.
inline std::string library_words(int error) {
    char words[160] = "";
    mbedtls_strerror(error, words, sizeof words);
    return words;
}

/// Random numbers, seeded by the system.
struct random_source {
    owned_by_us<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy;
    owned_by_us<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> generator;

    int seed() {
#if MBEDTLS_VERSION_MAJOR >= 3
        if (psa_crypto_init() != PSA_SUCCESS) return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;  // TLS 1.3 computes by PSA
#endif
        return mbedtls_ctr_drbg_seed(generator.get(), mbedtls_entropy_func, entropy.get(), nullptr, 0);
    }
};

inline int parse_secret_key(mbedtls_pk_context* key, const unsigned char* bytes, std::size_t size,
                            [[maybe_unused]] random_source& random) {
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_parse_key(key, bytes, size, nullptr, 0, mbedtls_ctr_drbg_random, random.generator.get());
#else
    return mbedtls_pk_parse_key(key, bytes, size, nullptr, 0);
#endif
}

inline int check_pair(const mbedtls_pk_context* open, const mbedtls_pk_context* secret, [[maybe_unused]] random_source& random) {
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_check_pair(open, secret, mbedtls_ctr_drbg_random, random.generator.get());
#else
    return mbedtls_pk_check_pair(open, secret);
#endif
}

/// TLS 1.2 or newer; signatures of the handshake by SHA-2 alone; no second handshake, no shortened one.
inline void forbid_weakness(mbedtls_ssl_config* configuration) {
#if MBEDTLS_VERSION_MAJOR >= 3
    mbedtls_ssl_conf_min_tls_version(configuration, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    static const int digests[] = {MBEDTLS_MD_SHA512, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
    mbedtls_ssl_conf_sig_hashes(configuration, digests);  // 3.6 allows no other by itself
    mbedtls_ssl_conf_min_version(configuration, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_cert_profile(configuration, &mbedtls_x509_crt_profile_next);  // no SHA-1, no RSA below 2048 bits
#if defined(MBEDTLS_DHM_C)
    mbedtls_ssl_conf_dhm_min_bitlen(configuration, 2048);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(configuration, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_session_tickets(configuration, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
}

/// The description of the fatal alert that mbedTLS has just reported; there is no call that tells it.
inline int alert_of(const mbedtls_ssl_context* session) {
#if MBEDTLS_VERSION_MAJOR >= 3
    return session->MBEDTLS_PRIVATE(in_msg)[1];
#else
    return session->in_msg[1];
#endif
}

#if MBEDTLS_VERSION_MAJOR >= 3
inline constexpr int no_common_version = MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
#else
inline constexpr int no_common_version = MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
#endif

/// A ticket by which a later TLS 1.3 handshake could be shortened isn't an error.
inline bool is_a_ticket([[maybe_unused]] int result) {
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    return result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    return false;
#endif
}

}  // namespace modbus
