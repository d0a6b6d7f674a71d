// tests/mqtt/backoff_test.cpp: the delays between attempts.
// Not here: when an attempt is made (session_connection_test.cpp).
#include "mqtt/backoff.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace mqtt;
using namespace std::chrono_literals;

TEST_CASE("backoff: the upper end doubles up to the last", "[mqtt][backoff]") {
    const std::chrono::milliseconds ends[] = {1000ms, 2000ms, 4000ms, 8000ms, 15000ms, 15000ms};
    std::chrono::milliseconds highest[6] = {};
    std::chrono::milliseconds lowest[6] = {1h, 1h, 1h, 1h, 1h, 1h};
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        backoff b(1000ms, 15000ms, seed);
        for (std::size_t i = 0; i < 6; ++i) {
            const auto d = b.next();
            CHECK(d >= 0ms);
            CHECK(d < ends[i]);
            highest[i] = std::max(highest[i], d);
            lowest[i] = std::min(lowest[i], d);
        }
    }
    for (std::size_t i = 0; i < 6; ++i) {  // full jitter: the whole range is used
        CHECK(highest[i] > ends[i] * 9 / 10);
        CHECK(lowest[i] < ends[i] / 10);
    }
}

TEST_CASE("backoff: reset, slow delays, determinism", "[mqtt][backoff]") {
    SECTION("after reset the first delay is short again") {
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            backoff b(1000ms, 15000ms, seed);
            for (int i = 0; i < 8; ++i) b.next();
            b.reset();
            CHECK(b.next() < 1000ms);
        }
    }
    SECTION("a slow delay ranges to the last end at once") {
        auto highest = 0ms;
        for (std::uint64_t seed = 0; seed < 100; ++seed) highest = std::max(highest, backoff(1s, 15s, seed).next_slow());
        CHECK(highest > 13s);
        CHECK(highest < 15s);
    }
    SECTION("the same seed gives the same delays, another seed others") {
        backoff a(1s, 15s, 7), b(1s, 15s, 7), c(1s, 15s, 8);
        std::vector<std::chrono::milliseconds> of_a, of_b, of_c;
        for (int i = 0; i < 5; ++i) {
            of_a.push_back(a.next());
            of_b.push_back(b.next());
            of_c.push_back(c.next());
        }
        CHECK(of_a == of_b);
        CHECK(of_a != of_c);
    }
    SECTION("ends of nothing are survived") {
        backoff b(0ms, 0ms, 1);
        CHECK(b.next() == 0ms);
        CHECK(b.next_slow() == 0ms);
    }
}
