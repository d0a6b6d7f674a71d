// tests/mqtt/websocket_handshake_test.cpp: how a WebSocket is opened: the request, every way to refuse it, settings that can't
// work. Not here: frames (websocket_test.cpp).
#include "mqtt/websocket_handshake.hpp"

#include <vector>

#include "mqtt/websocket.hpp"
#include "tests/mqtt/support/websocket_words.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

websocket make(const websocket_settings& how = {}, std::string_view host = "broker.example", std::uint16_t port = 8080) {
    return websocket(how, host, port, [at = 0]() mutable { return sample_nonce[at++ % 4]; });
}

/// What the handshake comes to; "" if it opens.
std::string outcome(const std::string& answer) {
    auto one = make();
    std::string payload;
    one.feed(as_bytes(answer), payload);
    CHECK(one.is_open() != one.end().has_value());
    CHECK(payload.empty());
    CHECK(one.take_control().empty());  // there is no WebSocket that could be closed
    return one.end().value_or("");
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

const std::string good(sample_answer);

}  // namespace

TEST_CASE("websocket: the request offers the subprotocol mqtt (3.1.1 MQTT-6.0.0-3, 5.0 MQTT-6.0.0-3)", "[mqtt][websocket]") {
    websocket_settings how;
    how.headers = {{"Authorization", "Bearer x"}, {"X-Site", "7"}};
    CHECK(make(how).request() ==
          "GET /mqtt HTTP/1.1\r\n"
          "Host: broker.example:8080\r\n"
          "Upgrade: websocket\r\n"
          "Connection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          "Sec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Protocol: mqtt\r\n"
          "Authorization: Bearer x\r\n"
          "X-Site: 7\r\n"
          "\r\n");
}

TEST_CASE("websocket: Host leaves out the default port, and puts IPv6 in brackets", "[mqtt][websocket]") {
    websocket_settings secure;
    secure.path = "/a?b=c%20d";
    secure.default_port = 443;
    CHECK_THAT(make(secure, "b", 443).request(), Catch::StartsWith("GET /a?b=c%20d HTTP/1.1\r\nHost: b\r\n"));
    CHECK_THAT(make(secure, "b", 80).request(), Catch::Contains("\r\nHost: b:80\r\n"));
    CHECK_THAT(make({}, "b", 80).request(), Catch::Contains("\r\nHost: b\r\n"));
    CHECK_THAT(make({}, "::1", 9001).request(), Catch::Contains("\r\nHost: [::1]:9001\r\n"));
}

TEST_CASE("websocket: an answer opens it, whole or byte by byte, and not before its last byte", "[mqtt][websocket]") {
    CHECK(outcome(good) == "");
    CHECK(outcome(replaced(replaced(good, "websocket", "WebSocket"), "Upgrade\r\n", "keep-alive, upgrade\r\n")) == "");
    auto one = make();
    std::string payload;
    for (std::size_t at = 0; at < good.size(); ++at) {
        CHECK_FALSE(one.is_open());
        CHECK_FALSE(one.end());
        one.feed(as_bytes(std::string_view(good).substr(at, 1)), payload);
    }
    CHECK(one.is_open());
}

TEST_CASE("websocket: what follows the answer in the same bytes is read as frames", "[mqtt][websocket]") {
    auto one = make();
    std::string payload;
    one.feed(as_bytes(good + server_frame(binary, "x")), payload);
    CHECK(payload == "x");
}

TEST_CASE("websocket: a server that doesn't choose mqtt is refused (3.1.1 MQTT-6.0.0-4, 5.0 MQTT-6.0.0-4)", "[mqtt][websocket]") {
    const std::string field = "Sec-WebSocket-Protocol: mqtt\r\n";
    CHECK(outcome(replaced(good, field, "")) ==
          "the WebSocket server does not speak MQTT (it chose no subprotocol): is the path right?");
    for (const auto* other : {"mqttv3.1", "MQTT", "", "mqtt, mqtt", "chat"})
        CHECK(outcome(replaced(good, field, "Sec-WebSocket-Protocol: " + std::string(other) + "\r\n")) ==
              "the server's WebSocket handshake is wrong: it chose another subprotocol than \"mqtt\"");
    CHECK_THAT(outcome(replaced(good, field, field + field)), Catch::Contains("another subprotocol"));
}

