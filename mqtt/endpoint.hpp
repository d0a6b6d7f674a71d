// mqtt/endpoint.hpp: where a broker is reached and over what: from a URL, or from what a broker says of another (Server
// Reference). Not here: logins and keys, which a URL must not hold, and the transports themselves (transport_stack.hpp).
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mqtt {

enum class scheme : std::uint8_t { mqtt, mqtts, ws, wss };

constexpr bool is_tls(scheme what) { return what == scheme::mqtts || what == scheme::wss; }
constexpr bool is_websocket(scheme what) { return what == scheme::ws || what == scheme::wss; }
std::string_view name_of(scheme what);
std::uint16_t default_port(scheme what);

struct endpoint {
    mqtt::scheme scheme = scheme::mqtt;
    std::string host;  // an IPv6 address without brackets
    std::uint16_t port = 1883;
    std::string path = {};  // of a WebSocket, with its query
    bool operator==(const endpoint&) const = default;
};

/// What is wrong with a URL and what would be right. Never holds the URL, in which there may be a password.
class endpoint_error {
public:
    endpoint_error() = default;
    explicit endpoint_error(std::string what) : what_(std::move(what)) {}
    const std::string& what() const { return what_; }

private:
    std::string what_;
};
[[noreturn]] void throw_exception_from_error(const endpoint_error& what, const boost::source_location& where);

/// "mqtt://host", "mqtts://host:8883", "ws://[::1]:8080/path", "wss://host"; a WebSocket without a path is at "/mqtt".
boost::system::result<endpoint, endpoint_error> parse_endpoint(std::string_view url);

/// Scheme, host and port, and a path without its query: for people.
std::string url_of(const endpoint& what);

/// The first server of a Server Reference (MQTT 5.0, 3.2.2.3.16) that is well-formed: "host", "host:port" or "[::1]:port", with
/// blanks between several. Scheme and path stay: a broker can't talk us out of TLS. Nothing: none is.
std::optional<endpoint> referred_endpoint(const endpoint& by, std::string_view server_reference);

}  // namespace mqtt
