// config/address.cpp: parsing of broker URLs and secret references.
#include "config/address.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

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

struct scheme_name {
    std::string_view name;
    config::scheme scheme;
    std::uint16_t port;
};
constexpr std::array scheme_names = {scheme_name{"mqtt", scheme::mqtt, 1883}, scheme_name{"mqtts", scheme::mqtts, 8883},
                                     scheme_name{"ws", scheme::ws, 80}, scheme_name{"wss", scheme::wss, 443}};
constexpr std::string_view default_path = "/mqtt";  // of a WebSocket

/// What other programs call our schemes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> other_names = {{{"tcp", "mqtt"},
                                                                                       {"mqtt+tcp", "mqtt"},
                                                                                       {"ssl", "mqtts"},
                                                                                       {"tls", "mqtts"},
                                                                                       {"mqtt+ssl", "mqtts"},
                                                                                       {"mqtt+tls", "mqtts"},
                                                                                       {"http", "ws"},
                                                                                       {"https", "wss"}}};

const scheme_name* find_scheme(std::string_view name) {
    const auto found = std::find_if(scheme_names.begin(), scheme_names.end(), [&](const auto& one) { return one.name == name; });
    return found == scheme_names.end() ? nullptr : &*found;
}

/// A query may hold a secret: it isn't repeated.
std::string_view without_query(std::string_view text) { return text.substr(0, text.find('?')); }

std::string scheme_problem(std::string_view scheme, std::string_view rest) {
    const auto meant = [&](std::string_view ours) {
        return "write the URL as " + quoted(std::string(ours) + "://" + std::string(without_query(rest)));
    };
    for (const auto& one : scheme_names)
        if (distance(scheme, one.name) == 0) return meant(one.name);
    for (const auto& [theirs, ours] : other_names)
        if (distance(scheme, theirs) == 0) return quoted(std::string(scheme) + "://") + " is not possible; " + meant(ours);
    return quoted(std::string(scheme) + "://") +
           " is not possible; a broker's URL begins with 'mqtt://', 'mqtts://', 'ws://' or 'wss://'";
}

/// What can't follow the scheme, without repeating it: user name and password may be in it.
std::string login_problem(std::string_view rest) {
    const auto at = rest.find('@');
    if (at == std::string_view::npos) return {};
    const std::string in_path = rest.find('/') < at ? "; an '@' in a path is written as '%40'" : "";
    return "the URL can't contain a user name or password; use 'username' and 'password: \"@env:NAME\"'" + in_path;
}

std::string path_problem(config::scheme scheme, std::string_view path) {
    if (!is_websocket(scheme))
        return path.empty() || path == "/" ? "" : "nothing can follow host and port; remove the '/' and what is behind it";
    const auto good = [](char c) { return c > ' ' && c <= '~' && c != '#'; };
    if (std::all_of(path.begin(), path.end(), good)) return {};
    return "a path can't contain blanks, '#' or other than ASCII characters; write them as '%20'";
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

std::string host_problem(const host_and_port& parts, std::string_view rest, const std::string& example) {
    const bool bracket = rest.starts_with('[');
    if (!parts.closed || (!bracket && std::count(rest.begin(), rest.end(), ':') > 1))
        return "an IPv6 address is written in brackets, such as 'mqtt://[fe80::1]:1883'";
    if (parts.host.empty()) return "the host is missing; write " + quoted(example);
    if (bracket ? !is_ipv6(parts.host) : !is_host_name(parts.host))
        return quoted(parts.host) + " is not " + (bracket ? "an IPv6 address" : "a host name or address");
    return {};
}

/// `port` is left alone if there is none. The answer: what is wrong.
std::string read_host_and_port(std::string_view from, const std::string& example, std::string& host, std::uint16_t& port) {
    const auto parts = split(from);
    if (auto problem = host_problem(parts, from, example); !problem.empty()) return problem;
    host = parts.host;
    if (!parts.has_port) return {};
    const auto digits = std::all_of(parts.port.begin(), parts.port.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto number = digits ? parse_integer(parts.port) : parsed<std::int64_t>{};
    if (!number.value || *number.value < 1 || *number.value > 65535)
        return "the port " + quoted(parts.port) + " is not a number from 1 to 65535";
    port = static_cast<std::uint16_t>(*number.value);
    return {};
}

std::string without_scheme(std::string_view text, const std::string& example) {
    text = without_query(text);
    if (text.find('/') != std::string_view::npos || text.starts_with(example.substr(0, example.find(':') + 1)))
        return quoted(text) + " is not a URL; write it as " + quoted(example);
    return "the scheme is missing; write " + quoted(example.substr(0, example.find("://") + 3) + std::string(text));
}

}  // namespace

parsed<server> parse_url(std::string_view text) {
    const std::string example = "mqtt://host:1883";
    const auto end = text.find("://");
    const auto rest = end == std::string_view::npos ? text : text.substr(end + 3);
    if (auto problem = login_problem(rest); !problem.empty()) return {{}, std::move(problem)};
    if (end == std::string_view::npos) return {{}, without_scheme(text, example)};
    const auto* scheme = find_scheme(text.substr(0, end));
    if (scheme == nullptr) return {{}, scheme_problem(text.substr(0, end), rest)};
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    const auto path = rest.substr(authority.size());
    if (auto problem = path_problem(scheme->scheme, path); !problem.empty()) return {{}, std::move(problem)};
    server out{{}, scheme->port, scheme->scheme, {}};
    const auto same = std::string(scheme->name) + "://host:" + std::to_string(scheme->port);
    if (auto problem = read_host_and_port(authority, same, out.host, out.port); !problem.empty()) return {{}, std::move(problem)};
    if (is_websocket(out.scheme)) out.path = std::string(path.starts_with('/') ? "" : default_path) + std::string(path);
    return {std::move(out), {}};
}

parsed<proxy_address> parse_proxy_url(std::string_view text) {
    const std::string example = "http://host:3128";
    const auto end = text.find("://");
    auto rest = end == std::string_view::npos ? text : text.substr(end + 3);
    if (auto problem = login_problem(rest); !problem.empty()) return {{}, std::move(problem)};
    if (end == std::string_view::npos) return {{}, without_scheme(text, example)};
    if (text.substr(0, end) != "http")
        return {{}, quoted(text.substr(0, end + 3)) + " is not possible; a proxy's URL is " + quoted(example)};
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/?#") != std::string_view::npos)
        return {{}, "nothing can follow host and port; remove the '/' and what is behind it"};
    proxy_address out;
    if (auto problem = read_host_and_port(rest, example, out.host, out.port); !problem.empty()) return {{}, std::move(problem)};
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
    return {{}, "a secret must not be written out; say where it is: \"@env:NAME\", \"@file:/path\" or \"@cred:NAME\""};
}

}  // namespace config
