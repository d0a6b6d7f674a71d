// tests/mqtt/support/websocket_words.hpp: a WebSocket server's half, written and read byte by byte for the tests.
// Not here: anything that the code under test computes.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/mqtt/codec_support.hpp"

namespace mqtt::test {

// RFC 6455, 1.3: its example of a key and of what accepts it.
constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::uint32_t sample_nonce[] = {0x74686520, 0x73616d70, 0x6c65206e, 0x6f6e6365};
constexpr std::string_view sample_answer =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n"
    "\r\n";

/// A frame as a server writes it: the first byte as it is, the length in its shortest form, no mask.
inline std::string server_frame(int first, std::string_view payload) {
    std::string result(1, static_cast<char>(first));
    const auto size = payload.size();
    if (size < 126) {
        result += static_cast<char>(size);
    } else if (size < 65536) {
        result += '\x7e';
        result += static_cast<char>(size >> 8);
        result += static_cast<char>(size & 0xff);
    } else {
        result += '\x7f';
        for (int shift = 56; shift >= 0; shift -= 8) result += static_cast<char>(size >> shift & 0xff);
    }
    return result.append(payload);
}

constexpr int binary = 0x82;
constexpr int close_frame = 0x88;
constexpr int ping = 0x89;
constexpr int pong = 0x8a;

inline std::string close_payload(unsigned code, std::string_view reason = "") {
    std::string result{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    return result.append(reason);
}

/// A client's frame, unmasked.
struct client_frame {
    int first = 0;
    std::string mask;
    std::string payload;
};

/// Requires: whole frames only. Each must bear a mask.
inline std::vector<client_frame> read_client_frames(std::string_view bytes) {
    std::vector<client_frame> result;
    const auto number = [&](std::size_t at, std::size_t size) {
        std::size_t value = 0;
        for (const char c : bytes.substr(at, size)) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    };
    while (!bytes.empty()) {
        REQUIRE(bytes.size() >= 6);
        REQUIRE((number(1, 1) & 0x80) != 0);
        std::size_t size = number(1, 1) & 0x7f;
        std::size_t at = 2;
        if (size == 126) {
            size = number(2, 2);
            at = 4;
        } else if (size == 127) {
            size = number(2, 8);
            at = 10;
        }
        client_frame one{static_cast<int>(number(0, 1)), std::string(bytes.substr(at, 4)), ""};
        REQUIRE(bytes.size() >= at + 4 + size);
        for (std::size_t i = 0; i < size; ++i) one.payload += static_cast<char>(bytes[at + 4 + i] ^ one.mask[i % 4]);
        result.push_back(one);
        bytes.remove_prefix(at + 4 + size);
    }
    return result;
}

}  // namespace mqtt::test
