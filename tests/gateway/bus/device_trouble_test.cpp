// tests/gateway/bus/device_trouble_test.cpp: what is told of a device whose groups of points fail, each in its way.
// Not here: when a device counts as offline (device_health_test.cpp).
#include "gateway/bus/device_trouble.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;

TEST_CASE("device_trouble: what is wrong with a device", "[gateway][device_trouble]") {
    constexpr auto online = device_state::online, offline = device_state::offline;
    const std::vector<poll_group> groups{{0, 1s, {0, 1}, {}}, {0, 60s, {2}, {}}, {1, 1s, {3}, {}}};
    device_trouble trouble(groups);
    CHECK(trouble.of(0, online).empty());

    SECTION("the first group in the order of the config that has something") {
        trouble.ended(1, "exception 4");
        CHECK(trouble.of(0, online) == "exception 4");
        trouble.ended(0, "exception 2");
        CHECK(trouble.of(0, online) == "exception 2");
        trouble.ended(0, "");
        CHECK(trouble.of(0, online) == "exception 4");
        CHECK(trouble.of(1, online).empty());
    }
    SECTION("a single request without answer is no news while the device is online") {
        trouble.unanswered(0, "no answer");
        CHECK(trouble.of(0, online).empty());
        CHECK(trouble.of(0, offline) == "no answer");
    }
    SECTION("… but what stays unanswered is, although the device answers others") {
        trouble.unanswered(0, "no answer");
        trouble.ended(1, "");
        trouble.unanswered(0, "no answer to that");
        CHECK(trouble.of(0, online) == "no answer to that");
        trouble.ended(0, "");
        CHECK(trouble.of(0, online).empty());
        trouble.unanswered(0, "no answer");
        CHECK(trouble.of(0, online).empty());
    }
    SECTION("a device that returns has nothing said of its silence, and keeps what else is wrong") {
        for (int i = 0; i < 5; ++i) trouble.unanswered(0, "no such port");
        trouble.ended(1, "exception 4");
        trouble.unanswered(2, "no such port");
        trouble.returned(0);
        CHECK(trouble.of(0, online) == "exception 4");
        CHECK(trouble.of(1, offline) == "no such port");
        trouble.unanswered(0, "no answer");
        trouble.ended(1, "");
        CHECK(trouble.of(0, online).empty());
    }
}
