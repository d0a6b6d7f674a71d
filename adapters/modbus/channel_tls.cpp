// adapters/modbus/channel_tls.cpp: see channel_tls.hpp.
// Not here: TCP (link_connect).
#include "adapters/modbus/channel_tls.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <optional>

#include "adapters/modbus/channel_tls_files.hpp"
#include "adapters/modbus/channel_tls_peer.hpp"
#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_connect.hpp"

namespace modbus {
namespace {

struct alert {
    int code;
    const char* words;
    bool is_about_us;  // about our certificate
};
constexpr std::array alerts{
    alert{40, "handshake_failure: it finds no cipher or key exchange that both allow", true},
    alert{42, "bad_certificate: it can't use our certificate", true},
    alert{43, "unsupported_certificate: it can't use a certificate of our kind", true},
    alert{44, "certificate_revoked: our certificate is revoked", true},
    alert{45, "certificate_expired: our certificate has expired, or isn't valid yet by its clock", true},
    alert{46, "certificate_unknown: it doesn't accept our certificate", true},
    alert{47, "illegal_parameter: it finds our message wrong", false},
    alert{48, "unknown_ca: it doesn't trust the issuer of our certificate", true},
    alert{49, "access_denied: it grants us no access", true},
    alert{51, "decrypt_error: a signature or key of ours is wrong", true},
    alert{70, "protocol_version: it offers no TLS version that is allowed here (1.2 or newer)", false},
    alert{71, "insufficient_security: it demands stronger ciphers", false},
    alert{80, "internal_error: it has an error of its own", false},
    alert{112, "unrecognized_name: it doesn't know the name it was asked for (server_name)", false},
    alert{116, "certificate_required: it demands a certificate of ours", true},
};

std::string without_last_dot(std::string host) {
    if (host.ends_with('.')) host.pop_back();
    return host;
}

}  // namespace

/// One connection's keys and state. It writes to and reads from the socket by itself, never waiting.
class tls_channel::session {
public:
    session(const tls_settings& how, const tcp_connection& over)
        : connection_(over), server_(without_last_dot(how.server_name.empty() ? how.host : how.server_name)) {}

    /// Reads the files. Empty, or what is wrong with them or the settings.
    std::string prepare(const tls_settings& how);
    channel::opened shake_hands(time_point until, const interruption& interrupted);
    /// About our own certificate, for a person.
    std::string standing();

    bool has_input() { return mbedtls_ssl_get_bytes_avail(tls_.get()) > 0 || mbedtls_ssl_check_pending(tls_.get()) != 0; }
    bool send(bytes_view bytes);
    ssize_t receive(std::span<std::uint8_t> to);
    void say_goodbye() { mbedtls_ssl_close_notify(tls_.get()); }

private:
    int configure(const tls_settings& how);
    std::string why_not(int result);
    std::optional<int> alert_left_behind();
    std::string alert_words(int code);
    int as_errno(int result);

    static int send_bytes(void* self, const unsigned char* bytes, std::size_t size);
    static int receive_bytes(void* self, unsigned char* into, std::size_t size);
    static int verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);

    const tcp_connection& connection_;
    std::string server_;
    random_source random_;
    tls_files files_;
    std::unique_ptr<tls_peer> peer_;
    bool anything_received_ = false;
    int socket_error_ = 0;
    int failed_ = 0;      // errno, for good
    bool ended_ = false;  // by the device
    tls_configuration configuration_;
    tls_session tls_;  // the last: it refers to all of them
};

// ---- Beginning -----------------------------------------------------------------------------------------------------------

std::string tls_channel::session::prepare(const tls_settings& how) {
    if (random_.seed() != 0) return "the system gives no random numbers";
    if (std::string fault = files_.read(how, random_); !fault.empty()) return fault;
    peer_ = std::make_unique<tls_peer>(how.verify, server_, files_.authorities_place);
    const int error = configure(how);
    if (error != 0) return "TLS can't be set up: " + library_words(error);
    mbedtls_ssl_set_bio(tls_.get(), this, send_bytes, receive_bytes, nullptr);
    return "";
}

