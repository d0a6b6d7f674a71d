// mqtt/proxy.cpp: writes the request for a tunnel and judges the answer.
// Not here: bytes on their way.
#include "mqtt/proxy.hpp"

#include <cassert>

#include "mqtt/digest.hpp"

namespace mqtt {
namespace {

constexpr std::size_t longest_login = 1024;

bool has_login(const proxy_settings& how) { return !how.username.empty() || how.password; }

std::string login_refusal(const proxy_settings& how, const http_answer& answer) {
    const auto offer = answer.field("proxy-authenticate");
    if (offer && lower_case(*offer).find("basic") == std::string::npos)
        return "wants a login by \"" + printable(offer->substr(0, offer->find(' '))) + "\": only Basic is supported";
    return has_login(how) ? "refused the username or the password" : "wants a login: set its username and password";
}

}  // namespace

std::string fault_in(const proxy_settings& how) {
    if (how.host.empty() || !is_field_value(how.host)) return "the proxy's host is no host name";
    if (how.port == 0) return "the proxy's port must be 1 to 65535";
    if (how.username.find(':') != std::string::npos) return "a proxy's username can't hold a ':'";
    const auto password = how.password.value_or("");
    if (!is_field_value(how.username) || !is_field_value(password))
        return "the proxy's username or password holds a control character";
    if (how.username.size() + password.size() > longest_login) return "the proxy's username and password are longer than 1 KiB";
    return "";
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string proxy_request(const proxy_settings& how, const std::string& host, std::uint16_t port) {
    assert(fault_in(how).empty());
    const auto target = host_and_port(host, port);
    auto result = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (has_login(how))
        result += "Proxy-Authorization: Basic " + base64_encode(how.username + ":" + how.password.value_or("")) + "\r\n";
    return result + "\r\n";
}

std::string proxy_refusal(const proxy_settings& how, const std::string& host, std::uint16_t port, const http_answer& answer) {
    if (answer.status >= 200 && answer.status < 300) return "";
    const auto proxy = "the proxy " + host_and_port(how.host, how.port) + " ";
    const auto target = host_and_port(host, port);
    switch (answer.status) {
        case 407:
            return proxy + login_refusal(how, answer);
        case 403:
            return proxy + "does not allow a connection to " + target + ": \"" + status_words(answer) + "\"";
        case 502:
        case 503:
        case 504:
            return proxy + "can't connect to " + target + ": \"" + status_words(answer) + "\"";
        default:
            return proxy + "refused a connection to " + target + ": \"" + status_words(answer) + "\"";
    }
}

}  // namespace mqtt
