// tests/gateway/delivery/queue_news_test.cpp: what of the queue and its disk is told, once, and when it is told anew.
#include "gateway/delivery/queue_news.hpp"

#include <catch2/catch.hpp>

#include "tests/gateway/bus/news.hpp"

using namespace gateway;
using gateway_test::texts;

namespace {

constexpr store::stamp now{.wall_ms = 1'000, .monotonic_ms = 1, .synchronised = true};
const store::error io(store::errc::io, "q.db: disk I/O error");
const store::error full(store::errc::full, "q.db: database or disk is full");

config::file config_of_queue() {
    config::file made;
    made.gateway_id = "plant7";
    made.buffer.path = "q.db";
    made.buffer.max_bytes = 100 << 20;
    return made;
}

store::damage torn(std::uint64_t salvaged, std::uint64_t lost) {
    store::damage made;
    made.reason = "torn";
    made.moved_to = "q.db.corrupt-1";
    made.salvaged = salvaged;
    made.lost = lost;
    return made;
}

committed reporting(store::commit_report report) {
    committed made;
    made.report = std::move(report);
    return made;
}

struct bench {
    gateway_test::told told;
    config::file config = config_of_queue();
    queue_news news{config, told.log, told.set_status()};

    std::string alarm(const std::string& name) { return told.topics["tidegate/plant7/alarm/" + name]; }
    bool is_on(const std::string& name) { return alarm(name).starts_with(R"({"state":"on")"); }
    texts commit(store::commit_report report = {}) {
        news.on_committed(reporting(std::move(report)), now);
        return told.take();
    }
    texts fail(const store::error& why, std::uint64_t unwritten = 0) {
        news.on_failed(why, {1, unwritten}, now);
        return told.take();
    }
};

}  // namespace

TEST_CASE("queue news: how the queue was opened", "[gateway][queue_news]") {
    bench b;
    store::recovery found;
    found.ledger.accepted = found.ledger.queued = 3;
    SECTION("made") {
        found.created = true;
        b.news.on_opened(found, now);
        CHECK(b.told.take() == texts{"info queue_created path=q.db"});
    }
    SECTION("found") {
        b.news.on_opened(found, now);
        CHECK(b.told.take() == texts{"info queue_opened path=q.db queued=3 balanced=yes"});
        CHECK(b.told.topics.empty());
    }
    SECTION("without room, or without a reserve") {
        found.disk_full = true;
        found.reserve_failed = "no";
        b.news.on_opened(found, now);
        const texts lines = b.told.take();
        REQUIRE(lines.size() == 3);
        CHECK(lines[1].starts_with("error alarm_raised alarm=disk_full reason=\"q.db: the device is full; "));
        CHECK(lines[2].starts_with("warning reserve_missing reason=no "));
        CHECK(b.is_on("disk_full"));
    }
    SECTION("damaged, and that is known") {
        found.damage = torn(0, 0);
        found.damage->is_news = false;
        b.news.on_opened(found, now);
        CHECK(b.told.take().size() == 2);
        CHECK(b.is_on("queue_damaged"));
    }
}

TEST_CASE("queue news: each damage is told, and counts", "[gateway][queue_news]") {
    bench b;
    store::recovery found;
    found.damage = torn(5, 2);
    for (int count = 1; count <= 2; ++count) {
        b.news.on_salvaged(found, now);
        const texts lines = b.told.take();
        REQUIRE(lines.size() == 2);
        CHECK(lines[0] ==
              "error queue_damaged path=q.db reason=torn moved_to=q.db.corrupt-1 salvaged=5 lost=2 may_arrive_twice=0 "
              "exact=\"no, at least\"");
        CHECK(b.alarm("queue_damaged").find("\"count\":" + std::to_string(count)) != std::string::npos);
    }
    store::commit_report report;
    report.damaged = 4;
    CHECK(b.commit(report).front() == "error messages_damaged dropped=4 path=q.db");
    CHECK(b.alarm("queue_damaged").find("4 messages fail their checksums") != std::string::npos);
}

TEST_CASE("queue news: a disk that takes nothing is told once for each kind, until it takes something", "[gateway][queue_news]") {
    bench b;
    CHECK(b.commit().empty());
    CHECK_FALSE(b.news.has_failed());
    CHECK(b.fail(io).size() == 1);
    CHECK(b.is_on("disk_failing"));
    CHECK(b.news.has_failed());
    CHECK(b.fail({store::errc::io, "other words"}).empty());
    CHECK(b.fail(full).size() == 1);
    CHECK(b.is_on("disk_full"));

    SECTION("what had to go is told once as well, and how much it was when that is known") {
        const texts dropped{"error readings_dropped policy=drop_oldest reason=\"the disk has taken nothing for long\""};
        CHECK(b.fail(full, 7) == dropped);
        b.news.on_unwritten();
        CHECK(b.told.take().empty());
        committed recovered;
        recovered.unwritten = 9;
        b.news.on_committed(recovered, now);
        CHECK(b.told.take().front() == "warning readings_were_dropped messages=9 ledger=dropped_unwritten");
        b.news.on_unwritten();
        CHECK(b.told.take() == dropped);
    }
    SECTION("what is taken in memory alone says nothing of the disk") {
        committed in_memory;
        in_memory.in_memory = true;
        b.news.on_committed(in_memory, now);
        CHECK(b.told.take().empty());
        CHECK(b.news.has_failed());
    }
    SECTION("it takes something, and is as good as full") {
        store::commit_report report;
        report.disk_full = true;
        const texts lines = b.commit(report);
        CHECK(lines.front() == "info alarm_cleared alarm=disk_failing");
        CHECK(b.is_on("disk_full"));
    }
    SECTION("all is well again") {
        CHECK(b.commit() == texts{"info alarm_cleared alarm=disk_failing", "info alarm_cleared alarm=disk_full"});
        CHECK_FALSE(b.news.has_failed());
        CHECK(b.fail(io).size() == 1);
    }
}

TEST_CASE("queue news: the first drop of each kind", "[gateway][queue_news]") {
    bench b;
    store::commit_report report;
    SECTION("no room") {
        report.bytes_used = b.config.buffer.max_bytes;
        SECTION("for old ones") { report.evicted = 1; }
        SECTION("for new ones") { report.refused = 1; }
        SECTION("for those between") { report.thinned = 1; }
        const texts lines = b.commit(report);
        REQUIRE(lines.size() == 2);
        CHECK(lines[0] ==
              "warning queue_full path=q.db policy=drop_oldest remedy=\"raise buffer.max_bytes, or see why the broker is away\"");
        CHECK(lines[1].starts_with("error alarm_raised alarm=queue_filling "));
        CHECK(b.commit(report).empty());
        CHECK(b.commit() == texts{"info alarm_cleared alarm=queue_filling"});
        CHECK(b.commit(report).size() == 1);
    }
    SECTION("no room on the device") {
        report.refused = 1;
        report.disk_full = true;
        CHECK(b.commit(report)[1].find("remedy=\"free some space on the device") != std::string::npos);
    }
    SECTION("too old") {
        report.aged = 3;
        CHECK(b.commit(report).front().starts_with("warning messages_too_old dropped=3 "));
        CHECK(b.commit(report).empty());
    }
}

TEST_CASE("queue news: the end", "[gateway][queue_news]") {
    bench b;
    b.news.on_closed({});
    CHECK(b.told.take().empty());
    b.news.on_closed({2, 3});
    CHECK(b.told.take() == texts{"error readings_lost messages=5 reason=\"the disk took nothing until the end\""});
}

TEST_CASE("queue news: an alarm that a wrong clock has dated is dated again", "[gateway][queue_news]") {
    bench b;
    b.news.on_failed(io, {}, {.wall_ms = 5'000, .monotonic_ms = 1'000, .synchronised = false});
    CHECK(b.alarm("disk_failing").find("1970-01-01T00:00:05.000Z\",\"ts_quality") != std::string::npos);
    b.news.set_boot_offset(1'795'378'500'000);
    CHECK(b.alarm("disk_failing").find("2026-11-22T20:15:01.000Z\",\"count") != std::string::npos);
    b.news.on_failed(full, {}, {.wall_ms = 7'000, .monotonic_ms = 3'000, .synchronised = false});
    CHECK(b.alarm("disk_full").find("2026-11-22T20:15:03.000Z\",\"count") != std::string::npos);
}
