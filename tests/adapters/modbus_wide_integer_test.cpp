// tests/adapters/modbus_wide_integer_test.cpp: integers of 128 bits against the compiler's own, where it has them.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "adapters/modbus/wide_integer.hpp"

using modbus::wide_integer;

namespace {

std::string digits_of(wide_integer number) {
    if (number < 0) return "-" + digits_of(-number);
    const auto last = std::to_string(static_cast<int>(number % 10));
    return number < 10 ? last : digits_of(number / 10) + last;
}

wide_integer power_of_ten(int exponent) { return exponent == 0 ? wide_integer(1) : power_of_ten(exponent - 1) * 10; }

}  // namespace

TEST_CASE("wide integer: what 64 bits don't hold", "[modbus][codec]") {
    CHECK(digits_of(wide_integer(INT64_MIN)) == "-9223372036854775808");
    CHECK(digits_of(wide_integer(UINT64_MAX)) == "18446744073709551615");
    CHECK(digits_of(wide_integer(UINT64_MAX) + 1) == "18446744073709551616");
    CHECK(digits_of(wide_integer(UINT64_MAX) * 999'999'999'999'999'999) == "18446744073709551596553255926290448385");
    CHECK(digits_of(wide_integer(INT64_MIN) * 999'999'999'999'999'999) == "-9223372036854775798776627963145224192");
    CHECK(digits_of(power_of_ten(38) - 1) == std::string(38, '9'));
    CHECK((wide_integer(1) << 64) - 1 == wide_integer(UINT64_MAX));
    CHECK(static_cast<std::int64_t>(-(wide_integer(1) << 63)) == INT64_MIN);
    CHECK(wide_integer(-1) < wide_integer(0u));
    CHECK(wide_integer(UINT64_MAX) > wide_integer(INT64_MAX));
    CHECK(static_cast<double>(power_of_ten(22)) == 1e22);
    CHECK(static_cast<double>((wide_integer(1) << 126) + 1) == 0x1p126);
    // Between two doubles: to the even one, and beyond the middle up.
    CHECK(static_cast<double>((wide_integer(1) << 100) + (wide_integer(1) << 47)) == 0x1p100);
    CHECK(static_cast<double>((wide_integer(1) << 100) + (wide_integer(1) << 47) + 1) == 0x1.0000000000001p100);
    CHECK(digits_of(wide_integer(-1e22)) == "-10000000000000000000000");
    CHECK(digits_of(wide_integer(2.9)) == "2");
    CHECK(digits_of(wide_integer(-2.9)) == "-2");
}

#ifdef __SIZEOF_INT128__
namespace {

__extension__ typedef __int128 compilers;
__extension__ typedef unsigned __int128 compilers_natural;

wide_integer ours(compilers number) {
    return (wide_integer(static_cast<std::int64_t>(number >> 64)) << 64) + static_cast<std::uint64_t>(number);
}

/// Of every length, and near every power of two.
compilers any(std::mt19937_64& random) {
    const compilers_natural all = static_cast<compilers_natural>(random()) << 64 | random();
    const auto bits = static_cast<unsigned>(random() % 128);
    if (random() % 4 == 0) return static_cast<compilers>((static_cast<compilers_natural>(1) << bits) + random() % 5 - 2);
    return static_cast<compilers>(all) >> bits;
}

compilers product(compilers one, compilers other) {
    return static_cast<compilers>(static_cast<compilers_natural>(one) * static_cast<compilers_natural>(other));
}
compilers sum(compilers one, compilers other) {
    return static_cast<compilers>(static_cast<compilers_natural>(one) + static_cast<compilers_natural>(other));
}

}  // namespace

TEST_CASE("wide integer: counts as the compiler does", "[modbus][codec]") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 200'000; ++i) {
        const compilers one = any(random), other = any(random);
        const auto divisor = static_cast<std::uint32_t>(random() >> (random() % 32 + 32) | 1);
        const auto shift = static_cast<unsigned>(random() % 128);
        const auto shifted = static_cast<compilers>(static_cast<compilers_natural>(one) << shift);
        const bool alike = ours(one) + ours(other) == ours(sum(one, other)) &&
                           ours(one) * ours(other) == ours(product(one, other)) && ours(one) / divisor == ours(one / divisor) &&
                           ours(one) % divisor == ours(one % divisor) && (ours(one) << shift) == ours(shifted) &&
                           (ours(one) < ours(other)) == (one < other) && (ours(one) == ours(other)) == (one == other) &&
                           static_cast<double>(ours(one)) == static_cast<double>(one) &&
                           static_cast<std::int64_t>(ours(one)) == static_cast<std::int64_t>(one);
        if (!alike)
            FAIL("differs for " << digits_of(ours(one)) << ", " << digits_of(ours(other)) << ", " << divisor << ", " << shift);
        const auto number = static_cast<double>(one);
        if (std::abs(number) < 0x1p126 && wide_integer(number) != ours(static_cast<compilers>(number))) FAIL("from " << number);
    }
}
#endif
