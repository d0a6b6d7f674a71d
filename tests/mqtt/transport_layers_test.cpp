// tests/mqtt/transport_layers_test.cpp: a proxy's tunnel as a layer, and the layers that lead to an endpoint.
// Not here: each protocol by itself (proxy_test.cpp, websocket_test.cpp).
#include "mqtt/transport_proxy.hpp"
#include "mqtt/transport_stack.hpp"
#include "mqtt/websocket_handshake.hpp"
#include "tests/mqtt/support/byte_peer.hpp"
#include "tests/mqtt/support/told.hpp"
#include "tests/mqtt/support/transport_in_hand.hpp"

using namespace mqtt;
using namespace mqtt::test;
using namespace std::chrono_literals;

namespace {

const std::string granted = "HTTP/1.1 200 Connection established\r\n\r\n";

proxy_settings login() {
    proxy_settings how;
    how.host = "127.0.0.1";
    how.username = "me";
    how.password = "hush";
    return how;
}

struct tunnel {
    asio::io_context loop;
    byte_peer proxy{loop};
    std::unique_ptr<transport> layer;
    told what;

    tunnel() {
        auto how = login();
        how.port = proxy.port();
        layer = make_proxy_transport(loop, make_tcp_transport(loop), how);
    }
    void ask() {
        begin_open(*layer, what, 8883, "broker.example");
        CHECK_THAT(proxy.take_until("\r\n\r\n"), Catch::StartsWith("CONNECT broker.example:8883 HTTP/1.1\r\n"));
    }
};

}  // namespace

TEST_CASE("proxy transport: opens a tunnel, and then bytes go both ways unchanged", "[mqtt][transport]") {
    tunnel t;
    t.ask();
    const auto cut = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{20}, granted.size() - 1);
    t.proxy.send(granted.substr(0, cut));
    run_ready(t.loop);
    CHECK(!t.what.opened);
    t.proxy.send(granted.substr(cut));
    CHECK(wait_for_open(t.loop, t.what) == "");
    read_all(*t.layer, t.what);
    write(*t.layer, t.what, "hello");
    CHECK(t.proxy.take(5) == "hello");
    t.proxy.send("world");
    CHECK(run_until(t.loop, [&] { return t.what.bytes == "world"; }));
    t.layer->end_of_writing();
    CHECK(run_until(t.loop, [&] { return t.proxy.ended(); }));
    t.proxy.close();
    CHECK(wait_for_end(t.loop, t.what) == "the peer closed the connection");
}

TEST_CASE("proxy transport: says why there is no tunnel", "[mqtt][transport]") {
    tunnel t;
    SECTION("nobody listens") {
        auto how = login();
        how.port = free_port(t.loop);
        t.layer = make_proxy_transport(t.loop, make_tcp_transport(t.loop), how);
        begin_open(*t.layer, t.what, 8883, "broker.example");
        CHECK(wait_for_open(t.loop, t.what) ==
              "can't reach the proxy 127.0.0.1:" + std::to_string(how.port) + ": Connection refused");
    }
    SECTION("it refuses") {
        t.ask();
        t.proxy.send("HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic\r\n\r\n<html>");
        CHECK_THAT(wait_for_open(t.loop, t.what), Catch::EndsWith("refused the username or the password"));
    }
    SECTION("it closes") {
        t.ask();
        t.proxy.send(granted.substr(0, 30));
        t.proxy.close();
        CHECK(wait_for_open(t.loop, t.what) == "no answer from the proxy: the peer closed the connection");
    }
    SECTION("it doesn't speak HTTP") {
        t.ask();
        t.proxy.send("SSH-2.0\r\n");
        CHECK(wait_for_open(t.loop, t.what) == "no answer from the proxy: the answer is not HTTP");
    }
    SECTION("it sends more than its answer, while the server can't have been asked anything") {
        t.ask();
        t.proxy.send(granted + "x");
        CHECK(wait_for_open(t.loop, t.what) == "the proxy sent more than its answer");
    }
    SECTION("its settings make no request, or the host can't be asked for") {
        hand held;
        auto how = login();
        const bool by_host = GENERATE(false, true);
        if (!by_host) how.username = "a:b";
        t.layer = make_proxy_transport(t.loop, std::make_unique<transport_in_hand>(held), how);
        begin_open(*t.layer, t.what, 8883, by_host ? "a\r\nb" : "broker");
        CHECK(wait_for_open(t.loop, t.what) ==
              (by_host ? "the host name can't be written in an HTTP request" : "a proxy's username can't hold a ':'"));
        CHECK(held.events.empty());
        t.layer.reset();  // before what it holds
    }
}

TEST_CASE("proxy transport: is open only when its request is written, for the caller writes at once", "[mqtt][transport]") {
    asio::io_context loop;
    hand held;
    told what;
    const auto layer = make_proxy_transport(loop, std::make_unique<transport_in_hand>(held), login());
    begin_open(*layer, what, 1883, "broker");
    held.open();
    held.receive_bytes(granted);
    CHECK(!what.opened);
    held.finish_write();
    CHECK(what.opened == "");
    write(*layer, what, "x");
    CHECK(held.last_write == "x");
}

