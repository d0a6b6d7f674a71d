// tests/fuzz/websocket_fuzz.cpp: any bytes as what a WebSocket server sends: its HTTP answer, and frames.
// Not here: how it is built and run (CMakeLists.txt).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "mqtt/proxy.hpp"
#include "mqtt/websocket.hpp"

namespace {

// RFC 6455, 1.3: its example of a key and of what accepts it.
constexpr std::uint32_t nonce[] = {0x74686520, 0x73616d70, 0x6c65206e, 0x6f6e6365};
constexpr std::string_view answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

void require(bool holds) {
    if (!holds) std::abort();
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

/// In pieces of `piece` bytes; what it came to, in one string.
std::string outcome(std::string_view input, bool opened, std::size_t piece) {
    mqtt::websocket socket({}, "broker", 80, [at = 0u]() mutable { return nonce[at++ % 4]; });
    std::string payload;
    std::string control;
    if (opened) socket.feed(bytes_of(answer), payload);
    require(socket.is_open() == opened);
    for (std::size_t at = 0; at < input.size(); at += piece) socket.feed(bytes_of(input.substr(at, piece)), payload);
    control = socket.take_control();
    require(payload.size() <= input.size());
    require(control.size() <= 2 * (6 + 125));
    require(!opened || socket.end().has_value() == socket.closes());
    require(socket.take_control().empty());
    if (socket.is_open() && !socket.closes()) require(socket.frame(payload).size() > payload.size());
    return payload + "|" + control + "|" + socket.end().value_or("open");
}

void read_proxy_answer(std::string_view input) {
    mqtt::http_answer_reader reader;
    const auto size = reader.feed(input);
    require(size <= input.size() && !(reader.is_whole() && !reader.error().empty()));
    mqtt::proxy_settings how;
    how.host = "proxy";
    how.password = "hush";
    if (reader.is_whole()) require(proxy_refusal(how, "broker", 1, reader.answer()).size() < 1000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto input = std::string_view(reinterpret_cast<const char*>(data), size).substr(1);
    const bool opened = (data[0] & 1) != 0;
    const std::size_t piece = 1 + data[0] / 2;
    require(outcome(input, opened, piece) == outcome(input, opened, input.size() + 1));
    read_proxy_answer(input);
    return 0;
}
