// mqtt/tls_key.cpp: takes an encrypted PKCS #8 key apart.
// Not here: what the key is for.
#include "mqtt/tls_key.hpp"

#include <mbedtls/aes.h>
#include <mbedtls/asn1.h>

#include "mqtt/digest.hpp"
#include "mqtt/tls_mbedtls.hpp"

namespace mqtt {
namespace {

constexpr int most_iterations = 10'000'000;  // OpenSSL's default is 2048; more would take many seconds
constexpr std::size_t block_size = 16;

constexpr std::string_view oid_pbes2 = MBEDTLS_OID_PKCS5_PBES2;
constexpr std::string_view oid_pbkdf2 = MBEDTLS_OID_PKCS5_PBKDF2;
constexpr std::string_view oid_hmac_sha256 = "\x2a\x86\x48\x86\xf7\x0d\x02\x09";
constexpr std::string_view oid_aes_cbc = "\x60\x86\x48\x01\x65\x03\x04\x01";  // and one byte more for the size of the key

/// Reads one element after the other; once one isn't as expected, all that follow are empty.
class der_reader {
public:
    explicit der_reader(std::string_view bytes) : at_(raw(bytes)), end_(at_ + bytes.size()) {}

    std::string_view element(int tag) {
        std::size_t size = 0;
        auto* at = const_cast<unsigned char*>(at_);  // mbedTLS moves it, and writes nothing
        if (failed_ || mbedtls_asn1_get_tag(&at, end_, &size, tag) != 0) return fail();
        at_ = at + size;
        return {reinterpret_cast<const char*>(at), size};
    }
    der_reader sequence() { return der_reader(element(MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)); }
    int number() {
        int result = 0;
        auto* at = const_cast<unsigned char*>(at_);
        if (failed_ || mbedtls_asn1_get_int(&at, end_, &result) != 0) return fail(), 0;
        at_ = at;
        return result;
    }
    bool has(int tag) const { return !failed_ && at_ < end_ && *at_ == tag; }

private:
    std::string_view fail() {
        failed_ = true;
        return {};
    }

    const unsigned char* at_;
    const unsigned char* end_;
    bool failed_ = false;
};

std::optional<std::string> der_of(std::string_view file) {
    constexpr std::string_view first = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const auto begin = file.find(first);
    if (begin == std::string_view::npos) return std::nullopt;
    auto text = file.substr(begin + first.size());
    text = text.substr(0, text.find('-'));
    std::string letters;
    for (const char c : text)
        if (c != '\n' && c != '\r' && c != ' ') letters += c;
    return base64_decode(letters);
}

/// The bits of the key; 0: the cipher isn't AES-CBC.
unsigned key_bits(std::string_view oid) {
    if (oid.size() != oid_aes_cbc.size() + 1 || !oid.starts_with(oid_aes_cbc)) return 0;
    switch (oid.back()) {
        case 2:
            return 128;
        case 22:
            return 192;
        case 42:
            return 256;
        default:
            return 0;
    }
}

/// "" when what comes out isn't padded as it must be.
std::string decrypted(std::string_view data, std::string key, unsigned bits, std::string iv) {
    std::string result(data.size(), '\0');
    owned<mbedtls_aes_context, mbedtls_aes_init, mbedtls_aes_free> aes;
    const bool is_done =
        mbedtls_aes_setkey_dec(aes.get(), raw(key), bits) == 0 &&
        mbedtls_aes_crypt_cbc(aes.get(), MBEDTLS_AES_DECRYPT, data.size(), reinterpret_cast<unsigned char*>(iv.data()), raw(data),
                              reinterpret_cast<unsigned char*>(result.data())) == 0;
    mbedtls_platform_zeroize(key.data(), key.size());
    const auto padding = static_cast<unsigned char>(result.back());
    if (!is_done || padding == 0 || padding > block_size) return {};
    if (result.find_first_not_of(result.back(), result.size() - padding) != std::string::npos) return {};
    result.resize(result.size() - padding);
    return result;
}

}  // namespace

std::optional<opened_key> open_key(std::string_view file, const std::string& password) {
    const auto bytes = der_of(file);
    if (!bytes) return std::nullopt;
    auto all = der_reader(*bytes).sequence();
    auto method = all.sequence();
    const auto data = all.element(MBEDTLS_ASN1_OCTET_STRING);
    if (method.element(MBEDTLS_ASN1_OID) != oid_pbes2) return std::nullopt;
    auto parameters = method.sequence();
    auto derivation = parameters.sequence();
    auto cipher = parameters.sequence();
    if (derivation.element(MBEDTLS_ASN1_OID) != oid_pbkdf2) return std::nullopt;
    auto how = derivation.sequence();
    const auto salt = how.element(MBEDTLS_ASN1_OCTET_STRING);
    const auto iterations = how.number();
    if (how.has(MBEDTLS_ASN1_INTEGER)) how.number();  // the size of the key, which the cipher tells, too
    if (how.sequence().element(MBEDTLS_ASN1_OID) != oid_hmac_sha256) return std::nullopt;
    const auto bits = key_bits(cipher.element(MBEDTLS_ASN1_OID));
    const auto iv = cipher.element(MBEDTLS_ASN1_OCTET_STRING);
    if (bits == 0 || iv.size() != block_size || iterations <= 0 || iterations > most_iterations) return std::nullopt;
    if (data.empty() || data.size() % block_size != 0) return std::nullopt;
    return opened_key{decrypted(data, pbkdf2_sha256(password, salt, static_cast<unsigned>(iterations)), bits, std::string(iv))};
}

}  // namespace mqtt
