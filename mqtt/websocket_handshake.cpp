// mqtt/websocket_handshake.cpp: writes the request for a WebSocket and judges the answer.
// Not here: bytes and frames.
#include "mqtt/websocket_handshake.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "mqtt/digest.hpp"

namespace mqtt {
namespace {

// RFC 6455, 1.3: proves that the server has understood the request as one for a WebSocket.
constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t longest_request = 8 * 1024;  // what common servers take

bool is_own_header(std::string_view name) {
    static constexpr std::array<std::string_view, 5> own = {"host", "upgrade", "connection", "content-length",
                                                            "transfer-encoding"};
    const auto lower = lower_case(name);
    return lower.starts_with("sec-websocket-") || std::find(own.begin(), own.end(), lower) != own.end();
}

bool is_path(std::string_view path) {
    const auto is_allowed = [](char c) { return c > ' ' && c <= '~' && c != '#'; };
    return path.starts_with('/') && std::all_of(path.begin(), path.end(), is_allowed);
}

std::string host_field(const websocket_settings& how, std::string_view host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string_view::npos;
    std::string result = is_ipv6 ? "[" + std::string(host) + "]" : std::string(host);
    if (port != how.default_port) result += ":" + std::to_string(port);
    return result;
}

std::string accept_for(std::string_view key) { return base64_encode(sha1(std::string(key).append(accept_suffix))); }

std::string hint_for(const http_answer& answer) {
    if (answer.status >= 300 && answer.status < 400) {
        const auto location = answer.field("location");
        // A query may hold what only the two of them should know.
        if (location) return ": it points to " + printable(location->substr(0, location->find('?')));
    }
    switch (answer.status) {
        case 401:
        case 403:
            return ": does it want a header that lets this client in?";
        case 404:
            return ": is the path right?";
        default:
            return answer.status < 300 ? ": is there a WebSocket at this path?" : "";
    }
}

}  // namespace

std::string fault_in(const websocket_settings& how) {
    if (!is_path(how.path))
        return "the WebSocket path must begin with '/' and hold no blanks, '#' or other than ASCII characters: percent-encode "
               "them";
    std::size_t size = how.path.size();
    for (const auto& [name, value] : how.headers) {
        if (!is_field_name(name)) return "\"" + printable(name) + "\" can't be the name of an HTTP header";
        if (is_own_header(name)) return "the header " + name + " is set by the WebSocket handshake itself: leave it out";
        if (!is_field_value(value)) return "the value of the header " + name + " holds a control character";
        size += name.size() + value.size() + 4;
    }
    if (size > longest_request) return "the WebSocket path and headers are longer than 8 KiB, which servers don't take";
    return "";
}

std::string websocket_key(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    std::string bytes;
    for (const auto word : {a, b, c, d})
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xff);
    return base64_encode(bytes);
}

std::string handshake_request(const websocket_settings& how, std::string_view host, std::uint16_t port, std::string_view key) {
    assert(fault_in(how).empty());
    std::string result = "GET " + how.path + " HTTP/1.1\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        result.append(name).append(": ").append(value).append("\r\n");
    };
    add("Host", host_field(how, host, port));
    add("Upgrade", "websocket");
    add("Connection", "Upgrade");
    add("Sec-WebSocket-Key", key);
    add("Sec-WebSocket-Version", "13");
    add("Sec-WebSocket-Protocol", "mqtt");
    for (const auto& [name, value] : how.headers) add(name, value);
    return result.append("\r\n");
}

std::string handshake_refusal(const http_answer& answer, std::string_view key) {
    if (answer.status != 101)
        return "the server answered the WebSocket handshake with \"" + status_words(answer) + "\"" + hint_for(answer);
    const auto refused = [](const char* why) { return std::string("the server's WebSocket handshake is wrong: ") + why; };
    if (lower_case(answer.field("upgrade").value_or("")) != "websocket") return refused("it does not upgrade to WebSocket");
    if (!has_token(answer.field("connection").value_or(""), "upgrade")) return refused("its Connection header lacks \"Upgrade\"");
    if (answer.field("sec-websocket-accept") != accept_for(key)) return refused("it does not prove that it has read the request");
    if (answer.field("sec-websocket-extensions")) return refused("it uses an extension that was not offered");
    const auto chosen = answer.field("sec-websocket-protocol");
    if (!chosen)
        return "the WebSocket server does not speak MQTT (it chose no subprotocol): is the path right?";  // [MQTT-6.0.0-4]
    if (*chosen != "mqtt") return refused("it chose another subprotocol than \"mqtt\"");
    return "";
}

}  // namespace mqtt
