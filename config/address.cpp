// config/address.cpp: parsing of broker URLs and secret references.
#include "config/address.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/findings.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

constexpr std::size_t longest_host = 253;        // of a DNS name
constexpr std::size_t longest_credential = 255;  // a file name, to systemd

bool is_letter_or_digit(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 0x80;
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > longest_host || host.front() == '.' || host.find("..") != std::string_view::npos)
        return false;
    return std::all_of(host.begin(), host.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; });
}

bool is_ipv6(std::string_view host) {
    const auto address = host.substr(0, host.find('%'));
    const auto zone = host.substr(address.size());
    const auto good = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.'; };
    return std::count(address.begin(), address.end(), ':') >= 2 && std::all_of(address.begin(), address.end(), good) &&
           (zone.empty() || (zone.size() > 1 && is_host_name(zone.substr(1))));
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

bool is_credential_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_credential && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos;
}

std::string scheme_problem(std::string_view scheme, std::string_view rest) {
    const auto lower = distance(scheme, "mqtt") == 0 || distance(scheme, "tcp") == 0;
    if (lower) return "write the URL as " + quoted("mqtt://" + std::string(rest));
    for (const auto* later : {"mqtts", "ws", "wss", "ssl", "tls"})
        if (distance(scheme, later) == 0)
            return quoted(std::string(scheme) + "://") + " is designed but not built yet; this version speaks 'mqtt://' only";
    return quoted(std::string(scheme) + "://") + " is not possible; a broker's URL is 'mqtt://host:1883'";
}

/// What can't follow the scheme, without repeating it: user name and password may be in it.
std::string extras_problem(std::string_view rest) {
    if (rest.find('@') != std::string_view::npos)
        return "the URL can't contain a user name or password; use 'username' and 'password: \"@env:NAME\"'";
    if (rest.find_first_of("/?#") != std::string_view::npos)
        return "nothing can follow host and port; remove the '/' and what is behind it";
    return {};
}

struct host_and_port {
    std::string_view host;
    std::string_view port;
    bool has_port = false;
    bool closed = true;  // its bracket
};

host_and_port split(std::string_view rest) {
    if (rest.starts_with('[')) {
        const auto end = rest.find(']');
        if (end == std::string_view::npos) return {rest, {}, false, false};
        const auto behind = rest.substr(end + 1);
        if (behind.empty()) return {rest.substr(1, end - 1), {}, false, true};
        return {rest.substr(1, end - 1), behind.substr(1), true, behind.front() == ':'};
    }
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) return {rest, {}, false, true};
    return {rest.substr(0, colon), rest.substr(colon + 1), true, true};
}

std::string host_problem(const host_and_port& parts, std::string_view rest) {
    const bool bracket = rest.starts_with('[');
    if (!parts.closed) return "an IPv6 address is written in brackets, such as 'mqtt://[fe80::1]:1883'";
    if (!bracket && std::count(rest.begin(), rest.end(), ':') > 1)
        return "an IPv6 address is written in brackets, such as 'mqtt://[fe80::1]:1883'";
    if (parts.host.empty()) return "the host is missing; write 'mqtt://host:1883'";
    if (bracket ? !is_ipv6(parts.host) : !is_host_name(parts.host))
        return quoted(parts.host) + " is not " + (bracket ? "an IPv6 address" : "a host name or address");
    return {};
}

}  // namespace

parsed<server> parse_url(std::string_view text) {
    const auto end = text.find("://");
    if (end == std::string_view::npos) {
        if (text.find('@') != std::string_view::npos) return {{}, extras_problem(text)};
        if (text.find('/') != std::string_view::npos || text.starts_with("mqtt:"))
            return {{}, quoted(text) + " is not a URL; write it as 'mqtt://host:1883'"};
        return {{}, "the scheme is missing; write " + quoted("mqtt://" + std::string(text))};
    }
    const auto rest = text.substr(end + 3);
    if (auto problem = extras_problem(rest); !problem.empty()) return {{}, std::move(problem)};
    if (text.substr(0, end) != "mqtt") return {{}, scheme_problem(text.substr(0, end), rest)};
    const auto parts = split(rest);
    if (auto problem = host_problem(parts, rest); !problem.empty()) return {{}, std::move(problem)};
    server out;
    out.host = parts.host;
    if (!parts.has_port) return {std::move(out), {}};
    const auto digits = std::all_of(parts.port.begin(), parts.port.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto port = digits ? parse_integer(parts.port) : parsed<std::int64_t>{};
    if (!port.value || *port.value < 1 || *port.value > 65535)
        return {{}, "the port " + quoted(parts.port) + " is not a number from 1 to 65535"};
    out.port = static_cast<std::uint16_t>(*port.value);
    return {std::move(out), {}};
}

parsed<secret_reference> parse_secret(std::string_view text) {
    using from = secret_reference::source;
    const auto reference = [&](from where, std::size_t prefix) {
        secret_reference out;
        out.from = where;
        out.name = text.substr(prefix);
        return parsed<secret_reference>{std::move(out), {}};
    };
    if (text.starts_with("@env:")) {
        if (is_variable_name(text.substr(5))) return reference(from::environment, 5);
        return {{}, "'@env:' needs the name of an environment variable: letters, digits and '_'"};
    }
    if (text.starts_with("@file:")) {
        if (text.substr(6).starts_with('/')) return reference(from::file, 6);
        return {{}, "'@file:' needs an absolute path: \"@file:/path\""};
    }
    if (text.starts_with("@cred:")) {
        if (is_credential_name(text.substr(6))) return reference(from::credential, 6);
        return {{}, "'@cred:' needs the name of a systemd credential, without '/'"};
    }
    return {{}, "a secret can't be in the file; write where it is: \"@env:NAME\", \"@file:/path\" or \"@cred:NAME\""};
}

}  // namespace config
