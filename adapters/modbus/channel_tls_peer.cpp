// adapters/modbus/channel_tls_peer.cpp: see channel_tls_peer.hpp.
// Not here: the handshake (channel_tls.cpp).
#include "adapters/modbus/channel_tls_peer.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

namespace modbus {
namespace {

constexpr std::size_t longest_shown = 255;

/// Text from the wire, fit for a line of a log.
std::string shown(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, longest_shown)) result += c >= 0x20 && c < 0x7f ? c : '?';
    return result;
}

std::string shown(const mbedtls_x509_name& name) {
    std::array<char, 512> text{};
    if (mbedtls_x509_dn_gets(text.data(), text.size(), &name) < 0) return "a name too long to show";
    return text[0] == '\0' ? "nobody" : shown(std::string_view(text.data()));
}

std::string date(const mbedtls_x509_time& time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02d", time.year % 10000, time.mon % 100, time.day % 100);
    return text.data();
}

// ---- Names -------------------------------------------------------------------------------------------------------------

std::optional<std::string> address_bytes(const std::string& host) {
    const std::string text = host.substr(0, host.find('%'));
    std::array<char, 16> bytes{};
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 4);
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 16);
    return std::nullopt;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_names(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view without_last_dot(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

/// "*.plant.example" stands for one label more, and never for all of a top level.
bool is_name_of(std::string_view name, std::string_view host) {
    name = without_last_dot(name);
    host = without_last_dot(host);
    if (name.empty()) return false;
    if (!name.starts_with("*.")) return equal_names(name, host);
    const auto domain = name.substr(2);
    const auto dot = host.find('.');
    return domain.find('.') != std::string_view::npos && dot != std::string_view::npos && dot > 0 &&
           equal_names(domain, host.substr(dot + 1));
}

constexpr int dns_name = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_DNS_NAME;
constexpr int ip_address = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_IP_ADDRESS;

std::vector<std::pair<int, std::string_view>> alternative_names(const mbedtls_x509_crt& certificate) {
    std::vector<std::pair<int, std::string_view>> found;
    if (certificate.subject_alt_names.buf.p == nullptr) return found;
    for (const auto* one = &certificate.subject_alt_names; one != nullptr; one = one->next)
        found.emplace_back(one->buf.tag, view(one->buf));
    return found;
}

std::string names_in(const mbedtls_x509_crt& certificate) {
    constexpr std::size_t most = 8;
    std::string list;
    std::size_t count = 0;
    for (const auto& [kind, bytes] : alternative_names(certificate)) {
        std::string name;
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (kind == dns_name) name = shown(bytes);
        if (kind == ip_address && (bytes.size() == 4 || bytes.size() == 16))
            name = ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
        if (name.empty() || ++count > most) continue;
        list += (list.empty() ? "" : ", ") + name;
    }
    return list;
}

}  // namespace

bool is_address(const std::string& host) { return address_bytes(host).has_value(); }

bool is_for(const mbedtls_x509_crt& certificate, const std::string& host) {
    const auto address = address_bytes(host);
    const auto names = alternative_names(certificate);
    if (!names.empty())
        return std::any_of(names.begin(), names.end(), [&](const auto& one) {
            return address ? one.first == ip_address && one.second == *address
                           : one.first == dns_name && is_name_of(one.second, host);
        });
    for (const auto* part = &certificate.subject; part != nullptr; part = part->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) != 0) continue;
        const std::string name(view(part->val));
        if (address ? address_bytes(name) == address : is_name_of(name, host)) return true;
    }
    return false;
}

std::string description(const mbedtls_x509_crt& certificate) {
    const std::string names = names_in(certificate);
    return shown(certificate.subject) + ", issued by " + shown(certificate.issuer) + ", valid from " +
           date(certificate.valid_from) + " to " + date(certificate.valid_to) + (names.empty() ? "" : ", for " + names);
}

// ---- The verdict -------------------------------------------------------------------------------------------------------

void tls_peer::judge(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) {
    flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_CN_MISMATCH);  // mbedTLS 2.28 knows no addresses
    if (what_ == tls_verify::none) flags = 0;
    if (depth == 0) {
        certificate_ = description(certificate);
        if (what_ == tls_verify::full && !is_for(certificate, host_)) flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    if (flags == 0) return;
    refusal_ += (refusal_.empty() ? "" : "; ") +
                std::string(depth == 0 ? "the device's certificate" : "the certificate of an authority above the device's") +
                " is refused: " + reasons(certificate, flags) + "; it is that of " + description(certificate);
}

/// Each finding with its words, in the order in which they matter.
std::string tls_peer::reasons(const mbedtls_x509_crt& certificate, std::uint32_t flags) const {
    std::string list;
    const auto add = [&](std::uint32_t flag, const std::string& words) {
        if ((flags & flag) != 0) list += (list.empty() ? "" : ", and ") + words;
        flags &= ~flag;
    };
    add(MBEDTLS_X509_BADCERT_EXPIRED, "it has expired (or this machine's clock is wrong)");
    add(MBEDTLS_X509_BADCERT_FUTURE, "it isn't valid yet (is this machine's clock right?)");
    const bool self_issued = view(certificate.subject_raw) == view(certificate.issuer_raw);
    add(MBEDTLS_X509_BADCERT_NOT_TRUSTED, self_issued ? "it is self-signed, and isn't itself among those trusted (" +
                                                            authorities_place_ + "): put it there, or its authority's"
                                                      : "its issuer isn't among those trusted (" + authorities_place_ +
                                                            "), or the device leaves out a certificate between the two");
    add(MBEDTLS_X509_BADCERT_CN_MISMATCH,
        "it isn't for " + host_ + " (if that is all, set server_name to a name that it bears, or verify: chain_only)");
    add(MBEDTLS_X509_BADCERT_BAD_MD, "it is signed with a digest too weak (SHA-1 or older)");
    add(MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_PK,
        "a key of it or of its issuer is too weak (RSA needs 2048 bits)");
    add(MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
        "its purpose isn't that of a TLS server");
    add(~0u, "it fails a check of the TLS library");
    return list;
}

// ---- The role ----------------------------------------------------------------------------------------------------------

std::optional<std::string> role_of(const mbedtls_x509_crt& certificate) {
    constexpr std::string_view role_oid("\x2b\x06\x01\x04\x01\x83\x89\x0c\x86\x22\x01", 11);
    constexpr int sequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    unsigned char* at = certificate.v3_ext.p;
    if (at == nullptr) return std::nullopt;
    const unsigned char* end = at + certificate.v3_ext.len;
    std::size_t size = 0;
    if (mbedtls_asn1_get_tag(&at, end, &size, sequence) != 0) return std::nullopt;
    while (mbedtls_asn1_get_tag(&at, end, &size, sequence) == 0) {
        unsigned char* const next = at + size;
        const bool is_role = mbedtls_asn1_get_tag(&at, next, &size, MBEDTLS_ASN1_OID) == 0 &&
                             std::string_view(reinterpret_cast<const char*>(at), size) == role_oid;
        if (is_role) {
            at += size;
            int critical = 0;
            mbedtls_asn1_get_bool(&at, next, &critical);
            if (mbedtls_asn1_get_tag(&at, next, &size, MBEDTLS_ASN1_OCTET_STRING) != 0 ||
                mbedtls_asn1_get_tag(&at, next, &size, MBEDTLS_ASN1_UTF8_STRING) != 0)
                return std::nullopt;
            return shown(std::string_view(reinterpret_cast<const char*>(at), size));
        }
        at = next;
    }
    return std::nullopt;
}

}  // namespace modbus
