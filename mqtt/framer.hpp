// mqtt/framer.hpp: a byte stream → whole packets, with a limit on their size. Keeps at most one packet's bytes.
// Not here: what the packets say (codec.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mqtt/codec.hpp"

namespace mqtt {

class framer {
public:
    explicit framer(std::uint32_t largest_packet) : largest_(largest_packet) {}

    /// Takes bytes as they come from the stream.
    void feed(std::span<const std::byte> bytes);
    /// The next whole packet, fixed header included; valid until the next feed() or reset(). Nothing: more bytes are needed. An
    /// error (remaining length malformed, or larger than allowed) is final until reset().
    decoded<std::optional<std::span<const std::byte>>> next();
    void reset();

private:
    std::uint32_t largest_;
    std::vector<std::byte> bytes_;
    std::size_t start_ = 0;  // the first byte that wasn't handed out
};

}  // namespace mqtt
