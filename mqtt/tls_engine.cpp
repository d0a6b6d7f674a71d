// mqtt/tls_engine.cpp: drives mbedTLS with bytes instead of a socket.
// Not here: judgement on certificates (tls_verdict.hpp), words for errors (tls_words.hpp).
#include "mqtt/tls_engine.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "mqtt/tls_credentials.hpp"
#include "mqtt/tls_name.hpp"
#include "mqtt/tls_verdict.hpp"
#include "mqtt/tls_words.hpp"

namespace mqtt {
namespace {

/// With so much waiting for the peer nothing more is encrypted, and nothing of the peer's is answered; so more waits only by
/// what the last step has added: a record, or the answers to what was fed. mbedTLS itself never hears that there is no room:
/// it would take the application's next bytes for a repetition of what it couldn't send, and lose them.
constexpr std::size_t enough_output = 64 * 1024;
constexpr unsigned shortest_dh_prime = 2048;  // bits

std::string server_of(const tls_settings& how, const std::string& host) {
    return std::string(without_last_dot(how.server_name.empty() ? host : how.server_name));
}

tls_verdict::expectations expectations_of(const tls_settings& how, const std::string& host, const tls_files& files,
                                          const tls_credentials& credentials) {
    return {.host = server_of(how, host),
            .verify_chain = how.verify_chain,
            .verify_host = how.verify_host,
            .authorities_place = files.authorities_place,
            .crl_place = files.revocations ? "crl_file " + files.revocations->path : "",
            .revocations = files.revocations ? credentials.revocations.get() : nullptr,
            .on_certificate = how.on_certificate};
}

}  // namespace

class tls_engine::connection {
public:
    connection(const tls_files& files, const tls_settings& how, const std::string& host)
        : alpn_(how.alpn), verdict_(expectations_of(how, host, files, credentials_)) {}

    /// "" or what is wrong with the settings or their files.
    std::string start(tls_files& files, const tls_settings& how, const std::string& host);
    void shake_hands();
    /// Fails, unless mbedTLS only waits or has succeeded.
    void on_result(int result);
    void fail(std::string why) {
        if (error_.empty()) error_ = std::move(why);
    }

    bool open_ = false;
    bool peer_ended_ = false;
    bool data_received_ = false;
    std::string error_;
    std::string in_;
    std::size_t in_used_ = 0;
    bool anything_received_ = false;
    std::string out_;
    mbedtls_ssl_context* ssl() { return ssl_.get(); }

private:
    int configure(const tls_settings& how);
    int offer_protocols();
    int name_server(const std::string& server);
    std::string reason(int result);
    tls_circumstances circumstances() const;

    static int send(void* self, const unsigned char* bytes, std::size_t size);
    static int receive(void* self, unsigned char* into, std::size_t size);
    static int verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);

    std::vector<std::string> alpn_;
    std::vector<const char*> alpn_list_;  // mbedTLS keeps pointers to both
    random_numbers random_;
    tls_credentials credentials_;
    tls_verdict verdict_;
    std::string own_certificate_;
    owned_configuration configuration_;
    owned_connection ssl_;  // the last: it refers to all of them
};

// ---- Beginning ----

std::string tls_engine::connection::start(tls_files& files, const tls_settings& how, const std::string& host) {
    if (random_.seed() != 0) return "the system gives no random numbers";
    if (auto error = parse(files, how.key_password, random_, credentials_); !error.empty()) return error;
    if (files.certificate) own_certificate_ = description(*credentials_.certificate.get());
    int error = configure(how);
    if (error == 0 && offer_protocols() != 0) return "alpn: a protocol's name has 1 to 255 bytes";
    if (error == 0) error = mbedtls_ssl_setup(ssl_.get(), configuration_.get());
    if (error == 0 && name_server(server_of(how, host)) != 0)
        return "the server's name is too long for TLS: " + server_of(how, host);
    if (error != 0) return failure_words(error, "set-up");
    mbedtls_ssl_set_bio(ssl_.get(), this, send, receive, nullptr);
    return {};
}

