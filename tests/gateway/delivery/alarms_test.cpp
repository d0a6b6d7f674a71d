// tests/gateway/delivery/alarms_test.cpp: an alarm is told when it rises, changes its reason and ends; and not otherwise.
#include "gateway/delivery/alarms.hpp"

#include <catch2/catch.hpp>

using namespace gateway;

TEST_CASE("alarms: told when something changes", "[gateway][alarms]") {
    config::file config;
    config.gateway_id = "plant7";
    alarms now(config);
    const store::stamp first{.wall_ms = 1'000, .monotonic_ms = 1, .synchronised = true};
    const store::stamp later{.wall_ms = 61'000, .monotonic_ms = 2, .synchronised = true};

    CHECK_FALSE(now.clear(alarm::disk_full, first));
    const auto raised = now.raise(alarm::disk_full, "no \"room\"", first);
    REQUIRE(raised);
    CHECK(raised->topic == "tidegate/plant7/alarm/disk_full");
    CHECK(raised->payload == R"({"state":"on","since":"1970-01-01T00:00:01.000Z","count":1,"reason":"no \"room\""})");
    CHECK_FALSE(now.raise(alarm::disk_full, "no \"room\"", later));
    CHECK(now.is_on(alarm::disk_full));

    SECTION("a new reason is told, and the alarm is as old as it was") {
        const auto changed = now.raise(alarm::disk_full, "quota", later);
        REQUIRE(changed);
        CHECK(changed->payload == R"({"state":"on","since":"1970-01-01T00:00:01.000Z","count":1,"reason":"quota"})");
    }
    SECTION("its end is told, once; and the next is the second") {
        const auto cleared = now.clear(alarm::disk_full, later);
        REQUIRE(cleared);
        CHECK(cleared->payload == R"({"state":"off","since":"1970-01-01T00:01:01.000Z","count":1,"reason":null})");
        CHECK_FALSE(now.clear(alarm::disk_full, later));
        CHECK(now.raise(alarm::disk_full, "", later)->payload.find(R"("count":2)") != std::string::npos);
        CHECK(now.count(alarm::disk_full) == 2);
    }
    SECTION("alarms are apart from each other") {
        CHECK_FALSE(now.is_on(alarm::queue_damaged));
        CHECK(now.count(alarm::queue_damaged) == 0);
        CHECK(now.raise(alarm::queue_damaged, "x", first)->topic == "tidegate/plant7/alarm/queue_damaged");
    }
}

TEST_CASE("alarms: of the disk, they say what becomes of readings and what to do", "[gateway][alarms]") {
    config::buffer of;
    of.path = "/var/lib/tidegate/queue.db";
    CHECK(reason_of_full(of) ==
          "/var/lib/tidegate/queue.db: the device is full; the queue keeps the size that it has, and while that is used up the "
          "oldest messages are dropped (buffer.when_full: drop_oldest); free some space on the device, it heals by itself");
    const store::error failed(store::errc::io, "/var/lib/tidegate/queue.db: disk I/O error; check the device");
    CHECK(reason_of_failure(failed, of) ==
          "/var/lib/tidegate/queue.db: disk I/O error; check the device; until it takes something again readings wait in memory, "
          "and beyond 4 MiB the oldest are dropped; nothing that is stored is lost");
    of.policy = config::when_full::drop_newest;
    CHECK(reason_of_full(of).find("while that is used up new messages are dropped") != std::string::npos);
    CHECK(reason_of_failure(failed, of).find("the newest are dropped") != std::string::npos);
    of.policy = config::when_full::thin;
    CHECK(reason_of_full(of).find("every second one of the oldest messages is dropped") != std::string::npos);
    CHECK(reason_of_failure(failed, of).find("the oldest are dropped") != std::string::npos);
}

TEST_CASE("alarms: one told by a wrong clock is marked, and told again when its time is known", "[gateway][alarms]") {
    config::file config;
    config.gateway_id = "plant7";
    alarms now(config);
    const auto raised = now.raise(alarm::disk_full, "no room", {5000, 10'000, false});
    REQUIRE(raised);
    CHECK(raised->payload ==
          R"({"state":"on","since":"1970-01-01T00:00:05.000Z","ts_quality":"unsynchronised","count":1,"reason":"no room"})");
    now.raise(alarm::disk_failing, "x", {6000, 11'000, true});
    const auto told = now.set_boot_offset(1'795'378'500'123);
    REQUIRE(told.size() == 1);
    CHECK(told[0].topic == raised->topic);
    CHECK(told[0].payload == R"({"state":"on","since":"2026-11-22T20:15:10.123Z","count":1,"reason":"no room"})");
    CHECK(now.set_boot_offset(0).empty());
}