int tls_channel::session::configure(const tls_settings& how) {
    auto* const to = configuration_.get();
    int error = mbedtls_ssl_config_defaults(to, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (error != 0) return error;
    forbid_weakness(to);
    mbedtls_ssl_conf_rng(to, mbedtls_ctr_drbg_random, random_.generator.get());
    mbedtls_ssl_conf_authmode(to, how.verify == tls_verify::none ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_verify(to, verify, this);
    if (how.verify != tls_verify::none) mbedtls_ssl_conf_ca_chain(to, files_.authorities.get(), nullptr);
    if (files_.has_own) error = mbedtls_ssl_conf_own_cert(to, files_.own.get(), files_.key.get());
    if (error == 0) error = mbedtls_ssl_setup(tls_.get(), to);
    // An address is never sent as a name (RFC 6066 3); to say so is demanded by newer versions of mbedTLS.
    if (error == 0) error = mbedtls_ssl_set_hostname(tls_.get(), is_address(server_) ? nullptr : server_.c_str());
    return error;
}

std::string tls_channel::session::standing() {
    if (!files_.has_own) return "no certificate of our own is shown";
    if (const auto role = role_of(*files_.own.get())) return "our certificate's role is " + *role;
    return "our certificate bears no role (1.3.6.1.4.1.50316.802.1): a device that grants by roles may refuse us with exception "
           "1";
}

channel::opened tls_channel::session::shake_hands(time_point until, const interruption& interrupted) {
    for (;;) {
        const int result = mbedtls_ssl_handshake(tls_.get());
        if (result == 0) break;
        if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) return {false, why_not(result)};
        const short events = result == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT;
        // Looked at first, so that a peer that sends without end can't hold the handshake beyond its time.
        const woken why = modbus::now() >= until ? woken::time : wait_for(connection_.descriptor(), events, until, interrupted);
        if (why == woken::interrupted) return {true, ""};
        if (why == woken::time)
            return {false, anything_received_ ? "the TLS handshake wasn't done in time"
                                              : "no answer to TLS in time: does it speak TLS on this port?"};
    }
    // A refusal ends the handshake; were it ever otherwise, requests would go to a stranger.
    if (!peer_->was_judged() || !peer_->refusal().empty()) return {false, peer_->refusal() + " (after the handshake)"};
    return {};
}

std::string tls_channel::session::why_not(int result) {
    if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) return alert_words(alert_of(tls_.get()));
    if (!peer_->refusal().empty()) return peer_->refusal();
    const bool was_cut = socket_error_ == EPIPE || socket_error_ == ECONNRESET;
    if (was_cut)
        if (const auto code = alert_left_behind()) return alert_words(*code);
    if (socket_error_ != 0 && !was_cut) return system_words(socket_error_) + " during the TLS handshake";
    if (was_cut || result == MBEDTLS_ERR_SSL_CONN_EOF || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        if (!anything_received_)
            return "the device closed the connection without an answer to TLS: does it speak TLS on this port?";
        return std::string("the device closed the connection during the TLS handshake") +
               (files_.has_own ? "; maybe it doesn't accept our certificate, that of " + description(*files_.own.get())
                               : "; maybe it demands a certificate, and none is set: set cert and key");
    }
    if (result == MBEDTLS_ERR_SSL_INVALID_RECORD)
        return "what the device answers isn't TLS: does it speak TLS on this port? (Without TLS the key is tcp, not tls)";
    if (result == no_common_version) return "the device offers no TLS version that is allowed here (1.2 or newer)";
    // mbedTLS finds this after the chain was judged.
    if ((mbedtls_ssl_get_verify_result(tls_.get()) & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE)) !=
            0 &&
        peer_->was_judged())
        return "the device's certificate is refused: its purpose isn't that of a TLS server";
    return "the TLS handshake failed: " + library_words(result);
}

/// A device that refuses our certificate says so and closes, while we are still sending: what it said lies in the socket, in
/// clear: an alert (21), its version and length, a fatal one (2), which.
std::optional<int> tls_channel::session::alert_left_behind() {
    std::array<std::uint8_t, 7> record{};
    if (connection_.receive(record.data(), record.size()) != static_cast<ssize_t>(record.size())) return std::nullopt;
    if (record[0] != 21 || record[3] != 0 || record[4] != 2 || record[5] != 2) return std::nullopt;
    return record[6];
}

std::string tls_channel::session::alert_words(int code) {
    const auto* known = std::find_if(alerts.begin(), alerts.end(), [&](const alert& one) { return one.code == code; });
    const std::string told = "the device refused the connection (TLS alert ";
    if (known == alerts.end()) return told + std::to_string(code) + ")";
    if (!known->is_about_us || !peer_->was_judged()) return told + known->words + ")";
    if (!files_.has_own) return told + known->words + "); we showed no certificate: set cert and key";
    return told + known->words + "); ours is that of " + description(*files_.own.get());
}

