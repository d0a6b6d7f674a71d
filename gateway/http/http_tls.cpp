// gateway/http/http_tls.cpp: mbedTLS as a server over two strings. The gateway's only use of mbedTLS; 2.28 and 3.6 alike.
#include "gateway/http/http_tls.hpp"

#include <mbedtls/version.h>
// The version comes first: it says where the configuration is.
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#include <algorithm>
#include <cstring>
#include <ctime>
#include <limits>
#include <tuple>
#include <utility>

#include "gateway/limits.hpp"
#include "gateway/text_file.hpp"
#include "mqtt/digest.hpp"

namespace gateway {
namespace {

std::string words_of(int error) {
    char words[160] = "";
    mbedtls_strerror(error, words, sizeof words);
    return words;
}

/// PEM counts with the zero at its end, DER without.
std::size_t size_of(const std::string& text) { return text.size() + (text.find("-----BEGIN") != std::string::npos ? 1 : 0); }

/// The time of a certificate, which is in UTC.
std::int64_t unix_time(const mbedtls_x509_time& at) {
    std::tm parts{};
    parts.tm_year = at.year - 1900;
    parts.tm_mon = at.mon - 1;
    parts.tm_mday = at.day;
    parts.tm_hour = at.hour;
    parts.tm_min = at.min;
    parts.tm_sec = at.sec;
    return ::timegm(&parts);
}

/// An mbedTLS object with an owner.
template <typename T, void (*Init)(T*), void (*Free)(T*)>
struct owned {
    owned() { Init(&value); }
    ~owned() { Free(&value); }
    owned(const owned&) = delete;
    owned& operator=(const owned&) = delete;
    T value;
};

}  // namespace

struct http_tls::inside {
    owned<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy;
    owned<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> random;
    owned<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free> chain;
    owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free> key;
    owned<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free> config;
    std::string content;  // the digests of what was read

    int seed() {
#if MBEDTLS_VERSION_MAJOR >= 3
        if (psa_crypto_init() != PSA_SUCCESS) return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;  // TLS 1.3 computes by PSA
#endif
        return mbedtls_ctr_drbg_seed(&random.value, mbedtls_entropy_func, &entropy.value, nullptr, 0);
    }

    int load_chain(const std::string& text) {
        return mbedtls_x509_crt_parse(&chain.value, reinterpret_cast<const unsigned char*>(text.c_str()), size_of(text));
    }

