// tests/mqtt/websocket_test.cpp: the frames of a WebSocket: what is read and written, and every way to break the protocol.
// Not here: how it is opened (websocket_handshake_test.cpp).
#include "mqtt/websocket.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "mqtt/framer.hpp"
#include "tests/mqtt/support/websocket_words.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// An open WebSocket, and what it has read.
struct opened {
    websocket socket;
    std::string payload;

    explicit opened(std::size_t largest_frame = 1u << 20)
        : socket(limited(largest_frame), "broker", 80, [at = 0u]() mutable {
              const auto next = at++;
              return next < 4 ? sample_nonce[next] : 0x01020304u * next;
          }) {
        feed(std::string(sample_answer));
        REQUIRE(socket.is_open());
    }
    static websocket_settings limited(std::size_t largest_frame) {
        websocket_settings how;
        how.largest_frame = largest_frame;
        return how;
    }

    void feed(std::string_view bytes) { socket.feed(as_bytes(bytes), payload); }
    void feed_bytewise(std::string_view bytes) {
        for (std::size_t at = 0; at < bytes.size(); ++at) feed(bytes.substr(at, 1));
    }
    std::vector<client_frame> control() { return read_client_frames(socket.take_control()); }
};

/// The code of the Close frame, which must be all that goes out; 0: nothing does.
unsigned close_code_of(opened& one) {
    const auto frames = one.control();
    if (frames.empty()) return 0;
    CHECK(frames.size() == 1);
    CHECK(frames[0].first == close_frame);
    REQUIRE(frames[0].payload.size() == 2);
    return static_cast<unsigned char>(frames[0].payload[0]) * 256u + static_cast<unsigned char>(frames[0].payload[1]);
}

}  // namespace

TEST_CASE("websocket: binary frames of any size are read as they come", "[mqtt][websocket]") {
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
        CAPTURE(size);
        const std::string text(size, 'x');
        opened one;
        one.feed(server_frame(binary, text) + server_frame(binary, "end"));
        CHECK(one.payload == text + "end");
        opened slow;
        slow.feed_bytewise(server_frame(binary, text) + server_frame(binary, "end"));
        CHECK(slow.payload == text + "end");
        CHECK_FALSE(slow.socket.end());
        CHECK(slow.socket.take_control().empty());
    }
    opened part;
    part.feed(server_frame(binary, "a packet's beginning is handed on").substr(0, 10));
    CHECK(part.payload == "a packet");
}

TEST_CASE("websocket: packets need not keep to frames (3.1.1 MQTT-6.0.0-2, 5.0 MQTT-6.0.0-2)", "[mqtt][websocket]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    publish message;
    message.topic = "t";
    message.payload = "hello";
    const auto stream = encoded(connack{}, how) + encoded(message, how) + encoded(pingresp{}, how);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        opened one;
        one.feed(server_frame(binary, stream.substr(0, cut)) + server_frame(binary, stream.substr(cut)));
        framer in(1u << 20);
        in.feed(as_bytes(one.payload));
        std::vector<packet> packets;
        for (auto next = in.next(); next.value(); next = in.next()) {
            auto read = decode(**next, how, sender::server);
            REQUIRE(read.has_value());
            packets.push_back(std::move(*read));
        }
        CHECK(packets == std::vector<packet>{connack{}, message, pingresp{}});
    }
}

TEST_CASE("websocket: what is written is one binary frame each (3.1.1 MQTT-6.0.0-1, 5.0 MQTT-6.0.0-1)", "[mqtt][websocket]") {
    for (const std::size_t size : {1u, 125u, 126u, 65535u, 65536u}) {
        CAPTURE(size);
        opened one;
        std::string text;
        for (std::size_t at = 0; at < size; ++at) text += static_cast<char>(at % 251);
        const auto bytes = one.socket.frame(text);
        const std::size_t header = size < 126 ? 2 : size < 65536 ? 4 : 10;
        CHECK(bytes.size() == header + 4 + size);
        const auto frames = read_client_frames(bytes);
        REQUIRE(frames.size() == 1);
        CHECK(frames[0].first == binary);
        CHECK(frames[0].payload == text);
    }
}

TEST_CASE("websocket: every frame has a mask of its own", "[mqtt][websocket]") {
    opened one;
    std::set<std::string> masks;
    for (int i = 0; i < 10; ++i) masks.insert(read_client_frames(one.socket.frame("x")).at(0).mask);
    one.feed(server_frame(ping, "x"));
    masks.insert(one.control().at(0).mask);
    one.socket.close();
    masks.insert(one.control().at(0).mask);
    CHECK(masks.size() == 12);
    // 5.3: byte i of the payload is combined with byte i mod 4 of the mask.
    std::string bytes;
    append_frame(opcode::binary, "\x01\x01\x01\x01\x01", 0x37fa213d, bytes);
    CHECK(to_hex(bytes) == to_hex(hex("82 85 37fa213d 36fb203c36")));
}

