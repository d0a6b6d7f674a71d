// mqtt/framer.cpp: a byte stream → whole packets. What was handed out is dropped at the next feed, by one move of the rest.
// Not here: what the packets say (codec.hpp).
#include "mqtt/framer.hpp"

#include <algorithm>

namespace mqtt {
namespace {

struct frame_length {
    bool complete = false;
    std::size_t size = 0;  // of the whole packet
};

/// Requires: at least one byte. The fixed header is a byte and a remaining length of at most four.
decoded<frame_length> read_length(std::span<const std::byte> bytes) {
    std::size_t remaining = 0;
    for (std::size_t at = 1; at <= 4; ++at) {
        if (at >= bytes.size()) return frame_length{};
        const auto next = std::to_integer<std::size_t>(bytes[at]);
        remaining |= (next & 0x7f) << (7 * (at - 1));
        if ((next & 0x80) == 0) return frame_length{true, 1 + at + remaining};
    }
    return decode_error(reason::malformed_packet, "the remaining length takes more than four bytes");
}

}  // namespace

void framer::feed(std::span<const std::byte> bytes) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

decoded<std::optional<std::span<const std::byte>>> framer::next() {
    using found = std::optional<std::span<const std::byte>>;
    const auto left = std::span<const std::byte>(bytes_).subspan(start_);
    if (left.empty()) return found{};
    const auto length = read_length(left);
    // What is wrong stays at the front, hence so does the error.
    if (!length) return length.error();
    if (!length->complete) return found{};
    if (length->size > largest_) return decode_error(reason::packet_too_large, "a packet is larger than allowed");
    if (length->size > left.size()) return found{};
    start_ += length->size;
    return found{left.first(length->size)};
}

void framer::reset() {
    bytes_.clear();
    start_ = 0;
}

}  // namespace mqtt
