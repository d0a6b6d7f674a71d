// mqtt/endpoint.cpp: URLs and server references, cut into their parts.
// Not here: names → addresses.
#include "mqtt/endpoint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace mqtt {
namespace {

constexpr std::array schemes = {scheme::mqtt, scheme::mqtts, scheme::ws, scheme::wss};
constexpr std::string_view default_path = "/mqtt";
constexpr std::size_t longest_host = 253;  // that DNS allows
constexpr std::size_t longest_url = 8 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
bool is_name_letter(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_'; }

/// What others call our schemes.
std::string_view meant_by(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known = {{{"tcp", "mqtt://"},
                                                                                            {"mqtt+tcp", "mqtt://"},
                                                                                            {"ssl", "mqtts://"},
                                                                                            {"tls", "mqtts://"},
                                                                                            {"mqtt+ssl", "mqtts://"},
                                                                                            {"mqtt+tls", "mqtts://"},
                                                                                            {"http", "ws://"},
                                                                                            {"https", "wss://"}}};
    for (const auto& [theirs, ours] : known)
        if (theirs == name) return ours;
    return {};
}

boost::system::result<scheme, endpoint_error> parse_scheme(std::string_view url) {
    constexpr const char* all = "mqtt://, mqtts://, ws:// or wss://";
    const auto end = url.find("://");
    if (end == std::string_view::npos) return endpoint_error(std::string("the URL must begin with ") + all);
    std::string name(url.substr(0, end));
    std::transform(name.begin(), name.end(), name.begin(), lower);
    for (const auto one : schemes)
        if (name_of(one) == name) return one;
    if (const auto meant = meant_by(name); !meant.empty())
        return endpoint_error("unknown scheme \"" + name + "://\": write " + std::string(meant));
    return endpoint_error(std::string("unknown scheme: the URL must begin with ") + all);
}

struct host_port {
    std::string host;
    std::optional<std::uint16_t> port;
    std::string error;  // "": none
};

bool is_ipv6(std::string_view text) {
    const auto address = text.substr(0, text.find('%'));  // what follows names an interface
    const auto zone = text.substr(std::min(address.size() + 1, text.size()));
    const auto in_address = [](char c) { return is_hexadecimal(c) || c == ':' || c == '.'; };
    return std::count(address.begin(), address.end(), ':') >= 2 && std::all_of(address.begin(), address.end(), in_address) &&
           std::all_of(zone.begin(), zone.end(), is_name_letter) && !text.ends_with('%');
}

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= longest_host && std::all_of(text.begin(), text.end(), is_name_letter);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

/// "host", "host:port", "[::1]" or "[::1]:port".
host_port parse_host_port(std::string_view text) {
    host_port result;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return {{}, {}, "the bracket of the IPv6 address isn't closed"};
        result.host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (!is_ipv6(result.host)) return {{}, {}, "what is in brackets is no IPv6 address"};
        if (!rest.empty() && rest[0] != ':') return {{}, {}, "only \":\" and a port may follow the brackets"};
    } else {
        if (is_ipv6(text)) return {{}, {}, "an IPv6 address must be in brackets, as in [::1] or [::1]:1883"};
        const auto end = std::min(text.find(':'), text.size());
        result.host = text.substr(0, end);
        rest = text.substr(end);
        if (result.host.empty()) return {{}, {}, "the host is missing"};
        if (!is_host_name(result.host))
            return {{},
                    {},
                    "a host name holds letters, digits, '-', '.' and '_' only, at most 253 (others are written as \"xn--…\")"};
    }
    if (rest.empty()) return result;
    result.port = parse_port(rest.substr(1));
    if (!result.port) return {{}, {}, "the port must be a number from 1 to 65535"};
    return result;
}

/// Of a path, "" when all is well.
std::string fault_in_path(scheme what, std::string_view path) {
    if (!is_websocket(what))
        return path.empty() || path == "/" ? "" : std::string(name_of(what)) + ":// takes no path (ws:// and wss:// do)";
    const auto is_allowed = [](char c) { return c > ' ' && c <= '~' && c != '#'; };
    if (!std::all_of(path.begin(), path.end(), is_allowed))
        return "the path can't hold blanks, '#' or other than ASCII characters: percent-encode them";
    return "";
}

}  // namespace

std::string_view name_of(scheme what) {
    switch (what) {
        case scheme::mqtt:
            return "mqtt";
        case scheme::mqtts:
            return "mqtts";
        case scheme::ws:
            return "ws";
        case scheme::wss:
            return "wss";
    }
    return "";
}

std::uint16_t default_port(scheme what) {
    switch (what) {
        case scheme::mqtt:
            return 1883;
        case scheme::mqtts:
            return 8883;
        case scheme::ws:
            return 80;
        case scheme::wss:
            return 443;
    }
    return 0;
}

boost::system::result<endpoint, endpoint_error> parse_endpoint(std::string_view url) {
    if (url.size() > longest_url) return endpoint_error("the URL is longer than 8 KiB");
    const auto scheme = parse_scheme(url);
    if (!scheme) return scheme.error();
    const auto rest = url.substr(url.find("://") + 3);
    const auto end = std::min(rest.find_first_of("/?#"), rest.size());
    const auto authority = rest.substr(0, end);
    auto path = std::string(rest.substr(end));
    if (authority.find('@') != std::string_view::npos)
        return endpoint_error("a URL must not hold a login: leave out what is before the '@', and set username and password");
    auto where = parse_host_port(authority);
    if (!where.error.empty()) return endpoint_error(std::move(where.error));
    if (auto fault = fault_in_path(*scheme, path); !fault.empty()) return endpoint_error(std::move(fault));
    if (!is_websocket(*scheme)) {
        path.clear();
    } else if (!path.starts_with('/')) {
        path.insert(0, default_path);  // before the query, if there is one
    }
    return endpoint{*scheme, std::move(where.host), where.port.value_or(default_port(*scheme)), std::move(path)};
}

std::string url_of(const endpoint& what) {
    const bool has_brackets = what.host.find(':') != std::string::npos;
    std::string result(name_of(what.scheme));
    result += "://" + (has_brackets ? "[" + what.host + "]" : what.host) + ":" + std::to_string(what.port);
    return result + what.path.substr(0, what.path.find('?'));
}

std::optional<endpoint> referred_endpoint(const endpoint& by, std::string_view server_reference) {
    for (std::size_t at = 0; at < server_reference.size();) {
        const auto end = std::min(server_reference.find(' ', at), server_reference.size());
        auto where = parse_host_port(server_reference.substr(at, end - at));
        if (where.error.empty())
            return endpoint{by.scheme, std::move(where.host), where.port.value_or(default_port(by.scheme)), by.path};
        at = end + 1;
    }
    return std::nullopt;
}

// value() on a result that holds an error is a bug of the caller: it ends the process as a failed assert does.
void throw_exception_from_error(const endpoint_error&, const boost::source_location&) { std::abort(); }

}  // namespace mqtt
