// adapters/modbus/wide_integer.hpp: integers of 128 bits in two's complement, of which compilers for 32-bit machines have none.
// Not here: division by more than 32 bits, shifts to the right, and anything else that nobody needs. What overflows wraps.
#pragma once

#include <cassert>
#include <compare>
#include <concepts>
#include <cstdint>

namespace modbus {

/// Holds every int64_t and uint64_t, and their products with a scale of up to 18 digits.
class wide_integer {
public:
    constexpr wide_integer() = default;
    template <std::integral T>
    constexpr wide_integer(T number) : high_(number < T{0} ? -1 : 0), low_(static_cast<std::uint64_t>(number)) {}
    /// Without what follows the point. Requires: |number| < 2^127.
    explicit wide_integer(double number);

    /// The lowest bits.
    template <std::integral T>
    explicit constexpr operator T() const {
        return static_cast<T>(low_);
    }
    /// The nearest one.
    explicit operator double() const;

    friend constexpr bool operator==(const wide_integer&, const wide_integer&) = default;
    friend constexpr std::strong_ordering operator<=>(const wide_integer&, const wide_integer&) = default;  // the members' order

    friend constexpr wide_integer operator+(wide_integer one, wide_integer other) {
        const std::uint64_t low = one.low_ + other.low_;
        return made_of(one.bits_above() + other.bits_above() + (low < other.low_ ? 1 : 0), low);
    }
    friend constexpr wide_integer operator-(wide_integer number) {
        return made_of(~number.bits_above() + (number.low_ == 0 ? 1 : 0), ~number.low_ + 1);
    }
    friend constexpr wide_integer operator-(wide_integer one, wide_integer other) { return one + -other; }
    friend constexpr wide_integer operator*(wide_integer one, wide_integer other) {
        const std::uint64_t a = one.low_ >> 32, b = one.low_ & half, c = other.low_ >> 32, d = other.low_ & half;
        const std::uint64_t first = b * d, second = a * d + (first >> 32), third = b * c + (second & half);
        const std::uint64_t above = a * c + (second >> 32) + (third >> 32);
        return made_of(above + one.bits_above() * other.low_ + one.low_ * other.bits_above(), third << 32 | (first & half));
    }
    /// Requires: 0 < divisor < 2^32. Towards 0.
    friend constexpr wide_integer operator/(wide_integer number, wide_integer divisor);
    /// Has the sign of the number.
    friend constexpr wide_integer operator%(wide_integer number, wide_integer divisor);
    /// Requires: bits < 128.
    friend constexpr wide_integer operator<<(wide_integer number, unsigned bits) {
        if (bits == 0) return number;
        if (bits >= 64) return made_of(number.low_ << (bits - 64), 0);
        return made_of(number.bits_above() << bits | number.low_ >> (64 - bits), number.low_ << bits);
    }

    constexpr wide_integer& operator+=(wide_integer other) { return *this = *this + other; }
    constexpr wide_integer& operator*=(wide_integer other) { return *this = *this * other; }
    constexpr wide_integer& operator/=(wide_integer divisor);
    constexpr wide_integer& operator++() { return *this += 1; }

private:
    static constexpr std::uint64_t half = 0xFFFF'FFFF;
    struct division;

    static constexpr wide_integer made_of(std::uint64_t high, std::uint64_t low) {
        wide_integer made;
        made.high_ = static_cast<std::int64_t>(high);
        made.low_ = low;
        return made;
    }
    constexpr std::uint64_t bits_above() const { return static_cast<std::uint64_t>(high_); }
    constexpr division divided(wide_integer by) const;

    std::int64_t high_ = 0;
    std::uint64_t low_ = 0;
};

struct wide_integer::division {
    wide_integer quotient, rest;
};

/// As on paper, in digits of 32 bits.
constexpr wide_integer::division wide_integer::divided(wide_integer by) const {
    assert(by > 0 && by <= half);
    const bool negative = high_ < 0;
    const wide_integer magnitude = negative ? -*this : *this;
    const std::uint64_t divisor = by.low_, above = magnitude.bits_above();
    const std::uint64_t after_high = above % divisor;
    const std::uint64_t upper = after_high << 32 | magnitude.low_ >> 32;
    const std::uint64_t lower = upper % divisor << 32 | (magnitude.low_ & half);
    const wide_integer quotient = made_of(above / divisor, (upper / divisor) << 32 | lower / divisor);
    const wide_integer rest = lower % divisor;
    return negative ? division{-quotient, -rest} : division{quotient, rest};
}

constexpr wide_integer operator/(wide_integer number, wide_integer divisor) { return number.divided(divisor).quotient; }
constexpr wide_integer operator%(wide_integer number, wide_integer divisor) { return number.divided(divisor).rest; }
constexpr wide_integer& wide_integer::operator/=(wide_integer divisor) { return *this = *this / divisor; }

}  // namespace modbus