TEST_CASE("websocket: a text frame closes (3.1.1 MQTT-6.0.0-1, 5.0 MQTT-6.0.0-1)", "[mqtt][websocket]") {
    for (const int first : {0x81, 0x01}) {
        opened one;
        one.feed_bytewise(server_frame(binary, "a") + server_frame(first, "hello") + server_frame(binary, "b"));
        CHECK(one.payload == "a");
        CHECK(one.socket.end() == "the server broke the WebSocket protocol: a text frame, where MQTT takes binary ones only");
        CHECK(close_code_of(one) == 1003);
    }
}

TEST_CASE("websocket: fragments are read as one stream, with control frames between them", "[mqtt][websocket]") {
    opened one;
    const auto bytes = server_frame(0x02, "a") + server_frame(ping, "p") + server_frame(0x00, "b") + server_frame(0x00, "") +
                       server_frame(pong, "q") + server_frame(0x80, "c") + server_frame(binary, "d");
    GENERATE(false, true) ? one.feed(bytes) : one.feed_bytewise(bytes);
    CHECK(one.payload == "abcd");
    const auto control = one.control();
    REQUIRE(control.size() == 1);
    CHECK(control[0].first == pong);
    CHECK(control[0].payload == "p");
    CHECK_FALSE(one.socket.end());
}

TEST_CASE("websocket: a ping is answered with its own payload, the latest of several", "[mqtt][websocket]") {
    opened one;
    const std::string largest(125, 'x');
    one.feed(server_frame(ping, "") + server_frame(ping, largest));
    auto control = one.control();
    REQUIRE(control.size() == 1);
    CHECK(control[0].first == pong);
    CHECK(control[0].payload == largest);
    CHECK(one.control().empty());
    one.feed(server_frame(ping, ""));
    control = one.control();
    REQUIRE(control.size() == 1);
    CHECK(control[0].payload == "");
    one.feed(server_frame(pong, "unasked for"));
    CHECK(one.control().empty());
}

TEST_CASE("websocket: each way to break the protocol has its close code and words", "[mqtt][websocket]") {
    struct row {
        std::string bytes;
        unsigned code;
        const char* words;
    };
    const std::vector<row> rows = {
        {hex("c2"), 1002, "reserved bits"},
        {hex("a2"), 1002, "reserved bits"},
        {hex("92"), 1002, "reserved bits"},
        {hex("83"), 1002, "unknown opcode"},
        {hex("87"), 1002, "unknown opcode"},
        {hex("8b"), 1002, "unknown opcode"},
        {hex("8f"), 1002, "unknown opcode"},
        {hex("08"), 1002, "a control frame is fragmented"},
        {hex("09"), 1002, "a control frame is fragmented"},
        {hex("0a"), 1002, "a control frame is fragmented"},
        {hex("88 7e"), 1002, "longer than 125"},
        {hex("89 7e"), 1002, "longer than 125"},
        {hex("8a 7f"), 1002, "longer than 125"},
        {hex("82 80"), 1002, "masked"},
        {hex("89 80"), 1002, "masked"},
        {hex("82 7e 007d"), 1002, "more bytes than it needs"},
        {hex("82 7f 000000000000ffff"), 1002, "more bytes than it needs"},
        {hex("82 7f 8000000000000000"), 1002, "highest bit"},
        {hex("82 7f 7fffffffffffffff"), 1009, "larger than allowed"},
        {hex("82 7f 0000000000100001"), 1009, "larger than allowed"},
        {hex("80 00"), 1002, "belongs to no message"},
        {hex("00 01"), 1002, "belongs to no message"},
        {hex("82 00 80 00"), 1002, "belongs to no message"},
        {hex("02 01 'x' 82 01"), 1002, "begins within another"},
        {hex("02 01 'x' 81 01"), 1003, "text frame"},
        {hex("88 01 03"), 1002, "code is none"},
        {hex("88 03 03e8 ff"), 1007, "no UTF-8"},
    };
    for (const auto& one : rows) {
        CAPTURE(to_hex(one.bytes));
        const std::string_view bytes = one.bytes;
        opened target;
        target.feed_bytewise(bytes.substr(0, bytes.size() - 1));
        CHECK_FALSE(target.socket.end());
        target.feed(bytes.substr(bytes.size() - 1));
        REQUIRE(target.socket.end());
        CHECK_THAT(*target.socket.end(),
                   Catch::StartsWith("the server broke the WebSocket protocol: ") && Catch::Contains(one.words));
        CHECK(close_code_of(target) == one.code);
        // After that nothing counts any more.
        const auto before = target.payload;
        target.feed(server_frame(binary, "late") + server_frame(ping, "late"));
        CHECK(target.payload == before);
        CHECK(target.control().empty());
    }
}

TEST_CASE("websocket: a frame of the largest size is taken", "[mqtt][websocket]") {
    opened one(1000);
    one.feed(server_frame(binary, std::string(1000, 'x')));
    CHECK(one.payload.size() == 1000);
    CHECK_FALSE(one.socket.end());
    one.feed(server_frame(binary, std::string(1001, 'x')));
    CHECK(close_code_of(one) == 1009);
}

