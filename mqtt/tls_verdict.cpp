// mqtt/tls_verdict.cpp: host names and purposes are checked here, and findings put in words.
// Not here: comparing two names (tls_name.hpp).
#include "mqtt/tls_verdict.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include "mqtt/codec.hpp"
#include "mqtt/tls_name.hpp"

namespace mqtt {
namespace {

constexpr std::size_t most_names = 8;

/// Text from the wire, fit for a line of a log.
std::string shown(std::string_view text) {
    const bool readable = is_valid_utf8(text);
    std::string result;
    for (const char c : text.substr(0, 255)) {
        const auto byte = static_cast<unsigned char>(c);
        result += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable) ? '?' : c;
    }
    return result;
}

std::string shown(const mbedtls_x509_name& name) {
    std::array<char, 512> text{};
    if (mbedtls_x509_dn_gets(text.data(), text.size(), &name) < 0) return "a name too long to show";
    return text[0] == '\0' ? "nobody" : shown(text.data());
}

std::string date(const mbedtls_x509_time& time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02d", time.year % 10000, time.mon % 100, time.day % 100);
    return text.data();
}

std::int64_t unix_time(const mbedtls_x509_time& time) {
    std::tm parts{};
    parts.tm_year = time.year - 1900;
    parts.tm_mon = time.mon - 1;
    parts.tm_mday = time.day;
    parts.tm_hour = time.hour;
    parts.tm_min = time.min;
    parts.tm_sec = time.sec;
    return ::timegm(&parts);
}

std::string moment(const mbedtls_x509_time& time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), " %02d:%02d UTC", time.hour % 100, time.min % 100);
    return date(time) + text.data();
}

/// mbedTLS compares with the same clock.
std::string now_words() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
    return text.data();
}

bool is_self_issued(const mbedtls_x509_crt& certificate) { return view(certificate.subject_raw) == view(certificate.issuer_raw); }

// ---- Names ----

constexpr int dns_name = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_DNS_NAME;
constexpr int ip_address = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_IP_ADDRESS;

bool has_alternative_names(const mbedtls_x509_crt& certificate) { return certificate.subject_alt_names.buf.p != nullptr; }

template <typename Visit>
void for_each_alternative_name(const mbedtls_x509_crt& certificate, const Visit& visit) {
    if (!has_alternative_names(certificate)) return;
    for (const auto* one = &certificate.subject_alt_names; one != nullptr; one = one->next) visit(one->buf.tag, view(one->buf));
}

std::vector<std::string_view> common_names(const mbedtls_x509_crt& certificate) {
    std::vector<std::string_view> found;
    for (const auto* part = &certificate.subject; part != nullptr; part = part->next)
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0) found.push_back(view(part->val));
    return found;
}

/// The common name counts only when there are no other names, as in certificates of old.
bool is_for(const mbedtls_x509_crt& certificate, const std::string& host) {
    const auto address = address_bytes(host);
    bool found = false;
    for_each_alternative_name(certificate, [&](int kind, std::string_view name) {
        if (address ? kind == ip_address && name == *address : kind == dns_name && is_name_of(name, host)) found = true;
    });
    if (has_alternative_names(certificate)) return found;
    for (const auto name : common_names(certificate))
        if (address ? address_bytes(name) == address : is_name_of(name, host)) found = true;
    return found;
}

std::string names_of(const mbedtls_x509_crt& certificate) {
    std::string list;
    std::size_t count = 0;
    const auto add = [&](const std::string& name) {
        if (name.empty() || ++count > most_names) return;
        list += (list.empty() ? "" : ", ") + name;
    };
    for_each_alternative_name(certificate, [&](int kind, std::string_view name) {
        if (kind == dns_name) add(shown(name));
        if (kind == ip_address) add(address_text(name));
    });
    if (count > most_names) list += " and " + std::to_string(count - most_names) + " more";
    return list;
}

// ---- Purpose ----

bool is_for_a_server(const mbedtls_x509_crt& certificate) {
    return mbedtls_x509_crt_check_extended_key_usage(&certificate, MBEDTLS_OID_SERVER_AUTH,
                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) == 0;
}

std::string purposes_of(const mbedtls_x509_crt& certificate) {
    std::string list;
    std::size_t count = 0;
    for (const auto* one = &certificate.ext_key_usage; one != nullptr && count < most_names; one = one->next, ++count) {
        const char* words = nullptr;
        if (mbedtls_oid_get_extended_key_usage(&one->buf, &words) != 0) words = "another purpose";
        list += (list.empty() ? "" : ", ") + std::string(words);
    }
    return list;
}

// ---- Findings ----

bool is_listed(const mbedtls_x509_crt& certificate, const mbedtls_x509_crl* revocations) {
    for (const auto* one = revocations; one != nullptr; one = one->next)
        if (view(one->issuer_raw) == view(certificate.issuer_raw)) return true;
    return false;
}

