// tests/fuzz/framer_fuzz.cpp: any stream of bytes in pieces of any size. The pieces make no difference: the same frames come out
// as from the whole, they are the stream's bytes in order, none is above the limit, and an error stays.
// Not here: what a frame says (decode_fuzz.cpp).
// Input: the limit (one byte), the size of the pieces (one byte), then the stream.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mqtt/framer.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace mqtt;

struct outcome {
    std::vector<std::string> frames;
    std::optional<reason> error;
    bool operator==(const outcome&) const = default;
};

/// Every frame that is there now; false: an error.
bool drain(framer& from, outcome& to) {
    for (;;) {
        const auto next = from.next();
        if (!next) {
            to.error = next.error().code();
            const auto again = from.next();
            require(again.has_error() && again.error() == next.error(), "an error stays");
            return false;
        }
        if (!*next) return true;
        const auto frame = **next;
        to.frames.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
    }
}

outcome cut(std::span<const std::byte> stream, std::size_t piece, std::uint32_t largest) {
    framer frames(largest);
    outcome result;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        frames.feed(stream.subspan(at, std::min(piece, stream.size() - at)));
        if (!drain(frames, result)) break;
    }
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::uint32_t largest = data[0] == 0 ? 268'435'460u : data[0] * 4u;
    const std::size_t piece = 1u + data[1];
    const auto stream = std::as_bytes(std::span(data, size).subspan(2));
    const auto whole = cut(stream, stream.size() + 1, largest);
    require(cut(stream, piece, largest) == whole, "pieces make no difference");
    std::string joined;
    for (const auto& frame : whole.frames) {
        require(frame.size() >= 2 && frame.size() <= largest, "no frame is above the limit");
        joined += frame;
    }
    const std::string_view all(reinterpret_cast<const char*>(stream.data()), stream.size());
    require(all.starts_with(joined), "frames are the stream's bytes");
    return 0;
}
