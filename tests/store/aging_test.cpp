// tests/store/aging_test.cpp: messages that are too old are dropped, and none that isn't, whatever the clocks say.
#include <catch2/catch.hpp>

#include "store/queue.hpp"
#include "store/retention.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using namespace std::chrono_literals;
using store::stamp;

namespace {

constexpr std::int64_t second = 1000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t year = 365 * day;
constexpr std::int64_t today = 1'790'000'000'000;  // Unix time

struct bench {
    test::disk disk{1};
    store::options how{"queue.db", 16 << 20, store::full_policy::drop_oldest, "boot-1"};
    store::recovery found;
    std::optional<store::queue> queue;

    explicit bench(std::chrono::milliseconds max_age) {
        how.max_age = max_age;
        boot("boot-1");
    }

    void boot(const std::string& id) {
        queue.reset();
        store::tuning with;
        with.vfs = disk.name();
        how.boot_id = id;
        queue.emplace(must(open_tuned(how, with, found)));
    }

    /// One commit, all taken then.
    void append(std::size_t count, const stamp& taken, std::size_t size = 20) {
        store::transaction work = appending(1, count, size);
        for (auto& m : work.append) m.taken = taken;
        must(queue->commit(work));
    }

    store::commit_report look(const stamp& now) {
        store::transaction work;
        work.now = now;
        const auto done = must(queue->commit(work));
        CHECK(queue->ledger().balanced());
        return done;
    }

    /// Looks once a minute for so long; how many went.
    std::uint64_t watch(stamp now, std::int64_t for_ms) {
        std::uint64_t gone = 0;
        for (std::int64_t passed = 0; passed <= for_ms; passed += minute)
            gone += look({now.wall_ms + passed, now.monotonic_ms + passed, now.synchronised}).aged;
        return gone;
    }
};

}  // namespace

TEST_CASE("aging: within a boot, by the time since then alone", "[store][aging]") {
    bench b(1h);
    for (int i = 0; i < 10; ++i) b.append(3, {today, i * 10 * minute, i % 2 == 0});
    const std::int64_t wall =
        GENERATE(values<std::int64_t>({today, today + 20 * year, today - 20 * year, 0, INT64_MAX, INT64_MIN}));
    const bool synchronised = GENERATE(true, false);
    CHECK(b.look({wall, 60 * minute, synchronised}).aged == 0);
    CHECK(b.look({wall, 60 * minute, synchronised}).oldest_age == 60min);
    const auto done = b.look({wall, 81 * minute, synchronised});
    CHECK(done.aged == 9);
    CHECK(done.aged_from == at(1));
    CHECK(done.aged_to == at(9));
    CHECK(!done.more_aged);
    CHECK(b.queue->ledger().dropped_aged == 9);
    CHECK(b.queue->ledger().queued == 21);
    CHECK(b.look({wall, 81 * minute, synchronised}).aged == 0);
    CHECK(numbers(all_of(*b.queue)).front() == 10);
    b.boot("boot-1");
    CHECK(b.found.ledger.dropped_aged == 9);
    CHECK(b.found.ledger.balanced());
}

TEST_CASE("purge: whatever nobody may have seen goes, and the ledger says so", "[store][aging]") {
    bench b(0h);
    for (int i = 0; i < 10; ++i) b.append(3, {today, i, false});
    store::transaction work;
    work.purge = true;
    SECTION("all of it") {
        const auto done = must(b.queue->commit(work));
        CHECK(done.purged == 30);
        CHECK_FALSE(done.more_to_purge);
        CHECK(all_of(*b.queue).empty());
        CHECK(must(b.queue->commit(work)).purged == 0);
    }
    SECTION("what may have been sent stays, by its segment") {
        work.cursor = store::cursor{at(0), at(0), at(4), {}, {}};
        CHECK(must(b.queue->commit(work)).purged == 24);
        CHECK(numbers(all_of(*b.queue)) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6});
    }
    SECTION("what was read stays, since it may be on its way") {
        static_cast<void>(must(b.queue->read(at(1), 5, 1000)));
        CHECK(must(b.queue->commit(work)).purged == 24);
    }
    const auto ledger = b.queue->ledger();
    CHECK(ledger.accepted == 30);
    CHECK(ledger.dropped_purged + ledger.queued == 30);
    CHECK(ledger.balanced());
    b.boot("boot-1");
    CHECK(b.found.ledger == ledger);
    b.append(1, {today, 99, false});
    CHECK(numbers(all_of(*b.queue)).back() == 31);
}