TEST_CASE("proxy transport: may be destroyed at any time, by its handler, too", "[mqtt][transport]") {
    tunnel t;
    int calls = 0;
    const auto destroy = [&](std::string_view) {
        ++calls;
        t.layer.reset();
    };
    SECTION("before an answer") {
        t.ask();
        t.layer.reset();
        t.proxy.send(granted);
        run_ready(t.loop);
        CHECK(!t.what.opened);
    }
    SECTION("by the handler of open") {
        t.layer->open("broker", 1, destroy);
        t.proxy.take_until("\r\n\r\n");
        t.proxy.send(GENERATE("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 403 No\r\n\r\n", "?"));
        CHECK(run_until(t.loop, [&] { return calls == 1; }));
    }
    SECTION("with its refusal on its way") {
        auto how = login();
        how.port = 0;
        t.layer = make_proxy_transport(t.loop, make_tcp_transport(t.loop), how);
        begin_open(*t.layer, t.what, 1, "broker");
        t.layer.reset();
        run_ready(t.loop);
        CHECK(!t.what.opened);
    }
}

TEST_CASE("transport stack: each scheme has its layers, a tunnel below all others", "[mqtt][transport]") {
    asio::io_context loop;
    byte_peer peer(loop);
    told what;
    connection_settings how;
    how.endpoint = {scheme::mqtt, "127.0.0.1", peer.port(), ""};
    how.websocket_headers = {{"X-Site", "7"}};
    SECTION("mqtt is TCP") {
        const auto stack = make_transport(loop, how);
        begin_open(*stack, what, peer.port());
        CHECK(wait_for_open(loop, what) == "");
        write(*stack, what, "x");
        CHECK(peer.take(1) == "x");
    }
    SECTION("ws is WebSocket over TCP") {
        how.endpoint.scheme = scheme::ws;
        how.endpoint.path = "/a";
        const auto stack = make_transport(loop, how);
        begin_open(*stack, what, peer.port());
        const auto request = peer.take_until("\r\n\r\n");
        CHECK_THAT(request, Catch::StartsWith("GET /a HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port())) &&
                                Catch::Contains("X-Site: 7\r\n"));
    }
    SECTION("mqtts and wss are TLS over TCP") {
        how.endpoint.scheme = GENERATE(scheme::mqtts, scheme::wss);
        how.endpoint.path = "/mqtt";
        how.tls.verify_chain = tls_check::off;  // no file of the system's is read
        const auto stack = make_transport(loop, how);
        begin_open(*stack, what, peer.port());
        CHECK(to_hex(peer.take(2)) == to_hex(hex("16 03")));  // a handshake record
        peer.close();
        CHECK_THAT(wait_for_open(loop, what), !Catch::Equals(""));
    }
    SECTION("through a proxy, which sees no more than the request in the clear") {
        how.endpoint = {scheme::wss, "broker", 443, "/mqtt"};
        how.tls.verify_chain = tls_check::off;
        how.proxy = login();
        how.proxy->port = peer.port();
        const auto stack = make_transport(loop, how);
        begin_open(*stack, what, 443, "broker");
        CHECK_THAT(peer.take_until("\r\n\r\n"), Catch::StartsWith("CONNECT broker:443 "));
        CHECK(peer.bytes().empty());
        peer.send(granted);
        CHECK(to_hex(peer.take(2)) == to_hex(hex("16 03")));
    }
    SECTION("through a proxy") {
        how.endpoint = {scheme::ws, "broker", 80, "/mqtt"};
        how.proxy = login();
        how.proxy->port = peer.port();
        const auto stack = make_transport(loop, how);
        begin_open(*stack, what, 80, "broker");
        CHECK_THAT(peer.take_until("\r\n\r\n"), Catch::StartsWith("CONNECT broker:80 "));
        peer.send(granted);
        CHECK_THAT(peer.take_until("\r\n\r\n"), Catch::StartsWith("GET /mqtt HTTP/1.1\r\nHost: broker\r\n"));
    }
}

TEST_CASE("transport stack: settings that can't work are found before the start", "[mqtt][transport]") {
    connection_settings how;
    how.endpoint = {scheme::ws, "broker", 80, "/mqtt"};
    how.proxy = login();
    CHECK(fault_in(how) == "");
    how.websocket_headers = {{"Host", "x"}};
    CHECK_THAT(fault_in(how), Catch::Contains("the header Host is set"));
    how.endpoint.scheme = scheme::mqtt;
    CHECK(fault_in(how) == "");
    how.proxy->port = 0;
    CHECK_THAT(fault_in(how), Catch::Contains("port"));
}

TEST_CASE("transport stack: a WebSocket's request leaves the port out that goes without saying", "[mqtt][transport]") {
    connection_settings how;
    how.endpoint = {scheme::wss, "broker", 443, "/a"};
    CHECK(websocket_settings_for(how).default_port == 443);
    CHECK(websocket_settings_for(how).path == "/a");
    how.endpoint.scheme = scheme::ws;
    CHECK(websocket_settings_for(how).default_port == 80);
}

TEST_CASE("transport stack: a short keep-alive makes TCP impatient, within bounds", "[mqtt][transport]") {
    CHECK(tcp_settings_for(0s).silence == 30s);
    CHECK(tcp_settings_for(1s).silence == 5s);
    CHECK(tcp_settings_for(4s).silence == 6s);
    CHECK(tcp_settings_for(10s).silence == 15s);
    CHECK(tcp_settings_for(20s).silence == 30s);
    CHECK(tcp_settings_for(3600s).silence == 30s);
}
