// mqtt/tls_name.cpp: compares hosts with the names in certificates.
// Not here: international names; both sides have them in their ASCII form.
#include "mqtt/tls_name.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace mqtt {
namespace {

constexpr std::size_t ipv4_size = 4;
constexpr std::size_t ipv6_size = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_names(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view after_first_label(std::string_view name) {
    const auto dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

}  // namespace

std::optional<std::string> address_bytes(std::string_view host) {
    const std::string text(host.substr(0, host.find('%')));
    std::array<char, ipv6_size> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return std::string(bytes.data(), ipv4_size);
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return std::string(bytes.data(), ipv6_size);
    return std::nullopt;
}

std::string address_text(std::string_view bytes) {
    if (bytes.size() != ipv4_size && bytes.size() != ipv6_size) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = bytes.size() == ipv4_size ? AF_INET : AF_INET6;
    return inet_ntop(family, bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
}

bool is_name_of(std::string_view name, std::string_view host) {
    name = without_last_dot(name);
    host = without_last_dot(host);
    if (name.empty()) return false;
    if (!name.starts_with("*.")) return equal_names(name, host);
    const auto domain = name.substr(2);
    return domain.find('.') != std::string_view::npos && !host.starts_with('.') && equal_names(domain, after_first_label(host));
}

std::string_view without_last_dot(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

}  // namespace mqtt
