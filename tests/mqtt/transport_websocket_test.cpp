// tests/mqtt/transport_websocket_test.cpp: the WebSocket layer over loopback TCP, and over a transport in the hand.
// Not here: the protocol (websocket_test.cpp).
#include "mqtt/transport_websocket.hpp"

#include "mqtt/digest.hpp"
#include "tests/mqtt/support/byte_peer.hpp"
#include "tests/mqtt/support/told.hpp"
#include "tests/mqtt/support/transport_in_hand.hpp"
#include "tests/mqtt/support/websocket_words.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// The answer that a server would give to this request.
std::string answer_to(const std::string& request) {
    const std::string field = "Sec-WebSocket-Key: ";
    const auto at = request.find(field);
    REQUIRE(at != std::string::npos);
    const auto key = request.substr(at + field.size(), 24);
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n"
           "Sec-WebSocket-Accept: " +
           base64_encode(sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) + "\r\n\r\n";
}

struct over_tcp {
    asio::io_context loop;
    byte_peer server{loop};
    std::unique_ptr<transport> layer = make_websocket_transport(loop, make_tcp_transport(loop), {});
    told what;

    std::string take_request() { return server.take_until("\r\n\r\n"); }
    void open(const std::string& more = "") {
        begin_open(*layer, what, server.port());
        server.send(answer_to(take_request()) + more);
        REQUIRE(wait_for_open(loop, what) == "");
    }
    client_frame take_frame(std::size_t payload) { return read_client_frames(server.take(6 + payload)).at(0); }
};

struct by_hand {
    asio::io_context loop;
    hand held;
    std::unique_ptr<transport> layer =
        make_websocket_transport(loop, std::make_unique<transport_in_hand>(held), websocket_settings{});
    told what;

    void open() {
        begin_open(*layer, what, 80);
        held.open();
        const auto request = held.last_write;
        held.finish_write();
        held.receive_bytes(answer_to(request));
        REQUIRE(what.opened == "");
        held.events.clear();
    }
    std::vector<client_frame> last_frames() const { return read_client_frames(held.last_write); }
};

}  // namespace

