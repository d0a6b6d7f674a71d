// mqtt/transport_stack.cpp: puts one layer over the other.
// Not here: the layers themselves.
#include "mqtt/transport_stack.hpp"

#include <algorithm>
#include <utility>

#include "mqtt/transport_proxy.hpp"
#include "mqtt/transport_websocket.hpp"

namespace mqtt {
namespace {

using namespace std::chrono_literals;

// One lost packet must not end a connection, however short the keep-alive.
constexpr std::chrono::seconds least_patience = 5s;

}  // namespace

std::string fault_in(const connection_settings& how) {
    if (how.proxy)
        if (auto fault = fault_in(*how.proxy); !fault.empty()) return fault;
    return is_websocket(how.endpoint.scheme) ? fault_in(websocket_settings_for(how)) : "";
}

std::unique_ptr<transport> make_transport(boost::asio::io_context& loop, const connection_settings& how) {
    auto result = make_tcp_transport(loop, tcp_settings_for(how.keepalive));
    if (how.proxy) result = make_proxy_transport(loop, std::move(result), *how.proxy);
    if (is_tls(how.endpoint.scheme)) result = make_tls_transport(loop, std::move(result), how.tls);
    if (is_websocket(how.endpoint.scheme))
        result = make_websocket_transport(loop, std::move(result), websocket_settings_for(how));
    return result;
}

websocket_settings websocket_settings_for(const connection_settings& how) {
    websocket_settings result;
    result.path = how.endpoint.path;
    result.headers = how.websocket_headers;
    result.default_port = default_port(how.endpoint.scheme);
    return result;
}

tcp_settings tcp_settings_for(std::chrono::seconds keepalive) {
    tcp_settings result;
    if (keepalive > 0s) result.silence = std::clamp(keepalive + keepalive / 2, least_patience, result.silence);
    return result;
}

}  // namespace mqtt