std::string untrusted_words(const mbedtls_x509_crt& certificate, const std::string& place) {
    if (is_self_issued(certificate)) return "it is self-signed, and isn't itself among those trusted (" + place + ")";
    return "its issuer " + shown(certificate.issuer) + " isn't among the authorities trusted (" + place +
           "), or the server leaves out a certificate between the two";
}

/// Each finding with its words, in the order in which they matter.
std::string reasons(const mbedtls_x509_crt& certificate, std::uint32_t flags, const tls_verdict::expectations& expected) {
    std::string list;
    const auto add = [&](std::uint32_t flag, const std::string& words) {
        if ((flags & flag) != 0) list += (list.empty() ? "" : ", and ") + words;
        flags &= ~flag;
    };
    const auto place = expected.authorities_place;
    const auto crl = expected.crl_place;
    add(MBEDTLS_X509_BADCERT_REVOKED, "it is revoked by " + crl);
    add(MBEDTLS_X509_BADCERT_EXPIRED,
        "it expired on " + moment(certificate.valid_to) + " (this machine's clock says " + now_words() + ")");
    add(MBEDTLS_X509_BADCERT_FUTURE, "it isn't valid before " + moment(certificate.valid_from) +
                                         " (is this machine's clock right? It says " + now_words() + ")");
    add(MBEDTLS_X509_BADCERT_NOT_TRUSTED, untrusted_words(certificate, place));
    add(MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, "its purpose is not TLS server but " + purposes_of(certificate));
    add(MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_NS_CERT_TYPE, "its key usage doesn't allow a TLS server");
    add(MBEDTLS_X509_BADCERT_BAD_MD, "it is signed with a digest too weak (SHA-1 or older)");
    add(MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_PK,
        "its signer's key, or its own, is too weak (its own is " + std::string(mbedtls_pk_get_name(&certificate.pk)) + " of " +
            std::to_string(mbedtls_pk_get_bitlen(&certificate.pk)) + " bits; RSA needs 2048)");
    add(MBEDTLS_X509_BADCERT_CN_MISMATCH, "it isn't for " + expected.host);
    add(MBEDTLS_X509_BADCRL_NOT_TRUSTED, crl + " is signed by somebody else than its issuer");
    add(MBEDTLS_X509_BADCRL_EXPIRED, crl + " is out of date: fetch the issuer's newest");
    add(MBEDTLS_X509_BADCRL_FUTURE, crl + " isn't valid yet (is this machine's clock right? It says " + now_words() + ")");
    add(MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY,
        crl + " is signed with a digest or key too weak");
    add(MBEDTLS_X509_BADCERT_OTHER, crl + " has no list by the certificate's issuer");
    add(~0u, "it fails a check of the TLS library");
    return list;
}

}  // namespace

std::string description(const mbedtls_x509_crt& certificate) {
    const auto names = names_of(certificate);
    return shown(certificate.subject) + ", issued by " + shown(certificate.issuer) + ", valid from " +
           date(certificate.valid_from) + " to " + date(certificate.valid_to) + (names.empty() ? "" : ", for " + names);
}

int tls_verdict::judge(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) {
    const bool is_server = depth == 0;
    if (expected_.on_certificate) expected_.on_certificate({description(certificate), depth, unix_time(certificate.valid_to)});
    flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_CN_MISMATCH);  // mbedTLS 2.28 knows no addresses
    if (expected_.verify_chain == tls_check::off) flags = 0;
    if (is_server) {
        server_ = description(certificate);
        if (expected_.verify_chain == tls_check::on) {
            if (!is_for_a_server(certificate)) flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
            if (expected_.revocations != nullptr && !is_listed(certificate, expected_.revocations))
                flags |= MBEDTLS_X509_BADCERT_OTHER;
        }
        if (expected_.verify_host == tls_check::on && !is_for(certificate, expected_.host))
            flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    if (flags == 0) return 0;
    refuse(is_server ? "the server's certificate" : "the certificate of an authority above the server's",
           reasons(certificate, flags, expected_), description(certificate));
    // With the chain's check off, mbedTLS would go on whatever is found.
    return expected_.verify_chain == tls_check::off ? MBEDTLS_ERR_X509_FATAL_ERROR : 0;
}

void tls_verdict::add_findings(std::uint32_t flags) {
    if (!refusal_.empty() || server_.empty()) return;
    if ((flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE)) != 0)
        refuse("the server's certificate", "its key usage doesn't allow a TLS server", server_);
}

void tls_verdict::refuse(const std::string& whose, const std::string& reasons, const std::string& says) {
    refusal_ += (refusal_.empty() ? "" : "; ") + whose + " is refused: " + reasons + "; it is that of " + says;
}

}  // namespace mqtt