TEST_CASE("websocket transport: opens, and bytes go both ways", "[mqtt][transport]") {
    over_tcp t;
    t.open();
    read_all(*t.layer, t.what);
    write(*t.layer, t.what, "hello");
    const auto frame = t.take_frame(5);
    CHECK(frame.first == binary);
    CHECK(frame.payload == "hello");
    CHECK(run_until(t.loop, [&] { return t.what.written.has_value(); }));
    CHECK(t.what.written == "");
    t.server.send(server_frame(0x02, "wo") + server_frame(ping, "p") + server_frame(0x80, "rld"));
    CHECK(run_until(t.loop, [&] { return t.what.bytes == "world"; }));
    const auto answer = t.take_frame(1);
    CHECK(answer.first == pong);
    CHECK(answer.payload == "p");
    SECTION("much at a time, too") {
        const std::string much(3'000'000, 'x');
        write(*t.layer, t.what, much);
        t.server.send(server_frame(binary, std::string(100'000, 'y')));
        const auto frames = read_client_frames(t.server.take(14 + much.size()));
        CHECK((frames.size() == 1 && frames[0].payload == much));
        CHECK(run_until(t.loop, [&] { return t.what.bytes.size() == 100'005; }));
    }
    SECTION("the end of writing is a Close frame; the peer may finish, and then answers it") {
        t.layer->end_of_writing();
        CHECK(t.take_frame(2).payload == close_payload(1000));
        t.server.send(server_frame(binary, "!") + server_frame(close_frame, close_payload(1000)));
        CHECK(wait_for_end(t.loop, t.what) == "the peer closed the connection");
        CHECK(t.what.bytes == "world!");
        CHECK(t.server.bytes().empty());
    }
    SECTION("the peer's Close is answered before it is told") {
        t.server.send(server_frame(binary, "!") + server_frame(close_frame, close_payload(1001)));
        CHECK(wait_for_end(t.loop, t.what) == "the peer closed the connection: WebSocket close code 1001, going away");
        CHECK(t.what.bytes == "world!");
        t.layer.reset();
        CHECK(t.take_frame(2).payload == close_payload(1001));
        CHECK(run_until(t.loop, [&] { return t.server.ended(); }));
    }
    SECTION("a text frame closes (3.1.1 MQTT-6.0.0-1, 5.0 MQTT-6.0.0-1)") {
        t.server.send(server_frame(0x81, "text"));
        CHECK_THAT(wait_for_end(t.loop, t.what), Catch::Contains("a text frame"));
        t.layer.reset();
        CHECK(t.take_frame(2).payload == close_payload(1003));
        CHECK(run_until(t.loop, [&] { return t.server.ended(); }));
    }
    SECTION("an end without Close is told as what it is") {
        t.server.close();
        CHECK(wait_for_end(t.loop, t.what) == "the peer closed the connection");
    }
}

TEST_CASE("websocket transport: each connection has a key of its own", "[mqtt][transport]") {
    over_tcp one;
    over_tcp other;
    begin_open(*one.layer, one.what, one.server.port());
    begin_open(*other.layer, other.what, other.server.port());
    const auto key = [](const std::string& request) { return request.substr(request.find("Sec-WebSocket-Key: "), 43); };
    CHECK(key(one.take_request()) != key(other.take_request()));
}

TEST_CASE("websocket transport: frames that come with the answer wait for the first read", "[mqtt][transport]") {
    over_tcp t;
    SECTION("data") {
        t.open(server_frame(binary, "early"));
        read_all(*t.layer, t.what);
        CHECK(run_until(t.loop, [&] { return t.what.bytes == "early"; }));
    }
    SECTION("data and the end") {
        t.open(server_frame(binary, "early") + server_frame(close_frame, ""));
        CHECK(t.take_frame(2).first == close_frame);
        read_all(*t.layer, t.what);
        CHECK(wait_for_end(t.loop, t.what) == "the peer closed the connection");
        CHECK(t.what.bytes == "early");
        write(*t.layer, t.what, "into the void");
        t.layer->end_of_writing();
        run_ready(t.loop);
        CHECK(t.server.bytes().empty());
    }
}

TEST_CASE("websocket transport: says why it can't open", "[mqtt][transport]") {
    over_tcp t;
    SECTION("nobody listens") {
        begin_open(*t.layer, t.what, free_port(t.loop));
        CHECK(wait_for_open(t.loop, t.what) == "Connection refused");
    }
    SECTION("the server answers otherwise") {
        begin_open(*t.layer, t.what, t.server.port());
        t.take_request();
        t.server.send("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!");
        CHECK(wait_for_open(t.loop, t.what) ==
              "the server answered the WebSocket handshake with \"404 Not Found\": is the path right?");
    }
    SECTION("the server closes, wherever in its answer") {
        begin_open(*t.layer, t.what, t.server.port());
        const auto answer = answer_to(t.take_request());
        t.server.send(answer.substr(0, GENERATE(0u, 1u, 20u, 100u, 150u)));
        t.server.close();
        CHECK(wait_for_open(t.loop, t.what) ==
              "no answer to the WebSocket handshake (is this the WebSocket port?): the peer closed the connection");
    }
    SECTION("the settings make no request: nothing is opened") {
        hand held;
        websocket_settings how;
        how.path = "no/slash";
        const auto layer = make_websocket_transport(t.loop, std::make_unique<transport_in_hand>(held), how);
        begin_open(*layer, t.what, 80);
        CHECK_THAT(wait_for_open(t.loop, t.what), Catch::StartsWith("the WebSocket path must"));
        CHECK(held.events.empty());
    }
}

TEST_CASE("websocket transport: one write at a time goes below, whatever has to be answered", "[mqtt][transport]") {
    by_hand t;
    t.open();
    read_all(*t.layer, t.what);
    write(*t.layer, t.what, "data");
    CHECK(t.last_frames().at(0).payload == "data");
    t.held.receive_bytes(server_frame(ping, "1") + server_frame(ping, "2"));
    CHECK(t.held.events == std::vector<std::string>{"write"});
    SECTION("the answer follows the write, and the next write follows the answer") {
        t.held.finish_write();
        CHECK(t.what.written == "");
        CHECK(t.held.events == std::vector<std::string>{"write", "write"});
        REQUIRE(t.last_frames().size() == 1);
        CHECK(t.last_frames()[0].payload == "2");
        write(*t.layer, t.what, "more");
        CHECK(t.held.events.size() == 2);
        CHECK(!t.what.written);
        t.held.finish_write();
        CHECK(t.last_frames().at(0).payload == "more");
        CHECK(!t.what.written);
        t.held.finish_write();
        CHECK(t.what.written == "");
        CHECK(!t.held.written);
    }
    SECTION("a failed write is told as such, and nothing follows it") {
        std::exchange(t.held.written, nullptr)("Broken pipe");
        CHECK(t.what.written == "Broken pipe");
        CHECK(t.held.events == std::vector<std::string>{"write"});
        t.held.receive_bytes(server_frame(binary, "last words"));
        CHECK(t.what.bytes == "last words");
    }
    SECTION("the end is told when our Close has gone out after the write") {
        t.held.receive_bytes(server_frame(close_frame, ""));
        CHECK(!t.what.read_error);
        t.held.finish_write();
        CHECK(t.what.written == "");
        CHECK(t.last_frames().at(1).first == close_frame);
        write(*t.layer, t.what, "too late");
        run_ready(t.loop);
        CHECK(!t.what.read_error);
        t.held.finish_write();
        run_ready(t.loop);  // without the patience for a peer that takes nothing
        CHECK(t.what.read_error == "the peer closed the connection");
        CHECK(t.held.events == std::vector<std::string>{"write", "write"});
    }
    SECTION("the end is told without our Close, if the peer takes nothing") {
        t.held.receive_bytes(server_frame(close_frame, ""));
        CHECK(wait_for_end(t.loop, t.what) == "the peer closed the connection");
        CHECK(t.held.events == std::vector<std::string>{"write"});
    }
    SECTION("or if it can't be written") {
        t.held.receive_bytes(server_frame(close_frame, ""));
        std::exchange(t.held.written, nullptr)("Broken pipe");
        run_ready(t.loop);
        CHECK(t.what.read_error == "the peer closed the connection");
    }
    SECTION("the end of the transport below is told at once") {
        std::exchange(t.held.read, nullptr)("Connection reset by peer", {});
        CHECK(t.what.read_error == "Connection reset by peer");
    }
}

TEST_CASE("websocket transport: an answer before the request is wholly written holds nothing up", "[mqtt][transport]") {
    by_hand t;
    begin_open(*t.layer, t.what, 80);
    t.held.open();
    t.held.receive_bytes(answer_to(t.held.last_write));
    CHECK(t.what.opened == "");
    write(*t.layer, t.what, "data");
    CHECK(t.held.events == std::vector<std::string>{"open 127.0.0.1", "write"});
    t.held.finish_write();
    CHECK(!t.what.written);
    CHECK(t.last_frames().at(0).payload == "data");
    t.held.finish_write();
    CHECK(t.what.written == "");
}

TEST_CASE("websocket transport: no handler is called once it is destroyed, by a handler, too", "[mqtt][transport]") {
    over_tcp t;
    int calls = 0;
    const auto count = [&](std::string_view, auto...) { ++calls; };
    const auto count_and_destroy = [&](std::string_view, auto...) {
        ++calls;
        t.layer.reset();
    };
    SECTION("while it opens") {
        t.layer->open("127.0.0.1", t.server.port(), count);
        if (GENERATE(false, true)) t.take_request();
        t.layer.reset();
        run_ready(t.loop);
        CHECK(calls == 0);
    }
    SECTION("by the handler of open") {
        t.layer->open("127.0.0.1", t.server.port(), count_and_destroy);
        const auto request = t.take_request();
        GENERATE(false, true) ? t.server.send(answer_to(request)) : t.server.close();
        CHECK(run_until(t.loop, [&] { return calls == 1; }));
    }
    SECTION("with bytes that wait to be read") {
        t.open(server_frame(binary, "early"));
        t.layer->read(count);
        t.layer.reset();
        run_ready(t.loop);
        CHECK(calls == 0);
    }
    SECTION("while it waits for its last Close frame to go out") {
        by_hand other;
        other.open();
        other.layer->read(count);
        write(*other.layer, other.what, "x");
        other.held.receive_bytes(server_frame(close_frame, ""));
        other.layer.reset();
        CHECK_FALSE(other.held.alive);
        other.loop.run();  // to the end of its patience
        CHECK(calls == 0);
    }
    SECTION("by the handlers of read and write") {
        t.open();
        t.layer->read(count_and_destroy);
        const auto how = GENERATE(0, 1, 2);
        if (how == 0) t.server.send(server_frame(binary, "x"));
        if (how == 1) t.server.send(server_frame(close_frame, ""));
        if (how == 2) t.layer->write("x", count_and_destroy);
        CHECK(run_until(t.loop, [&] { return calls == 1; }));
        run_ready(t.loop);
        CHECK(calls == 1);
    }
}
