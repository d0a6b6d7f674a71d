// mqtt/tls_words.cpp: alerts and errors in words.
// Not here: when they occur (tls_engine.cpp).
#include "mqtt/tls_words.hpp"

#include <algorithm>
#include <array>

#include "mqtt/tls_mbedtls.hpp"

namespace mqtt {
namespace {

struct alert {
    int code;
    const char* name;
    const char* words;
    bool is_about_us;  // about the client's certificate, when the server has one of its own that is accepted
};

constexpr std::array alerts = {
    alert{10, "unexpected_message", "it didn't expect our message", false},
    alert{20, "bad_record_mac", "what it got was damaged", false},
    alert{40, "handshake_failure", "it finds no cipher or key exchange that both allow", true},
    alert{42, "bad_certificate", "it can't use the client certificate", true},
    alert{43, "unsupported_certificate", "it can't use a client certificate of this kind", true},
    alert{44, "certificate_revoked", "the client certificate is revoked", true},
    alert{45, "certificate_expired", "the client certificate has expired, or isn't valid yet by its clock", true},
    alert{46, "certificate_unknown", "it doesn't accept the client certificate", true},
    alert{47, "illegal_parameter", "it finds our message wrong", false},
    alert{48, "unknown_ca", "it doesn't trust the issuer of the client certificate", true},
    alert{49, "access_denied", "it grants no access", true},
    alert{50, "decode_error", "it can't read our message", false},
    alert{51, "decrypt_error", "a signature or key of ours is wrong", true},
    alert{70, "protocol_version", "it offers no TLS version that is allowed here (1.2 or newer)", false},
    alert{71, "insufficient_security", "it demands stronger ciphers", false},
    alert{80, "internal_error", "it has an error of its own", false},
    alert{90, "user_canceled", "it gave the handshake up", false},
    alert{109, "missing_extension", "it misses an extension", false},
    alert{112, "unrecognized_name", "it doesn't know the name it was asked for (server_name)", false},
    alert{116, "certificate_required", "it demands a client certificate", true},
    alert{120, "no_application_protocol", "it knows none of the protocols offered (alpn)", false},
};

constexpr const char* set_both = "set certificate_file and key_file";

}  // namespace

std::string alert_words(int code, const tls_circumstances& when) {
    const auto* known = std::find_if(alerts.begin(), alerts.end(), [&](const alert& one) { return one.code == code; });
    const bool is_known = known != alerts.end();
    const auto name = is_known ? std::string(known->name) : std::to_string(code);
    const auto told =
        (when.data_received ? "the server ended the connection (TLS alert " : "the server refused the connection (TLS alert ") +
        name + ")";
    if (!is_known) return told;
    if (!known->is_about_us || !when.server_accepted || when.data_received) return told + ": " + known->words;
    if (!when.own_certificate.empty()) {
        const auto words = code == 40 || code == 116 ? "it doesn't accept the client certificate" : known->words;
        return told + ": " + words + "; ours is that of " + when.own_certificate;
    }
    // After our checks have passed, what is left for the server to refuse is that we have none.
    return told + ": it demands a client certificate, and none is set: " + set_both;
}

std::string end_words(const tls_circumstances& when) {
    if (!when.anything_received)
        return "the server closed the connection without an answer to TLS: does it speak TLS on this port?";
    const std::string told = "the server closed the connection during the TLS handshake";
    if (!when.server_accepted) return told;
    if (!when.own_certificate.empty())
        return told + "; maybe it doesn't accept the client certificate, that of " + when.own_certificate;
    return told + "; maybe it demands a client certificate, and none is set: " + set_both;
}

std::string failure_words(int error, std::string_view during) {
    if (error == no_common_version) return "the server offers no TLS version that is allowed here (1.2 or newer)";
    return "the TLS " + std::string(during) + " failed: " + library_words(error);
}

std::string not_tls_words(std::string_view bytes) {
    std::string text;
    for (const char c : bytes.substr(0, 24)) text += c >= 0x20 && c < 0x7f ? c : '?';
    return "the server doesn't speak TLS on this port; its answer begins \"" + text + "\"";
}

bool may_be_tls(char first_byte) { return first_byte == 21 || first_byte == 22; }

}  // namespace mqtt
