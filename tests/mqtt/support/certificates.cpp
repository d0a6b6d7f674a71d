// tests/mqtt/support/certificates.cpp: certificates by mbedTLS's writer; what it can't write is put together here, in DER.
// Not here: what is done with them.
#include "tests/mqtt/support/certificates.hpp"

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/rsa.h>

#include <array>
#include <stdexcept>

#include "mqtt/digest.hpp"
#include "mqtt/tls_mbedtls.hpp"
#include "mqtt/tls_name.hpp"

namespace mqtt::test {
namespace {

using owned_writer = owned<mbedtls_x509write_cert, mbedtls_x509write_crt_init, mbedtls_x509write_crt_free>;

void check(int error) {
    if (error < 0) throw std::runtime_error("certificates: " + library_words(error));
}

random_numbers& numbers() {
    static struct seeded {
        random_numbers random;
        seeded() { check(random.seed()); }
    } it;
    return it.random;
}

mbedtls_ctr_drbg_context* generator() { return numbers().generator.get(); }

// ---- DER ----

std::string der(unsigned char tag, const std::string& content) {
    std::string size;
    if (content.size() >= 256) size = {'\x82', static_cast<char>(content.size() >> 8)};
    if (content.size() >= 128 && content.size() < 256) size = "\x81";
    return std::string(1, static_cast<char>(tag)) + size + static_cast<char>(content.size() & 0xff) + content;
}

std::string sequence(const std::string& content) { return der(0x30, content); }
std::string object(std::string_view oid) { return der(0x06, std::string(oid)); }
std::string integer(int value) { return der(0x02, std::string(1, static_cast<char>(value))); }  // below 128
std::string time_of(const std::string& text) { return der(text.size() == 15 ? 0x18 : 0x17, text); }

std::string names_extension(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
        const auto address = address_bytes(name);
        list += address ? der(0x87, *address) : der(0x82, name);
    }
    return sequence(list);
}

std::string purpose_extension(purpose what) {
    return sequence(object(what == purpose::server ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH));
}

std::string pem(const std::string& kind, const std::string& bytes) {
    const auto text = base64_encode(bytes);
    std::string result = "-----BEGIN " + kind + "-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) result += text.substr(at, 64) + "\n";
    return result + "-----END " + kind + "-----\n";
}

// ---- Keys ----

void generate(key_kind kind, mbedtls_pk_context* into) {
    if (kind == key_kind::p256) {
        check(mbedtls_pk_setup(into, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)));
        check(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*into), mbedtls_ctr_drbg_random, generator()));
        return;
    }
    const unsigned bits = kind == key_kind::rsa_1024 ? 1024 : 2048;
    check(mbedtls_pk_setup(into, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)));
    check(mbedtls_rsa_gen_key(mbedtls_pk_rsa(*into), mbedtls_ctr_drbg_random, generator(), bits, 65537));
}

std::string generated_key(key_kind kind) {
    owned_key key;
    generate(kind, key.get());
    std::array<unsigned char, 4096> text{};
    check(mbedtls_pk_write_key_pem(key.get(), text.data(), text.size()));
    return reinterpret_cast<const char*>(text.data());
}

void parse(const std::string& key, const std::string& password, mbedtls_pk_context* into) {
    check(parse_key(into, raw(key), key.size() + 1, password, numbers()));
}

std::string signature(mbedtls_pk_context* key, const std::string& digest) {
    std::array<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> bytes{};
    std::size_t size = 0;
#if MBEDTLS_VERSION_MAJOR >= 3
    check(mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, raw(digest), digest.size(), bytes.data(), bytes.size(), &size,
                          mbedtls_ctr_drbg_random, generator()));
#else
    check(mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, raw(digest), digest.size(), bytes.data(), &size, mbedtls_ctr_drbg_random,
                          generator()));
#endif
    return {reinterpret_cast<const char*>(bytes.data()), size};
}

// ---- Certificates ----

void set_serial(int serial, mbedtls_x509write_cert* to) {
#if MBEDTLS_VERSION_MAJOR >= 3
    auto byte = static_cast<unsigned char>(serial);
    check(mbedtls_x509write_crt_set_serial_raw(to, &byte, 1));
#else
    owned<mbedtls_mpi, mbedtls_mpi_init, mbedtls_mpi_free> number;
    check(mbedtls_mpi_lset(number.get(), serial));
    check(mbedtls_x509write_crt_set_serial(to, number.get()));
#endif
}

void add_extension(mbedtls_x509write_cert* to, std::string_view oid, const std::string& content) {
    check(mbedtls_x509write_crt_set_extension(to, oid.data(), oid.size(), 0, raw(content), content.size()));
}

void add_extensions(const wish& what, mbedtls_x509write_cert* to) {
    check(mbedtls_x509write_crt_set_basic_constraints(to, what.authority ? 1 : 0, -1));
    if (what.authority || what.signs_only_others)
        check(mbedtls_x509write_crt_set_key_usage(to, MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN));
    if (!what.names.empty()) add_extension(to, MBEDTLS_OID_SUBJECT_ALT_NAME, names_extension(what.names));
    if (what.what_for != purpose::any) add_extension(to, MBEDTLS_OID_EXTENDED_KEY_USAGE, purpose_extension(what.what_for));
    for (const auto& [oid, content] : what.extensions) add_extension(to, oid, content);
}

