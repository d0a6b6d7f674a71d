// tests/mqtt/support/tls_server.cpp: a TLS server by mbedTLS, over strings.
// Not here: sockets (transport_tls_test.cpp).
#include "tests/mqtt/support/tls_server.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "mqtt/tls_mbedtls.hpp"

namespace mqtt::test {

class tls_server::connection {
public:
    explicit connection(const server_settings& how) : alpn_(how.alpn) {
        check(random_.seed());
        check(mbedtls_x509_crt_parse(own_.get(), raw(how.certificates), how.certificates.size() + 1));
        forget_purpose();
        check(parse_key(key_.get(), raw(how.key), how.key.size() + 1, "", random_));
        auto* const to = configuration_.get();
        check(mbedtls_ssl_config_defaults(to, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
        mbedtls_ssl_conf_rng(to, mbedtls_ctr_drbg_random, random_.generator.get());
        check(mbedtls_ssl_conf_own_cert(to, own_.get(), key_.get()));
        mbedtls_ssl_conf_cert_profile(to, &anything);
        set_version(how.version);
        if (how.signs_by_sha1) sign_by_sha1();
        if (how.has_short_dh_prime) use_short_dh_prime();
        if (how.may_renegotiate) {
            mbedtls_ssl_conf_renegotiation(to, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
            mbedtls_ssl_conf_renegotiation_enforced(to, MBEDTLS_SSL_RENEGOTIATION_NOT_ENFORCED);
        }
        mbedtls_ssl_conf_sni(to, keep_name, this);
        for (const auto& one : alpn_) alpn_list_.push_back(one.c_str());
        alpn_list_.push_back(nullptr);
        if (!alpn_.empty()) check(mbedtls_ssl_conf_alpn_protocols(to, alpn_list_.data()));
        if (!how.client_authority.empty()) {
            check(mbedtls_x509_crt_parse(clients_.get(), raw(how.client_authority), how.client_authority.size() + 1));
            mbedtls_ssl_conf_ca_chain(to, clients_.get(), nullptr);
            mbedtls_ssl_conf_authmode(to, MBEDTLS_SSL_VERIFY_REQUIRED);
        }
        check(mbedtls_ssl_setup(ssl_.get(), to));
        mbedtls_ssl_set_bio(ssl_.get(), this, send, receive, nullptr);
    }

    void advance() {
        if (!error_.empty() || told_) return;
        if (!open_) {
            const int result = mbedtls_ssl_handshake(ssl_.get());
            if (result != 0) return on_result(result);
            open_ = true;
        }
        std::array<unsigned char, 16384> some{};
        for (;;) {
            const int result = mbedtls_ssl_read(ssl_.get(), some.data(), some.size());
            if (result == MBEDTLS_ERR_SSL_WANT_READ && !in_.empty()) continue;  // after a warning
            if (result <= 0) return on_result(result);
            received_.append(reinterpret_cast<const char*>(some.data()), static_cast<std::size_t>(result));
        }
    }

    void on_result(int result) {
        if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return;
        if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            told_ = true;
        } else {
            error_ = library_words(result);
        }
    }

    static void check(int error) {
        if (error < 0) throw std::runtime_error("TLS server: " + library_words(error));
    }

    bool open_ = false;
    bool told_ = false;
    std::string error_;
    std::string received_;
    std::string in_;
    std::string out_;
    std::string name_;
    mbedtls_ssl_context* ssl() { return ssl_.get(); }

private:
    void set_version(tls_version version) {
        auto* const to = configuration_.get();
#if MBEDTLS_VERSION_MAJOR >= 3
        const auto only = version == tls_version::v1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2;
        mbedtls_ssl_conf_min_tls_version(to, only);
        mbedtls_ssl_conf_max_tls_version(to, only);
#else
        const int only = version == tls_version::v1_1 ? MBEDTLS_SSL_MINOR_VERSION_2 : MBEDTLS_SSL_MINOR_VERSION_3;
        mbedtls_ssl_conf_min_version(to, MBEDTLS_SSL_MAJOR_VERSION_3, only);
        mbedtls_ssl_conf_max_version(to, MBEDTLS_SSL_MAJOR_VERSION_3, only);
#endif
    }

    void sign_by_sha1() {
        // With another cipher mbedTLS's server would get round the signature.
        static constexpr int with_signature[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0};
        mbedtls_ssl_conf_ciphersuites(configuration_.get(), with_signature);
#if MBEDTLS_VERSION_MAJOR >= 3
        static constexpr std::uint16_t only[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SHA1, MBEDTLS_TLS1_3_SIG_NONE};
        mbedtls_ssl_conf_sig_algs(configuration_.get(), only);
#else
        static constexpr int only[] = {MBEDTLS_MD_SHA1, MBEDTLS_MD_NONE};
        mbedtls_ssl_conf_sig_hashes(configuration_.get(), only);
#endif
    }
    /// The second group of RFC 2409.
    void use_short_dh_prime() {
        static constexpr int only[] = {MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, 0};
        static constexpr unsigned char prime[] = {
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x0f, 0xda, 0xa2, 0x21, 0x68, 0xc2, 0x34, 0xc4, 0xc6, 0x62,
            0x8b, 0x80, 0xdc, 0x1c, 0xd1, 0x29, 0x02, 0x4e, 0x08, 0x8a, 0x67, 0xcc, 0x74, 0x02, 0x0b, 0xbe, 0xa6, 0x3b, 0x13,
            0x9b, 0x22, 0x51, 0x4a, 0x08, 0x79, 0x8e, 0x34, 0x04, 0xdd, 0xef, 0x95, 0x19, 0xb3, 0xcd, 0x3a, 0x43, 0x1b, 0x30,
            0x2b, 0x0a, 0x6d, 0xf2, 0x5f, 0x14, 0x37, 0x4f, 0xe1, 0x35, 0x6d, 0x6d, 0x51, 0xc2, 0x45, 0xe4, 0x85, 0xb5, 0x76,
            0x62, 0x5e, 0x7e, 0xc6, 0xf4, 0x4c, 0x42, 0xe9, 0xa6, 0x37, 0xed, 0x6b, 0x0b, 0xff, 0x5c, 0xb6, 0xf4, 0x06, 0xb7,
            0xed, 0xee, 0x38, 0x6b, 0xfb, 0x5a, 0x89, 0x9f, 0xa5, 0xae, 0x9f, 0x24, 0x11, 0x7c, 0x4b, 0x1f, 0xe6, 0x49, 0x28,
            0x66, 0x51, 0xec, 0xe6, 0x53, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        static constexpr unsigned char generator[] = {2};
        mbedtls_ssl_conf_ciphersuites(configuration_.get(), only);
        check(mbedtls_ssl_conf_dh_param_bin(configuration_.get(), prime, sizeof prime, generator, sizeof generator));
    }

    /// mbedTLS's server wouldn't use a certificate that isn't a server's; others do.
    void forget_purpose() {
        constexpr int purposes = MBEDTLS_X509_EXT_KEY_USAGE | MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
#if MBEDTLS_VERSION_MAJOR >= 3
        own_->MBEDTLS_PRIVATE(ext_types) &= ~purposes;
#else
        own_->ext_types &= ~purposes;
#endif
    }

    static int send(void* self, const unsigned char* bytes, std::size_t size) {
        static_cast<connection*>(self)->out_.append(reinterpret_cast<const char*>(bytes), size);
        return static_cast<int>(size);
    }
    static int receive(void* self, unsigned char* into, std::size_t size) {
        auto& in = static_cast<connection*>(self)->in_;
        if (in.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
        const auto taken = in.copy(reinterpret_cast<char*>(into), size);
        in.erase(0, taken);
        return static_cast<int>(taken);
    }
    static int keep_name(void* self, mbedtls_ssl_context*, const unsigned char* name, std::size_t size) {
        static_cast<connection*>(self)->name_.assign(reinterpret_cast<const char*>(name), size);
        return 0;
    }

    /// A server of the field doesn't mind weak certificates.
    static constexpr mbedtls_x509_crt_profile anything = {0xfffffff, 0xfffffff, 0xfffffff, 0};

    std::vector<std::string> alpn_;
    std::vector<const char*> alpn_list_;
    random_numbers random_;
    owned_chain own_;
    owned_chain clients_;
    owned_key key_;
    owned_configuration configuration_;
    owned_connection ssl_;
};

tls_server::tls_server(const server_settings& how) : connection_(std::make_unique<connection>(how)) {}
tls_server::~tls_server() = default;

void tls_server::feed(std::string_view bytes) {
    connection_->in_ += bytes;
    connection_->advance();
}

std::string tls_server::take_bytes() { return std::exchange(connection_->out_, {}); }
bool tls_server::is_open() const { return connection_->open_; }
const std::string& tls_server::received() const { return connection_->received_; }
bool tls_server::was_told_the_end() const { return connection_->told_; }
const std::string& tls_server::error() const { return connection_->error_; }
std::string tls_server::name() const { return connection_->name_; }

std::string tls_server::protocol() const {
    const char* selected = mbedtls_ssl_get_alpn_protocol(connection_->ssl());
    return selected != nullptr ? selected : "";
}

void tls_server::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const int written = mbedtls_ssl_write(connection_->ssl(), raw(bytes), bytes.size());
        connection::check(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void tls_server::close_notify() { connection::check(mbedtls_ssl_close_notify(connection_->ssl())); }
void tls_server::send_alert(int description) {
    connection::check(mbedtls_ssl_send_alert_message(connection_->ssl(), MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                                     static_cast<unsigned char>(description)));
}
void tls_server::ask_for_renegotiation() { connection::check(mbedtls_ssl_renegotiate(connection_->ssl())); }

std::vector<tls_version> tls_versions() {
#if MBEDTLS_VERSION_MAJOR >= 3
    return {tls_version::v1_2, tls_version::v1_3};
#else
    return {tls_version::v1_2};
#endif
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string exchange(tls_engine& client, tls_server& server, std::size_t step) {
    std::string to_client;
    std::string read;
    std::array<std::byte, 16384> plain{};
    for (bool moved = true; moved;) {
        const auto to_server = client.take_bytes();
        for (std::size_t at = 0; at < to_server.size(); at += step) server.feed(std::string_view(to_server).substr(at, step));
        to_client += server.take_bytes();
        moved = !to_server.empty();
        while (!to_client.empty() && client.wants_bytes()) {
            const auto some = to_client.substr(0, step);
            to_client.erase(0, some.size());
            client.feed(bytes_of(some));
            moved = true;
            while (const auto size = client.read(plain)) read.append(reinterpret_cast<const char*>(plain.data()), size);
        }
    }
    return read;
}

}  // namespace mqtt::test