TEST_CASE("websocket: a Close frame is answered with its code, and is the end in words", "[mqtt][websocket]") {
    struct row {
        std::string payload;
        unsigned answer;
        const char* end;
    };
    const std::vector<row> rows = {
        {"", 1000, "the peer closed the connection"},
        {close_payload(1000), 1000, "the peer closed the connection"},
        {close_payload(1000, "bye"), 1000, "the peer closed the connection: WebSocket close code 1000, normal closure, \"bye\""},
        {close_payload(1001), 1001, "the peer closed the connection: WebSocket close code 1001, going away"},
        {close_payload(1008, "no \xc3\xa4\n"), 1008,
         "the peer closed the connection: WebSocket close code 1008, policy violation, \"no ???\""},
        {close_payload(4999, "x"), 4999, "the peer closed the connection: WebSocket close code 4999, \"x\""},
    };
    for (const auto& [payload, answer, end] : rows) {
        opened one;
        one.feed_bytewise(server_frame(binary, "x") + server_frame(close_frame, payload) + server_frame(binary, "late"));
        CHECK(one.payload == "x");
        CHECK(one.socket.end() == end);
        CHECK(one.socket.closes());
        CHECK(close_code_of(one) == answer);
        CHECK(one.socket.closes());
        one.socket.close();
        CHECK(one.control().empty());
    }
}

TEST_CASE("websocket: close codes that may not be sent are refused", "[mqtt][websocket]") {
    for (unsigned code = 0; code < 65536;
         code += code < 1020 || (code > 2990 && code < 3010) || (code > 4990 && code < 5010) ? 1 : 7) {
        const bool allowed = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        opened one;
        one.feed(server_frame(close_frame, close_payload(code)));
        const auto answer = close_code_of(one);
        if (answer != (allowed ? code : 1002)) FAIL("code " << code << " was answered with " << answer);
    }
}

TEST_CASE("websocket: our own close waits for the peer's, and reads on", "[mqtt][websocket]") {
    opened one;
    CHECK_FALSE(one.socket.closes());
    one.socket.close();
    CHECK(one.socket.closes());
    CHECK(close_code_of(one) == 1000);
    CHECK(one.socket.closes());
    one.feed(server_frame(binary, "last words") + server_frame(ping, "x"));
    CHECK(one.payload == "last words");
    CHECK(one.control().empty());  // after a Close frame nothing may be written
    CHECK_FALSE(one.socket.end());
    SECTION("the peer's Close is the end, and isn't answered again") {
        one.feed(server_frame(close_frame, close_payload(1000)));
        CHECK(one.socket.end() == "the peer closed the connection");
        CHECK(one.control().empty());
    }
    SECTION("so is a broken frame") {
        one.feed(hex("83"));
        CHECK(one.socket.end());
        CHECK(one.control().empty());
    }
    SECTION("twice is once") {
        one.socket.close();
        CHECK(one.control().empty());
    }
}

TEST_CASE("websocket: a ping just before the peer's Close is answered before ours", "[mqtt][websocket]") {
    opened one;
    one.feed(server_frame(ping, "x") + server_frame(close_frame, ""));
    const auto frames = one.control();
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].first == pong);
    CHECK(frames[1].first == close_frame);
}

TEST_CASE("websocket: however the bytes are cut, the outcome is the same", "[mqtt][websocket]") {
    std::mt19937 random(7);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (unsigned left = below(12); left > 0; --left) {
            const int firsts[] = {binary, binary, 0x02, 0x00, 0x80, ping, pong, close_frame, 0x81, 0xc2};
            const auto first = firsts[below(left > 3 ? 7 : 10)];
            const auto size = first >= close_frame ? below(126) : below(4) == 0 ? below(70000) : below(200);
            bytes += server_frame(first, std::string(size, static_cast<char>(random())));
        }
        opened whole;
        whole.feed(bytes);
        opened pieces;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = 1 + below(below(2) == 0 ? 3 : 5000);
            pieces.feed(std::string_view(bytes).substr(at, size));
            at += size;
        }
        CAPTURE(round);
        REQUIRE(pieces.payload == whole.payload);
        REQUIRE(pieces.socket.end() == whole.socket.end());
        REQUIRE(pieces.socket.take_control() == whole.socket.take_control());
    }
}

TEST_CASE("websocket: random bytes end it in order or are read, never anything else", "[mqtt][websocket]") {
    std::mt19937 random(11);
    int ends = 0;
    for (int round = 0; round < 20000; ++round) {
        opened one;
        std::string bytes;
        for (auto left = random() % 40; left > 0; --left) bytes += static_cast<char>(random());
        // Mostly a first byte that means something, or the second would seldom be read.
        const int firsts[] = {binary, 0x02, ping, pong, close_frame, 0x80};
        if (!bytes.empty() && round % 4 != 0) bytes[0] = static_cast<char>(firsts[random() % 6]);
        one.feed(bytes);
        CHECK(one.payload.size() <= bytes.size());
        const auto control = one.control();
        CHECK(control.size() <= 2);
        const bool closes = !control.empty() && control.back().first == close_frame;
        CHECK(closes == one.socket.end().has_value());
        CHECK(closes == one.socket.closes());
        ends += closes;
    }
    CHECK(ends > 5000);
    CHECK(ends < 20000);
}
