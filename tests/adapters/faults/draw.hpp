// tests/adapters/faults/draw.hpp: what a seed draws: one seed, one run.
// Not here: what is done with it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace faults {

constexpr std::uint64_t mixed(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

/// splitmix64: the same on every system, unlike the standard library's distributions.
class draw {
public:
    explicit draw(std::uint64_t seed) : state_(mixed(seed)) {}
    std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15u); }
    /// From `least` to `most`, both included.
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
    }
    std::size_t below(std::size_t end) { return static_cast<std::size_t>(next() % end); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(next() & 0xFF); }

private:
    std::uint64_t state_;
};

}  // namespace faults