std::string written(mbedtls_x509write_cert* writer) {
    std::array<unsigned char, 8192> text{};
    check(mbedtls_x509write_crt_pem(writer, text.data(), text.size(), mbedtls_ctr_drbg_random, generator()));
    return reinterpret_cast<const char*>(text.data());
}

}  // namespace

identity make_identity_for(const wish& what, const std::string& key, const std::string& password, const identity* issuer) {
    owned_key own;
    owned_key issuing;
    parse(key, password, own.get());
    issuer != nullptr ? parse(issuer->key, "", issuing.get()) : parse(key, password, issuing.get());
    owned_writer writer;
    mbedtls_x509write_crt_set_version(writer.get(), MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(writer.get(), what.by_sha1 ? MBEDTLS_MD_SHA1 : MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(writer.get(), own.get());
    mbedtls_x509write_crt_set_issuer_key(writer.get(), issuing.get());
    check(mbedtls_x509write_crt_set_subject_name(writer.get(), what.subject.c_str()));
    check(mbedtls_x509write_crt_set_issuer_name(writer.get(), (issuer != nullptr ? issuer->subject : what.subject).c_str()));
    set_serial(what.serial, writer.get());
    check(mbedtls_x509write_crt_set_validity(writer.get(), what.from.c_str(), what.to.c_str()));
    add_extensions(what, writer.get());
    return {written(writer.get()), key, what.subject};
}

identity make_identity(const wish& what, const identity* issuer) {
    return make_identity_for(what, generated_key(what.key), "", issuer);
}

identity make_authority(const std::string& subject) {
    return make_identity({.subject = subject, .names = {}, .what_for = purpose::any, .authority = true});
}

std::string make_revocations(const identity& issuer, const std::vector<int>& serials, const std::string& next_update,
                             const std::string& from) {
    owned_chain certificate;
    check(mbedtls_x509_crt_parse(certificate.get(), raw(issuer.certificate), issuer.certificate.size() + 1));
    owned_key key;
    parse(issuer.key, "", key.get());

    std::string list;
    for (const int serial : serials) list += sequence(integer(serial) + time_of("20200102000000Z"));
    const auto how = sequence(object(MBEDTLS_OID_ECDSA_SHA256));
    const auto body = sequence(integer(1) + how + std::string(view(certificate->subject_raw)) + time_of(from) +
                               time_of(next_update) + (list.empty() ? "" : sequence(list)));
    const auto signed_by = der(0x03, std::string(1, '\0') + signature(key.get(), sha256(body)));
    return pem("X509 CRL", sequence(body + how + signed_by));
}

const char* const traditional_key =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-256-CBC,BE922E6448EFC545087C93A9702AD8CE\n"
    "\n"
    "pgtWw0QiaYcC/xi9s2fqlI5vVpu2xjdO9KPvVnSwTuMIZlBTaM4nTxEsNUHR/hg5\n"
    "88hu1NVDWkwHtko3V3kY91f7F6x3Y+bfdJ6BnUT3Doyq/8xIcpn1NifusWRyTGgT\n"
    "WJ0TjFiyzNNDAE4U5kJSVwVDFeyxVhFjyTAIfSaHWBE=\n"
    "-----END EC PRIVATE KEY-----\n";

const char* const modern_key =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjjGyT/5wG7kAICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHbmDJF3Z1F2BhaDhhVXNkIEgZCv\n"
    "nfqKfvscRJw6BIM/VpoZobkxJUw1+IMYVDn6eWEp1nALsx8NLo3p+2nRT3sfH09R\n"
    "r0zbsSAo8/rI/u02aylP3d4F0JyEjzTFZWH0uWHV8Ww/+8Kx2I/bhoE+TngPNBgm\n"
    "5HKYKPCRzVDsoQTwlY+6xHLkfaXaistgr016NWE3oVAJNqvAb3Efm5HffUQzJCo=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

const char* const modern_key_128 =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgvmMt9dY/WgAICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEFtyP7ZFzuN338/UpzG//acEgZBL\n"
    "puxrl2MiBs6Uu1mbj/CnCZty0j0SOFxdgcz+IqhRNiLrIo+1qcog1UbfnSkY/EF0\n"
    "vcSVNLzdFNsLgaqKVh7cp3VH+NvkJYjKkzd2qwwD6/sM7ehSRTEYeb1Eh10Us5TO\n"
    "JuXG7n7PxY5EHi7qd8r85gibN4A4ru4ySpMa/0KxSY8kMW692ZO2AoYC/qKnakw=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

const char* const scrypt_key =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAjpnUvyp5vA0AICQAAC\n"
    "AQgCAQEwHQYJYIZIAWUDBAEqBBDQZVYeWwk/vWu7ecCHCJ5LBIGQEJAc23XNXUiE\n"
    "XiHWnMpR93eIGLwS0c3qLjFWQ3VS+FFSP1JHRdHrWfbm7vCyheMidu5qNA3Scost\n"
    "DJLhEHNpjohO3jjUuJGAiu//zbm0JU5jm7sF/oARFLwqpk2I/HTpU+eRGbuictKA\n"
    "rwbwcKuSdjhPgontLb0xyBSSL2Fsjke3+IS61DHDk/a19kooDwwd\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

}  // namespace mqtt::test
