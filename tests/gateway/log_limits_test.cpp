// tests/gateway/log_limits_test.cpp: what repeats doesn't fill the log, and nothing is unsaid for long.
#include "gateway/log_limits.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;

namespace {
const auto origin = std::chrono::steady_clock::time_point{} + 1000s;
}

TEST_CASE("log_limits: the first lines at once, then one in a while that says how many there were", "[gateway][log]") {
    log_limits limits;
    for (std::uint64_t i = 0; i < log_limits::burst; ++i) CHECK(limits.take("device meter", "x", origin) == 0u);
    for (int i = 0; i < 7; ++i) CHECK_FALSE(limits.take("device meter", "line" + std::to_string(i), origin + 1s));
    CHECK(limits.take("device boiler", "y", origin + 1s) == 0u);  // another subject
    CHECK(limits.due(origin + 2s).empty());
    SECTION("a new line after a while counts those before it") {
        CHECK(limits.take("device meter", "z", origin + log_limits::refill) == 7u);
        CHECK_FALSE(limits.take("device meter", "z", origin + log_limits::refill + 1s));
    }
    SECTION("the last word comes though nothing follows it") {
        CHECK(limits.due(origin + log_limits::refill) == std::vector<log_limits::held>{{"line6", 6}});
        CHECK(limits.due(origin + 100h).empty());
    }
}

TEST_CASE("log_limits: a broker or device that flaps for days", "[gateway][log]") {
    log_limits limits;
    std::size_t lines = 0;
    std::string last;
    for (auto at = 0s; at < 48h; at += 2s) {
        last = at.count() % 4 == 0 ? "device_online" : "device_offline";
        if (limits.take("device meter", last, origin + at)) ++lines;
        if (at.count() % 60 == 0)
            for (const auto& each : limits.due(origin + at)) {
                CHECK(each.line == last);
                ++lines;
            }
    }
    CHECK(lines <= log_limits::burst + 48 * 6);  // six an hour
    CHECK(lines >= 48 * 6 - 1);
}

TEST_CASE("log_limits: bounded, whoever makes up names", "[gateway][log]") {
    log_limits limits;
    for (std::size_t i = 0; i < 10 * log_limits::most_subjects; ++i)
        CHECK(limits.take("topic " + std::to_string(i), "x", origin + std::chrono::milliseconds(i)));
}

TEST_CASE("log_limits: what a line is about", "[gateway][log]") {
    CHECK(log_limits::subject_of("device_offline", {"bus=line", "device=meter", "error=\"no answer\""}) ==
          "device bus=line device=meter");
    CHECK(log_limits::subject_of("broker_lost", {"reason=x"}) == log_limits::subject_of("broker_connected", {"broker=y"}));
}