int tls_engine::connection::configure(const tls_settings& how) {
    auto* const configuration = configuration_.get();
    const int error = mbedtls_ssl_config_defaults(configuration, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                  MBEDTLS_SSL_PRESET_DEFAULT);
    if (error != 0) return error;
    forbid_weak_protocols(configuration);
    mbedtls_ssl_conf_cert_profile(configuration, &mbedtls_x509_crt_profile_next);
#if defined(MBEDTLS_DHM_C)
    mbedtls_ssl_conf_dhm_min_bitlen(configuration, shortest_dh_prime);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(configuration, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_session_tickets(configuration, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);  // no session is resumed
#endif
    mbedtls_ssl_conf_rng(configuration, mbedtls_ctr_drbg_random, random_.generator.get());
    // Optional: the verdict is asked in either case, and ends the handshake if it must.
    mbedtls_ssl_conf_authmode(configuration,
                              how.verify_chain == tls_check::on ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_verify(configuration, verify, this);
    if (how.verify_chain == tls_check::on)
        mbedtls_ssl_conf_ca_chain(configuration, credentials_.authorities.get(), credentials_.revocations.get());
    if (own_certificate_.empty()) return 0;
    return mbedtls_ssl_conf_own_cert(configuration, credentials_.certificate.get(), credentials_.key.get());
}

int tls_engine::connection::offer_protocols() {
    if (alpn_.empty()) return 0;
    for (const auto& one : alpn_) {
        if (one.empty()) return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
        alpn_list_.push_back(one.c_str());
    }
    alpn_list_.push_back(nullptr);
    return mbedtls_ssl_conf_alpn_protocols(configuration_.get(), alpn_list_.data());
}

/// An address is never sent as a name (RFC 6066 3); to say so is demanded by newer versions of mbedTLS.
int tls_engine::connection::name_server(const std::string& server) {
    return mbedtls_ssl_set_hostname(ssl_.get(), address_bytes(server) ? nullptr : server.c_str());
}

// ---- What mbedTLS calls ----

int tls_engine::connection::send(void* self, const unsigned char* bytes, std::size_t size) {
    static_cast<connection*>(self)->out_.append(reinterpret_cast<const char*>(bytes), size);
    return static_cast<int>(size);  // a record at most
}

int tls_engine::connection::receive(void* self, unsigned char* into, std::size_t size) {
    auto& from = *static_cast<connection*>(self);
    const auto waiting = std::string_view(from.in_).substr(from.in_used_, size);
    if (waiting.empty()) return from.peer_ended_ ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    std::copy(waiting.begin(), waiting.end(), into);
    from.in_used_ += waiting.size();
    return static_cast<int>(waiting.size());  // at most what was fed
}

int tls_engine::connection::verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
    return static_cast<connection*>(self)->verdict_.judge(*certificate, depth, *flags);
}

// ---- Results ----

void tls_engine::connection::shake_hands() {
    if (open_ || !error_.empty()) return;
    if (const int result = mbedtls_ssl_handshake(ssl_.get()); result != 0) return on_result(result);
    // A refusal ends the handshake; were it ever otherwise, the application's bytes would go to a stranger.
    if (!verdict_.is_given() || !verdict_.refusal().empty()) return fail(verdict_.refusal() + " (after the handshake)");
    open_ = true;
    // The system's bundle takes half a megabyte, and there is no second handshake.
    mbedtls_ssl_conf_ca_chain(configuration_.get(), nullptr, nullptr);
    credentials_.authorities.clear();
}

void tls_engine::connection::on_result(int result) {
    if (result >= 0 || result == MBEDTLS_ERR_SSL_WANT_READ || is_a_ticket(result)) return;
    fail(reason(result));
}

std::string tls_engine::connection::reason(int result) {
    if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) return alert_words(alert_of(ssl_.get()), circumstances());
    if (open_) {
        if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return std::string(closed_by_peer);
        if (result == MBEDTLS_ERR_SSL_CONN_EOF)
            return "the peer closed the connection without TLS's notice of the end: something may be missing";
        return failure_words(result, "connection");
    }
    verdict_.add_findings(mbedtls_ssl_get_verify_result(ssl_.get()));
    if (!verdict_.refusal().empty()) return verdict_.refusal();
    if (result == MBEDTLS_ERR_SSL_CONN_EOF || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return end_words(circumstances());
    return failure_words(result, "handshake");
}

tls_circumstances tls_engine::connection::circumstances() const {
    return {.anything_received = anything_received_,
            .server_accepted = verdict_.is_given() && verdict_.refusal().empty(),
            .data_received = data_received_,
            .own_certificate = own_certificate_};
}

// ---- The engine ----

tls_engine::tls_engine(tls_files files, const tls_settings& how, const std::string& host)
    : connection_(std::make_unique<connection>(files, how, host)) {
    connection_->fail(connection_->start(files, how, host));
    connection_->shake_hands();
}

tls_engine::~tls_engine() = default;

bool tls_engine::is_open() const { return connection_->open_; }

const std::string& tls_engine::error() const { return connection_->error_; }

bool tls_engine::wants_bytes() const {
    return connection_->in_used_ == connection_->in_.size() && mbedtls_ssl_get_bytes_avail(connection_->ssl()) == 0;
}

void tls_engine::feed(std::span<const std::byte> from_peer) {
    auto& it = *connection_;
    assert(wants_bytes() && !it.peer_ended_);
    if (from_peer.empty() || !it.error_.empty()) return;
    it.in_.assign(reinterpret_cast<const char*>(from_peer.data()), from_peer.size());
    it.in_used_ = 0;
    if (!std::exchange(it.anything_received_, true) && !may_be_tls(it.in_.front())) return it.fail(not_tls_words(it.in_));
    it.shake_hands();
}

void tls_engine::feed_end() {
    connection_->peer_ended_ = true;
    connection_->shake_hands();
}

std::string tls_engine::take_bytes() { return std::exchange(connection_->out_, {}); }

std::size_t tls_engine::read(std::span<std::byte> into) {
    auto& it = *connection_;
    while (it.open_ && it.error_.empty() && it.out_.size() < enough_output) {
        const int result = mbedtls_ssl_read(it.ssl(), reinterpret_cast<unsigned char*>(into.data()), into.size());
        if (result > 0) {
            it.data_received_ = true;
            return static_cast<std::size_t>(result);
        }
        if (is_a_ticket(result)) continue;
        it.on_result(result == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : result);
        break;
    }
    return 0;
}

std::size_t tls_engine::write(std::string_view bytes) {
    auto& it = *connection_;
    std::size_t taken = 0;
    while (it.open_ && it.error_.empty() && taken < bytes.size() && it.out_.size() < enough_output) {
        const auto rest = bytes.substr(taken);
        const int result = mbedtls_ssl_write(it.ssl(), raw(rest), rest.size());
        if (result < 0) {
            it.on_result(result);
            break;
        }
        taken += static_cast<std::size_t>(result);
    }
    return taken;
}

void tls_engine::end_of_writing() {
    assert(is_open());
    connection_->on_result(mbedtls_ssl_close_notify(connection_->ssl()));
}

}  // namespace mqtt
