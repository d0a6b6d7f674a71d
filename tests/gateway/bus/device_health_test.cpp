// tests/gateway/bus/device_health_test.cpp: when a device counts as dead, and how it is backed off.
// Not here: what that does to the others on its bus (schedule_failure_test.cpp).
#include "gateway/bus/device_health.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;

TEST_CASE("device_health: unknown, online, offline", "[gateway][device_health]") {
    const time_point start = time_point{} + 100s;
    device_health device;
    CHECK(device.state() == device_state::unknown);

    SECTION("an answer is life, and only the first one is news") {
        CHECK(device.succeeded(start));
        CHECK(device.state() == device_state::online);
        CHECK_FALSE(device.succeeded(start + 1s));
    }
    SECTION("one that never answered is offline with its second failure") {
        CHECK_FALSE(device.failed(start, start + 500ms));
        CHECK(device.state() == device_state::unknown);
        CHECK(device.hold() == start + 1s);
        CHECK(device.considerate_hold() == start + 1500ms);
        CHECK(device.failed(start + 2s, start + 2500ms));
        CHECK(device.state() == device_state::offline);
    }
    SECTION("… also within the clock's first seconds") {
        const time_point boot{};
        device.failed(boot + 100ms, boot + 200ms);
        CHECK(device.failed(boot + 1200ms, boot + 1300ms));
    }
    SECTION("one that has answered is offline with the first failure that comes three seconds later, from the second on") {
        device.succeeded(start);
        CHECK_FALSE(device.failed(start + 1s, start + 1100ms));
        CHECK(device.hold() == start + 1200ms);
        CHECK(device.considerate_hold() == start + 2100ms);
        CHECK_FALSE(device.failed(start + 2200ms, start + 2300ms));
        CHECK(device.state() == device_state::online);
        CHECK(device.hold() == start + 3300ms);
        CHECK(device.failed(start + 3300ms, start + 3400ms));
        CHECK(device.state() == device_state::offline);
    }
    SECTION("a long silence before a single failure isn't enough") {
        device.succeeded(start);
        CHECK_FALSE(device.failed(start + 1h, start + 1h + 1s));
        CHECK(device.state() == device_state::online);
    }
    SECTION("doubtful, it is asked at ten times its cost") {
        device.succeeded(start);
        device.failed(start, start + 500ms);
        device.failed(start + 1500ms, start + 2s);
        CHECK(device.hold() == start + 3s);
        CHECK(device.considerate_hold() == start + 7s);
    }
    SECTION("offline, it is probed 1, 2, 4 … 60 s apart") {
        time_point now = start;
        device.failed(now, now + 1ms);
        for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
            now = device.hold();
            device.failed(now, now + 1ms);
            CHECK(device.hold() == now + 1ms + pause);
        }
    }
    SECTION("but, with others on the bus, never sooner than fifty times what the probe cost") {
        device.failed(start, start + 500ms);
        device.failed(start + 2s, start + 2500ms);
        CHECK(device.hold() == start + 2500ms + 1s);
        CHECK(device.considerate_hold() == start + 2500ms + 25s);
        CHECK(device.succeeded(start + 1min));
        device.failed(start + 2min, start + 2min + 500ms);
        // A first failure costs one time-out, once: it is seen at once whether it was a disturbance, if nobody waits for that.
        CHECK(device.hold() == start + 2min + 1s);
        CHECK(device.considerate_hold() == start + 2min + 1500ms);
    }
    SECTION("an answer ends it all, and the next failure starts anew") {
        device.failed(start, start + 1ms);
        device.failed(start + 2s, start + 2001ms);
        device.failed(start + 4s, start + 4001ms);
        CHECK(device.succeeded(start + 10s));
        CHECK(device.state() == device_state::online);
        CHECK(device.failures() == 0);
        CHECK_FALSE(device.failed(start + 20s, start + 20s + 1ms));
        CHECK(device.hold() == start + 20s + 2ms);
        CHECK(device.considerate_hold() == start + 20s + 11ms);
        CHECK(device.failed(start + 22s, start + 22s + 1ms));
        CHECK(device.hold() == start + 23s + 1ms);  // the back-off starts at one second again
    }
    SECTION("a bus that is away takes it along without calling it dead") {
        device.succeeded(start);
        CHECK(device.unreachable());
        CHECK_FALSE(device.unreachable());
        CHECK(device.state() == device_state::offline);
        CHECK(device.succeeded(start + 1min));
        CHECK(device.state() == device_state::online);
    }
}
