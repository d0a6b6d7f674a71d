// adapters/modbus/wide_integer.cpp: from and to double.
#include "adapters/modbus/wide_integer.hpp"

#include <bit>
#include <cmath>

namespace modbus {
namespace {

constexpr double two_to_64 = 18446744073709551616.0;

}  // namespace

wide_integer::wide_integer(double number) {
    const double whole = std::trunc(std::abs(number));
    assert(whole < two_to_64 * two_to_64 / 2);
    const double above = std::floor(whole / two_to_64);
    const wide_integer magnitude =
        made_of(static_cast<std::uint64_t>(above), static_cast<std::uint64_t>(whole - above * two_to_64));
    *this = number < 0 ? -magnitude : magnitude;
}

wide_integer::operator double() const {
    const wide_integer magnitude = high_ < 0 ? -*this : *this;
    const std::uint64_t above = magnitude.bits_above();
    double result = 0;
    if (above == 0) {
        result = static_cast<double>(magnitude.low_);
    } else {
        // The highest 64 bits, the last of which says whether any below is set: so the one rounding goes the right way.
        const auto lost = 64 - static_cast<unsigned>(std::countl_zero(above));
        const std::uint64_t below = lost == 64 ? magnitude.low_ : magnitude.low_ & ((std::uint64_t{1} << lost) - 1);
        const std::uint64_t highest = lost == 64 ? above : above << (64 - lost) | magnitude.low_ >> lost;
        result = std::ldexp(static_cast<double>(highest | (below != 0 ? 1 : 0)), static_cast<int>(lost));
    }
    return high_ < 0 ? -result : result;
}

}  // namespace modbus