TEST_CASE("purge: a long queue goes in several transactions", "[store][aging]") {
    bench b(0h);
    for (int i = 0; i < 10; ++i) b.append(100, {today, i, false}, 10'000);
    store::transaction work;
    work.purge = true;
    std::uint64_t gone = 0, rounds = 0;
    for (bool more = true; more; ++rounds) {
        const auto done = must(b.queue->commit(work));
        gone += done.purged;
        more = done.more_to_purge;
    }
    CHECK(gone == 1000);
    CHECK(rounds > 1);
    CHECK(b.queue->ledger().balanced());
}

TEST_CASE("aging: a segment is as old as its newest message", "[store][aging]") {
    bench b(1h);
    store::transaction work = appending(1, 2);
    work.append[0].taken = {today, 0, true};
    work.append[1].taken = {today, 30 * minute, true};
    must(b.queue->commit(work));
    CHECK(b.look({today, 90 * minute, true}).aged == 0);
    CHECK(b.look({today, 90 * minute + 1, true}).aged == 2);
}

TEST_CASE("aging: without a bound nothing goes, and the oldest is told all the same", "[store][aging]") {
    bench b(0h);
    b.append(3, {today, 0, true});
    const auto done = b.look({today, 10 * year, true});
    CHECK(done.aged == 0);
    CHECK(done.oldest_age == std::chrono::milliseconds(10 * year));
    CHECK(!b.look({today, -5, true}).more_aged);
    CHECK(b.look({today, -5, true}).oldest_age == 0ms);
}

TEST_CASE("aging: looking writes nothing", "[store][aging]") {
    bench b(1h);
    b.append(3, {today, 0, true});
    b.disk.count = {};
    b.look({today, minute, true});
    CHECK(b.disk.count.wal_syncs == 0);
    CHECK(b.disk.count.wal_bytes == 0);
}

TEST_CASE("aging: what may be on its way stays, however old", "[store][aging]") {
    bench b(1h);
    for (int i = 0; i < 4; ++i) b.append(5, {today, 0, true});
    SECTION("it may have been sent") {
        must(b.queue->commit(moving({at(2), at(0), at(7), {}, {}}, 2)));
        CHECK(b.look({today, day, true}).aged == 10);
        CHECK(numbers(all_of(*b.queue)) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    }
    SECTION("it was released") {
        must(b.queue->commit(moving({at(0), at(0), at(0), {}, {at(11)}}, 0)));
        CHECK(b.look({today, day, true}).aged == 5);
    }
    SECTION("it was read") {
        must(b.queue->read(at(1), 6, SIZE_MAX));
        CHECK(b.look({today, day, true}).aged == 10);
    }
    SECTION("it is sent by the same transaction") {
        auto work = moving({at(0), at(0), at(16), {}, {}}, 0);
        work.now = stamp{today, day, true};
        CHECK(must(b.queue->commit(work)).aged == 0);
    }
}

TEST_CASE("aging: of another boot, only by clocks that were right", "[store][aging]") {
    bench b(24h);
    b.append(3, {today, 5 * hour, true});
    b.boot("boot-2");
    const stamp later{today + 2 * day, minute, true};
    SECTION("both were: once this one has been for an hour") {
        CHECK(b.watch(later, 59 * minute) == 0);
        CHECK(b.watch({later.wall_ms + hour, later.monotonic_ms + hour, true}, 0) == 3);
    }
    SECTION("it isn't old yet") { CHECK(b.watch({today, minute, true}, 23 * hour) == 0); }
    SECTION("it isn't set") { CHECK(b.watch({later.wall_ms, minute, false}, 10 * hour) == 0); }
    SECTION("it is wrong for a while, and thinks it is right") {
        CHECK(b.watch({today + 20 * year, minute, true}, 50 * minute) == 0);
        CHECK(b.watch({today + minute, hour, true}, 5 * hour) == 0);
    }
    SECTION("it jumps ahead after it was right for long") {
        CHECK(b.watch({today + hour, minute, true}, 10 * hour) == 0);
        CHECK(b.watch({today + 20 * year, 11 * hour, true}, 59 * minute) == 0);
    }
    SECTION("it is lost now and then") {
        for (int i = 0; i < 10; ++i) {
            const std::int64_t passed = i * hour;
            CHECK(b.watch({later.wall_ms + passed, later.monotonic_ms + passed, true}, 50 * minute) == 0);
            b.look({later.wall_ms + passed, later.monotonic_ms + passed + 51 * minute, false});
        }
    }
    SECTION("it lies in the past") { CHECK(b.watch({today - 20 * year, minute, true}, 10 * hour) == 0); }
    SECTION("the time runs on, slewed by a second a minute") {
        std::uint64_t gone = 0;
        for (int i = 0; i <= 61; ++i) gone += b.look({later.wall_ms + i * 61 * second, minute + i * minute, true}).aged;
        CHECK(gone == 3);
    }
}

TEST_CASE("aging: whose clock wasn't set has no age, and goes with what is old behind it", "[store][aging]") {
    bench b(24h);
    b.append(3, {0, 0, false});
    b.append(3, {0, hour, false});
    b.boot("boot-2");
    b.append(3, {today, minute, false});
    b.append(3, {today, 2 * hour, false});
    CHECK(b.look({today, 24 * hour, true}).aged == 0);
    const auto done = b.look({today, 25 * hour, true});
    CHECK(done.aged == 9);
    CHECK(done.aged_to == at(9));
    CHECK(numbers(all_of(*b.queue)) == std::vector<std::int64_t>{10, 11, 12});
}

TEST_CASE("aging: a clock that comes to be believed changes what is known", "[store][aging]") {
    bench b(24h);
    b.append(3, {today, 0, true});
    b.boot("boot-2");
    b.append(3, {today, 0, false});
    CHECK(b.watch({today + 3 * day, minute, false}, hour) == 0);
    CHECK(b.watch({today + 3 * day, 2 * hour, true}, 2 * hour) == 3);
}

TEST_CASE("aging: many go in steps, and one that can't be read holds up none", "[store][aging]") {
    bench b(1h);
    SECTION("small ones") {
        for (int i = 0; i < 1000; ++i) b.append(1, {today, i, true});
        std::uint64_t gone = 0;
        int commits = 0;
        for (bool more = true; more; ++commits) {
            const auto done = b.look({today, day, true});
            CHECK(done.aged <= 300);
            gone += done.aged;
            more = done.more_aged;
        }
        CHECK(gone == 1000);
        CHECK(commits >= 4);
        CHECK(commits < 8);
    }
    SECTION("large ones, whose age isn't known") {
        for (int i = 0; i < 60; ++i) b.append(1, {today, 0, false}, 200'000);
        b.boot("boot-2");
        b.append(1, {today, 0, true});
        std::uint64_t gone = 0;
        int commits = 0;
        for (bool more = true; more; ++commits) {
            b.disk.count = {};
            const auto done = b.look({today, day, true});
            CHECK(done.aged <= 25);
            gone += done.aged;
            more = done.more_aged;
            REQUIRE(commits < 20);
        }
        CHECK(gone == 61);
    }
}

TEST_CASE("aging: makes room before anything is dropped for want of it", "[store][aging]") {
    bench b(1h);
    b.how.max_bytes = 1 << 20;
    b.boot("boot-1");
    for (int i = 0; i < 8; ++i) b.append(1, {today, 0, true}, 120'000);
    store::transaction work = appending(1, 1, 200'000);
    work.now = stamp{today, day, true};
    const auto done = must(b.queue->commit(work));
    CHECK(done.aged == 8);
    CHECK(done.evicted == 0);
    CHECK(done.appended == 1);
}
