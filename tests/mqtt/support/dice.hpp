// tests/mqtt/support/dice.hpp: random numbers for seeded worlds: small, and the same everywhere.
// Not here: the distributions of <random>, which differ between libraries.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mqtt_test {

class dice {
public:
    /// The seed is mixed first: the states of neighbouring seeds would otherwise be neighbours on one and the same path.
    explicit dice(std::uint64_t seed) : state_(mixed(seed)) {}
    std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15u); }
    /// 0 … n - 1.
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    bool one_in(std::uint64_t n) { return n != 0 && below(n) == 0; }
    template <typename T, std::size_t n>
    T of(const T (&choices)[n]) {
        return choices[below(n)];
    }

private:
    static std::uint64_t mixed(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

}  // namespace mqtt_test
