// tests/fuzz/http_fuzz.cpp: any bytes as what a client sends to the HTTP server, with and without a token, in pieces of any size.
// Not here: how it is built and run (CMakeLists.txt).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/http_exchange.hpp"
#include "gateway/limits.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace gateway;

constexpr asset page{"/index.html", "text/html", "\"abc\"", "<p>hello</p>", "gz"};
constexpr std::string_view token = "correct horse";

/// All that is written, and what was asked of the gateway. A stream and a command end like any other answer here.
std::string outcome(std::string_view input, std::size_t piece, bool with_token) {
    http_access access;
    if (with_token) access.token = token;
    access.writes = true;
    access.assets = std::span(&page, 1);
    token_guard guard;
    const http_exchange::time_point now{};
    http_exchange exchange(access, guard, "192.0.2.1", now);
    std::string out;
    const auto advance = [&] {
        for (;;) {
            while (!exchange.output().empty()) {
                const auto size = std::min<std::size_t>(exchange.output().size(), 100);
                out += exchange.output().substr(0, size);
                exchange.consume(size, now);
            }
            if (exchange.is_over()) return;
            const auto what = exchange.next(now);
            if (!what && exchange.output().empty()) return;
            if (!what) continue;
            require(!exchange.wants_input(), "whoever waits for an answer isn't read");
            require(what->want != http_want::refusal && what->want != http_want::asset, "what nobody else answers is answered");
            const bool is_open = what->want == http_want::health || what->want == http_want::ready;
            require(!with_token || is_open || input.find(token) != std::string_view::npos ||
                        input.find('%') != std::string_view::npos || input.find('+') != std::string_view::npos,
                    "nothing without the token");
            require(what->device.size() <= 256 && what->point.size() <= 256, "names are bounded");
            require(exchange.take_body().size() <= limits::http_body, "bodies are bounded");
            out += '|' + std::to_string(static_cast<int>(what->want)) + what->device + '/' + what->point + '|';
            require(exchange.answer(200, "text/plain", std::make_shared<const std::string>("x"), now), "it is waited for");
        }
    };
    for (std::size_t at = 0; at < input.size() && !exchange.is_over(); at += piece) {
        exchange.feed(input.substr(at, piece), now);
        advance();
    }
    require(out.find("\r\n\r\n") != std::string::npos || out.empty(), "an answer has a head");
    // How soon a broken request is known to be one depends on how much of it is there; nothing else does.
    const auto refusal = out.find("this isn't a request");
    return refusal == std::string::npos ? out : out.substr(0, out.rfind("HTTP/1.1 ", refusal));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto input = std::string_view(reinterpret_cast<const char*>(data), size).substr(1);
    const std::size_t piece = 1 + data[0] / 2;
    const bool with_token = (data[0] & 1) != 0;
    const auto whole = outcome(input, input.size() + 1, with_token);
    require(whole == outcome(input, piece, with_token), "the answers don't depend on the pieces");
    return 0;
}