// ---- Bytes ---------------------------------------------------------------------------------------------------------------

/// What a call of ours leaves in errno. After a failure nothing is sent or believed any more.
int tls_channel::session::as_errno(int result) {
    if (result == MBEDTLS_ERR_SSL_WANT_READ) return EAGAIN;
    failed_ = result == MBEDTLS_ERR_SSL_WANT_WRITE ? EAGAIN : socket_error_ != 0 ? socket_error_ : EPROTO;
    return failed_;
}

bool tls_channel::session::send(bytes_view bytes) {
    while (!bytes.empty()) {
        if (failed_ != 0 || ended_) {
            errno = ended_ ? EPIPE : failed_;
            return false;
        }
        const int result = mbedtls_ssl_write(tls_.get(), bytes.data(), bytes.size());
        if (result < 0) {
            errno = as_errno(result);
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(result));
    }
    return true;
}

ssize_t tls_channel::session::receive(std::span<std::uint8_t> to) {
    for (;;) {
        if (ended_) return 0;
        if (failed_ != 0) {
            errno = failed_;
            return -1;
        }
        const int result = mbedtls_ssl_read(tls_.get(), to.data(), to.size());
        if (result > 0) return result;
        if (is_a_ticket(result)) continue;
        // Without TLS's notice of the end something may be missing; a frame says by itself whether it is whole.
        ended_ = result == 0 || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || result == MBEDTLS_ERR_SSL_CONN_EOF;
        if (ended_) return 0;
        errno = as_errno(result);
        return -1;
    }
}

int tls_channel::session::send_bytes(void* self, const unsigned char* bytes, std::size_t size) {
    auto& to = *static_cast<session*>(self);
    const ssize_t count = ::send(to.connection_.descriptor(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return static_cast<int>(count);  // a record at most
    if (errno == EAGAIN || errno == EINTR) return MBEDTLS_ERR_SSL_WANT_WRITE;
    to.socket_error_ = errno;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

int tls_channel::session::receive_bytes(void* self, unsigned char* into, std::size_t size) {
    auto& from = *static_cast<session*>(self);
    const ssize_t count = from.connection_.receive(into, size);
    if (count >= 0) {
        from.anything_received_ |= count > 0;
        return static_cast<int>(count);
    }
    if (errno == EAGAIN || errno == EINTR) return MBEDTLS_ERR_SSL_WANT_READ;
    from.socket_error_ = errno;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

int tls_channel::session::verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
    static_cast<session*>(self)->peer_->judge(*certificate, depth, *flags);
    return 0;
}

// ---- The channel ---------------------------------------------------------------------------------------------------------

tls_channel::tls_channel(const tls_settings& how) : how_(how), connection_(how.host, how.port) {}

tls_channel::~tls_channel() { close(); }

channel::opened tls_channel::open(std::chrono::nanoseconds timeout, const interruption& interrupted) {
    assert(!is_open());
    channel::opened result = begin(timeout, interrupted);
    if (result.interrupted || !result.fault.empty()) {
        session_.reset();
        connection_.close();
    }
    return result;
}

channel::opened tls_channel::begin(std::chrono::nanoseconds timeout, const interruption& interrupted) {
    const time_point until = modbus::now() + timeout;
    session_ = std::make_unique<session>(how_, connection_);
    if (std::string fault = session_->prepare(how_); !fault.empty()) return {false, name() + ": " + fault};
    const auto connected = connection_.open(timeout, interrupted);
    if (connected.interrupted || !connected.fault.empty()) return {connected.interrupted, connected.fault};
    channel::opened result = session_->shake_hands(until, interrupted);
    if (!result.fault.empty()) result.fault = name() + ": " + result.fault;
    if (!result.interrupted && result.fault.empty()) result.standing = session_->standing();
    return result;
}

void tls_channel::close() {
    if (session_ && connection_.is_open()) session_->say_goodbye();
    session_.reset();
    connection_.close();
}

bool tls_channel::is_open() const { return session_ != nullptr && connection_.is_open(); }
int tls_channel::descriptor() const { return connection_.descriptor(); }
bool tls_channel::has_input() const { return session_ && session_->has_input(); }
bool tls_channel::send(bytes_view bytes) { return session_->send(bytes); }
ssize_t tls_channel::receive(std::span<std::uint8_t> to) { return session_->receive(to); }
std::string tls_channel::name() const { return connection_.name() + " (TLS)"; }

}  // namespace modbus