TEST_CASE("websocket: an answer that is none to this request is refused", "[mqtt][websocket]") {
    const std::string wrong = "the server's WebSocket handshake is wrong: ";
    const auto accept = wrong + "it does not prove that it has read the request";
    CHECK(outcome(replaced(good, "s3pP", "s3pQ")) == accept);
    CHECK(outcome(replaced(good, "Sec-WebSocket-Accept", "X-Accept")) == accept);
    CHECK(outcome(replaced(good, "xOo=", "xOo=, x")) == accept);
    CHECK(outcome(replaced(good, "Upgrade: websocket\r\n", "")) == wrong + "it does not upgrade to WebSocket");
    CHECK(outcome(replaced(good, "websocket", "h2c")) == wrong + "it does not upgrade to WebSocket");
    CHECK(outcome(replaced(good, "Connection: Upgrade", "Connection: close")) ==
          wrong + "its Connection header lacks \"Upgrade\"");
    CHECK(outcome(replaced(good, "Connection: Upgrade\r\n", "")) == wrong + "its Connection header lacks \"Upgrade\"");
    CHECK(outcome(replaced(good, "Upgrade:", "Sec-WebSocket-Extensions: permessage-deflate\r\nUpgrade:")) ==
          wrong + "it uses an extension that was not offered");
}

TEST_CASE("websocket: another status is told in words, with what to look at", "[mqtt][websocket]") {
    const std::string begin = "the server answered the WebSocket handshake with ";
    const auto status = [](const std::string& line, const std::string& fields = "") {
        return outcome("HTTP/1.1 " + line + "\r\n" + fields + "\r\n<html>");
    };
    CHECK(status("404 Not Found") == begin + "\"404 Not Found\": is the path right?");
    CHECK(status("200 OK") == begin + "\"200 OK\": is there a WebSocket at this path?");
    CHECK(status("400 Bad\x1b Request") == outcome("HTTP/1.1 400 Bad\x1b Request\r\n"));
    CHECK(status("400 Bad R\xc3\xa9quest") == begin + "\"400 Bad R??quest\"");
    CHECK(status("401 Unauthorized") == begin + "\"401 Unauthorized\": does it want a header that lets this client in?");
    CHECK(status("403") == begin + "\"403\": does it want a header that lets this client in?");
    CHECK(status("503 Busy") == begin + "\"503 Busy\"");
    CHECK(status("301 Moved", "Location: https://x/y?token=hush\r\n") == begin + "\"301 Moved\": it points to https://x/y");
    CHECK(status("302 Found") == begin + "\"302 Found\"");
    CHECK(outcome("\x15\x03\x01") == "no WebSocket handshake: the answer is not HTTP but TLS");
    CHECK(outcome("HTTP/1.1 101 X\r\nbad\r\n") == "no WebSocket handshake: a header field of the answer is malformed");
}

TEST_CASE("websocket: settings that make no request are refused, without a header's value", "[mqtt][websocket]") {
    const auto with_path = [](std::string path) {
        websocket_settings how;
        how.path = std::move(path);
        return fault_in(how);
    };
    const auto with_header = [](std::string name, std::string value) {
        websocket_settings how;
        how.headers = {{std::move(name), std::move(value)}};
        return fault_in(how);
    };
    CHECK(with_path("/") == "");
    for (const auto* path : {"", "mqtt", "/a b", "/a\r\nX: y", "/a#b", "/\xc3\xa4", "/\x7f"})
        CHECK_THAT(with_path(path), Catch::StartsWith("the WebSocket path must begin with '/'"));
    CHECK(with_header("X-Token", "hush \xc3\xa4\t") == "");
    for (const auto* name : {"", "a b", "a:", "a\r\nb", "\xc3\xa4"})
        CHECK_THAT(with_header(name, "hush"), Catch::EndsWith("can't be the name of an HTTP header"));
    for (const auto* name : {"Host", "UPGRADE", "connection", "Sec-WebSocket-Key", "sec-websocket-extensions", "Content-Length",
                             "Transfer-Encoding"})
        CHECK(with_header(name, "hush") ==
              "the header " + std::string(name) + " is set by the WebSocket handshake itself: leave it out");
    for (const auto* value : {"hush\r\nX: y", "hush\n", "hush\x01"})
        CHECK(with_header("X-Token", value) == "the value of the header X-Token holds a control character");
    CHECK_THAT(with_header("X", std::string(8192, 'x')), Catch::Contains("longer than 8 KiB"));
    SECTION("one that was made with them has ended before it began") {
        websocket_settings how;
        how.path = "mqtt";
        CHECK(make(how).request() == "");
        CHECK(make(how).end() == fault_in(how));
    }
    SECTION("nor does a host that the network has told") {
        CHECK(make({}, "a\r\nb").request() == "");
        CHECK(make({}, "a\r\nb").end() == "the host name can't be written in an HTTP request");
        CHECK(make({}, "").end() == "the host name can't be written in an HTTP request");
    }
}