    int load_key(const std::string& text) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.c_str());
#if MBEDTLS_VERSION_MAJOR >= 3
        const int failed =
            mbedtls_pk_parse_key(&key.value, bytes, size_of(text), nullptr, 0, mbedtls_ctr_drbg_random, &random.value);
        return failed != 0 ? failed : mbedtls_pk_check_pair(&chain.value.pk, &key.value, mbedtls_ctr_drbg_random, &random.value);
#else
        const int failed = mbedtls_pk_parse_key(&key.value, bytes, size_of(text), nullptr, 0);
        return failed != 0 ? failed : mbedtls_pk_check_pair(&chain.value.pk, &key.value);
#endif
    }

    int configure() {
        auto* how = &config.value;
        const int failed =
            mbedtls_ssl_config_defaults(how, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
        if (failed != 0) return failed;
#if MBEDTLS_VERSION_MAJOR >= 3
        mbedtls_ssl_conf_min_tls_version(how, MBEDTLS_SSL_VERSION_TLS1_2);
#else
        static const int digests[] = {MBEDTLS_MD_SHA512, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
        mbedtls_ssl_conf_sig_hashes(how, digests);  // 3.6 allows no other by itself
        mbedtls_ssl_conf_min_version(how, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
        mbedtls_ssl_conf_rng(how, mbedtls_ctr_drbg_random, &random.value);
        static const char* protocols[] = {"http/1.1", nullptr};
        std::ignore = mbedtls_ssl_conf_alpn_protocols(how, protocols);  // fails for names too long, and this isn't
        return mbedtls_ssl_conf_own_cert(how, &chain.value, &key.value);
    }
};

std::unique_ptr<http_tls> http_tls::load(const std::string& certificate, const std::string& key, std::string& why) {
    auto made = std::make_unique<inside>();
    const auto failed = [&](const std::string& what, const std::string& reason) {
        why = what + ": " + reason;
        return nullptr;
    };
    if (const int error = made->seed(); error != 0) return failed("no random numbers", words_of(error));
    // By a reload on the loop, which mustn't wait for a pipe: so mbedTLS doesn't read them.
    std::string text, unread;
    const auto load = [&](const std::string& path, int (inside::*how)(const std::string&)) {
        if (!read_regular(path, limits::http_tls_file, text, unread)) return false;
        const int error = (*made.*how)(text);
        if (error != 0) unread = words_of(error);
        made->content += mqtt::sha256(text);
        mbedtls_platform_zeroize(text.data(), text.size());
        return error == 0;
    };
    if (!load(certificate, &inside::load_chain)) return failed("http.tls.cert, " + certificate, unread);
    const std::string& key_file = key.empty() ? certificate : key;
    if (!load(key_file, &inside::load_key))
        return failed((key.empty() ? "the key in http.tls.cert, " : "http.tls.key, ") + key_file, unread);
    if (const int error = made->configure(); error != 0) return failed("TLS", words_of(error));
    return std::unique_ptr<http_tls>(new http_tls(std::move(made)));
}

http_tls::http_tls(std::unique_ptr<inside> loaded) : inside_(std::move(loaded)) {}
http_tls::~http_tls() = default;

const std::string& http_tls::content() const { return inside_->content; }

std::int64_t http_tls::valid_to() const {
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    for (const auto* each = &inside_->chain.value; each != nullptr; each = each->next)
        first = std::min(first, unix_time(each->valid_to));
    return first;
}

struct http_tls::session::inside {
    owned<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free> ssl;
    std::string_view input;
    std::string output;
    bool open = false;
    bool good = false;

    static int send(void* self, const unsigned char* bytes, std::size_t size) {
        static_cast<inside*>(self)->output.append(reinterpret_cast<const char*>(bytes), size);
        return static_cast<int>(size);
    }
    static int receive(void* self, unsigned char* to, std::size_t most) {
        auto& from = static_cast<inside*>(self)->input;
        if (from.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
        const std::size_t size = std::min(most, from.size());
        std::memcpy(to, from.data(), size);
        from.remove_prefix(size);
        return static_cast<int>(size);
    }
};

http_tls::session::session(http_tls& of) : inside_(std::make_unique<inside>()) {
    auto* ssl = &inside_->ssl.value;
    inside_->good = mbedtls_ssl_setup(ssl, &of.inside_->config.value) == 0;  // fails without memory
    mbedtls_ssl_set_bio(ssl, inside_.get(), inside::send, inside::receive, nullptr);
}

http_tls::session::~session() = default;

bool http_tls::session::feed(std::string_view bytes, std::string& plain) {
    if (!inside_->good) return false;
    auto* ssl = &inside_->ssl.value;
    inside_->input = bytes;
    if (!inside_->open) {
        const int result = mbedtls_ssl_handshake(ssl);
        if (result == MBEDTLS_ERR_SSL_WANT_READ) return true;
        inside_->good = inside_->open = result == 0;
        if (!inside_->good) return false;
    }
    for (;;) {
        unsigned char buffer[4096];
        const int size = mbedtls_ssl_read(ssl, buffer, sizeof buffer);
        if (size == MBEDTLS_ERR_SSL_WANT_READ) return true;
        if (size <= 0) return inside_->good = false;
        plain.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(size));
    }
}

bool http_tls::session::is_open() const { return inside_->open; }

bool http_tls::session::write(std::string_view plain) {
    while (!plain.empty() && inside_->good) {
        const int size =
            mbedtls_ssl_write(&inside_->ssl.value, reinterpret_cast<const unsigned char*>(plain.data()), plain.size());
        if (size <= 0) return inside_->good = false;
        plain.remove_prefix(static_cast<std::size_t>(size));
    }
    return inside_->good;
}

void http_tls::session::say_goodbye() {
    if (inside_->good && inside_->open) std::ignore = mbedtls_ssl_close_notify(&inside_->ssl.value);  // it is over either way
}

std::string http_tls::session::take_output() { return std::exchange(inside_->output, {}); }

}  // namespace gateway
