// tests/store/queue_test.cpp: what a queue promises, on a disk in memory.
// Not here: crashes (power_cut_test.cpp, kill_test.cpp), opening (open_test.cpp), the bound (bound_test.cpp).
#include "store/queue.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::message;
using store::sequence;

namespace {

/// A disk, and a queue on it that can be closed and opened again.
struct bench {
    test::disk disk{1};
    store::options how{"queue.db", 64 << 20, store::full_policy::drop_oldest, "boot-1"};
    store::recovery found;
    int checkpoint_pages = 1000;

    store::queue open() {
        store::tuning with;
        with.checkpoint_pages = checkpoint_pages;
        with.vfs = disk.name();
        found = {};
        return must(open_tuned(how, with, found));
    }

    void reopen(store::queue& which) {
        { const auto closed = std::move(which); }
        which = open();
    }
};

}  // namespace

TEST_CASE("queue: a new one is empty and counts from 1", "[store][queue]") {
    bench b;
    auto queue = b.open();
    CHECK(b.found.created);
    CHECK(b.found.last == sequence{0});
    CHECK(b.found.cursor == store::cursor{});
    CHECK(!b.found.session);
    CHECK(b.found.ledger == store::ledger{});
    CHECK(all_of(queue).empty());
    const auto done = must(queue.commit(appending(1, 3)));
    CHECK(done.first == sequence{1});
    CHECK(done.appended == 3);
    CHECK(done.refused == 0);
    CHECK(done.evicted == 0);
    CHECK(done.bytes_used >= 4096);
    CHECK(queue.ledger().accepted == 3);
    CHECK(queue.ledger().queued == 3);
}

TEST_CASE("queue: a message comes back as it was", "[store][queue]") {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    store::transaction work;
    work.append = {
        {"a", "", 0, false, {0, 0, false}},
        {"", "x", 1, true, {lowest, highest, true}},
        {"plant7/kessel/wärme", std::string("\0\xff\x80", 3), 2, true, {highest, lowest, false}},
        {std::string(65535, 't'), std::string(5000, 'p'), 1, false, {1'790'000'000'123, 42, true}},
        {"a", "at once or never", 1, false, {}, 0},
        {"a", "late is better", 1, false, {}, UINT32_MAX, std::string("\x03\0\x01x", 4)},
        {"a", "", 1, false, {}, std::nullopt, std::string(70'000, 'q')},
    };
    bench b;
    {
        auto queue = b.open();
        must(queue.commit(work));
        const auto there = all_of(queue);
        REQUIRE(there.size() == 7);
        for (std::size_t i = 0; i < 7; ++i) CHECK(there[i].message == work.append[i]);
    }
    auto queue = b.open();
    const auto there = all_of(queue);
    REQUIRE(numbers(there) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
    for (std::size_t i = 0; i < 7; ++i) CHECK(there[i].message == work.append[i]);
    CHECK(must(queue.read(at(6), 9, 70'001)).size() == 1);  // properties are bytes, too
}

TEST_CASE("queue: reading", "[store][queue]") {
    bench b;
    auto queue = b.open();
    for (std::uint64_t n = 1; n <= 91; n += 10) must(queue.commit(appending(n, 10, 100)));

    SECTION("stops at the number of messages, wherever it begins") {
        for (const std::int64_t from : {1, 2, 10, 11, 55, 98, 100}) {
            const auto some = must(queue.read(at(from), 7, SIZE_MAX));
            REQUIRE(some.size() == std::min<std::size_t>(7, static_cast<std::size_t>(101 - from)));
            for (std::size_t i = 0; i < some.size(); ++i) {
                CHECK(number(some[i].sequence) == from + static_cast<std::int64_t>(i));
                CHECK(some[i].message == make_message(static_cast<std::uint64_t>(number(some[i].sequence)), 100));
            }
        }
    }
    SECTION("stops before it exceeds the bytes of topic and payload") {
        const std::size_t one = make_message(1, 100).topic.size() + 100;
        CHECK(must(queue.read(at(5), 100, 3 * one)).size() == 3);
        CHECK(must(queue.read(at(5), 100, 4 * one - 1)).size() == 3);
        CHECK(numbers(must(queue.read(at(8), 100, 2 * one))) == std::vector<std::int64_t>{8, 9});
        CHECK(numbers(must(queue.read(at(10), 100, 2 * one))) == std::vector<std::int64_t>{10, 11});
    }
    SECTION("gives the first even if it alone is larger") { CHECK(must(queue.read(at(5), 100, 1)).size() == 1); }
    SECTION("gives nothing beyond the end, and what is appended later") {
        CHECK(must(queue.read(at(101), 10, SIZE_MAX)).empty());
        must(queue.commit(appending(101, 1, 100)));
        CHECK(numbers(must(queue.read(at(101), 10, SIZE_MAX))) == std::vector<std::int64_t>{101});
    }
    SECTION("begins with the first if asked for less") {
        CHECK(number(must(queue.read(at(0), 1, SIZE_MAX)).at(0).sequence) == 1);
        CHECK(number(must(queue.read(at(-5), 1, SIZE_MAX)).at(0).sequence) == 1);
        CHECK(must(queue.read(at(1), 0, SIZE_MAX)).empty());
    }
    SECTION("goes back and forth") {
        for (const std::int64_t from : {50, 51, 50, 41, 42, 1, 100, 99, 60, 61, 62, 45})
            CHECK(number(must(queue.read(at(from), 1, SIZE_MAX)).at(0).sequence) == from);
    }
    SECTION("passes over what is gone") {
        must(queue.commit(moving({at(35), at(0), at(0), {}, {}}, 35)));
        CHECK(number(must(queue.read(at(1), 1, SIZE_MAX)).at(0).sequence) == 31);  // a segment goes as a whole
        CHECK(number(must(queue.read(at(36), 1, SIZE_MAX)).at(0).sequence) == 36);
    }
}

TEST_CASE("queue: numbers are never given twice, not even when all is drained", "[store][queue]") {
    bench b;
    {
        auto queue = b.open();
        must(queue.commit(appending(1, 5)));
        must(queue.commit(moving({at(5), at(5), at(5), {}, {}}, 5)));
        CHECK(all_of(queue).empty());
    }
    {
        auto queue = b.open();
        CHECK(b.found.last == sequence{5});
        CHECK(!b.found.created);
        CHECK(must(queue.commit(appending(6, 1))).first == sequence{6});
    }
    auto queue = b.open();
    CHECK(b.found.last == sequence{6});
    CHECK(numbers(all_of(queue)) == std::vector<std::int64_t>{6});
}

TEST_CASE("queue: cursor and session come back", "[store][queue]") {
    const store::cursor cursor{at(2), at(3), at(9), {at(5), at(7)}, {at(8), at(6)}};
    const store::session_record session{"plant7", "mqtt://broker.example", 17};
    bench b;
    {
        auto queue = b.open();
        must(queue.commit(appending(1, 10)));
        store::transaction work = moving(cursor, 4);
        work.session = session;
        must(queue.commit(work));
    }
    auto queue = b.open();
    CHECK(b.found.cursor == cursor);
    CHECK(b.found.session == session);
    CHECK(b.found.ledger.acknowledged == 4);
    CHECK(b.found.ledger.queued == 6);
    CHECK(b.found.ledger.balanced());

    SECTION("and what is the same again needs no write") {
        const auto before = b.disk.operations();
        store::transaction work;
        must(queue.commit(work));
        CHECK(b.disk.operations() == before);
    }
    SECTION("and a later one replaces it") {
        const store::cursor later{at(9), at(9), at(10), {}, {}};
        must(queue.commit(moving(later, 5)));
        b.reopen(queue);
        CHECK(b.found.cursor == later);
        CHECK(b.found.session == session);
    }
}

TEST_CASE("queue: the ledger balances whatever happens", "[store][queue]") {
    bench b;
    auto queue = b.open();
    for (std::uint64_t n = 1; n <= 21; n += 10) must(queue.commit(appending(n, 10)));

    SECTION("in the middle of a segment") {
        must(queue.commit(moving({at(14), at(0), at(20), {}, {}}, 14)));
        CHECK(queue.ledger().queued == 16);
    }
    SECTION("with messages finished ahead of the watermark, which then catches up") {
        must(queue.commit(moving({at(3), at(0), at(28), {at(5), at(12), at(13), at(28)}, {}}, 7)));
        CHECK(queue.ledger().queued == 23);
        must(queue.commit(moving({at(13), at(0), at(28), {at(28)}, {}}, 7)));
        CHECK(queue.ledger().queued == 16);
        CHECK(queue.ledger().balanced());
        must(queue.commit(moving({at(28), at(0), at(28), {}, {}}, 14)));
        CHECK(queue.ledger().queued == 2);
    }
    SECTION("with messages that were refused, lost with the session, or too late") {
        store::transaction work = moving({at(10), at(0), at(10), {}, {}}, 1);
        work.settled.refused = 3;
        work.settled.session = 2;
        work.settled.expired = 4;
        must(queue.commit(work));
        CHECK(queue.ledger().acknowledged == 1);
        CHECK(queue.ledger().dropped_refused == 3);
        CHECK(queue.ledger().dropped_session == 2);
        CHECK(queue.ledger().dropped_expired == 4);
        CHECK(queue.ledger().dropped() == 9);
        CHECK(queue.ledger().queued == 20);
    }
    SECTION("with everything in one transaction") {
        store::transaction work = appending(31, 4);
        work.cursor = store::cursor{at(30), at(30), at(30), {}, {}};
        work.settled.acknowledged = 30;
        const auto done = must(queue.commit(work));
        CHECK(done.first == sequence{31});
        CHECK(numbers(all_of(queue)) == std::vector<std::int64_t>{31, 32, 33, 34});
    }
    SECTION("and says so if the caller counted wrongly") {
        must(queue.commit(moving({at(10), at(0), at(10), {}, {}}, 9)));
        CHECK(!queue.ledger().balanced());
        return;
    }
    const auto before = queue.ledger();
    CHECK(before.balanced());
    b.reopen(queue);
    CHECK(b.found.ledger == before);
    CHECK(queue.ledger() == before);
}

TEST_CASE("queue: a commit costs one sync and two pages", "[store][queue]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 50)));  // every topic is known now
    must(queue.commit(moving({at(49), at(0), at(50), {}, {}}, 49)));
    std::int64_t done = 49;
    b.disk.count = {};
    for (std::uint64_t n = 51; n <= 150; ++n) {
        // A healthy link: the last message is acknowledged while the next is appended.
        store::transaction work = appending(n, 1, 48);
        work.cursor = store::cursor{at(++done), at(0), at(done), {}, {}};
        work.settled.acknowledged = 1;
        must(queue.commit(work));
    }
    CHECK(b.disk.count.wal_syncs == 100);
    CHECK(b.disk.count.other_syncs == 0);
    CHECK(b.disk.count.wal_bytes <= 100 * 2 * 4120);

    // An outage: nothing but appending; now and then a page of the tree.
    b.disk.count = {};
    for (std::uint64_t n = 151; n <= 250; ++n) must(queue.commit(appending(n, 1, 48)));
    CHECK(b.disk.count.wal_syncs == 100);
    CHECK(b.disk.count.wal_bytes <= 100 * 2 * 4120 + 10 * 3 * 4120);
}

TEST_CASE("queue: after a crash the WAL starts over, in place", "[store][queue]") {
    bench b;
    {
        auto queue = b.open();
        for (std::uint64_t n = 1; n <= 50; ++n) must(queue.commit(appending(n, 1)));
        b.disk.cut_power_in(1);
        CHECK(!queue.commit(appending(51, 1)));
    }
    b.disk.power_on();
    const auto wal = b.disk.size_of("./queue.db-wal");
    CHECK(wal > 400000);
    auto queue = b.open();
    b.disk.count = {};
    must(queue.commit(appending(51, 1)));
    REQUIRE(b.disk.count.first_wal_offset);
    CHECK(*b.disk.count.first_wal_offset == 0);
    CHECK(b.disk.size_of("./queue.db-wal") == wal);
}

TEST_CASE("queue: a full disk refuses, keeps what there is, and heals", "[store][queue]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 10, 1000)));
    b.disk.capacity = 300'000;
    std::uint64_t taken = 10;
    for (;;) {
        const auto done = queue.commit(appending(taken + 1, 5, 4000));
        if (!done) {
            CHECK(done.error().code() == store::errc::full);
            CHECK_THAT(done.error().detail(), Catch::Contains("queue.db") && Catch::Contains("free some space"));
            break;
        }
        taken += 5;
        REQUIRE(taken < 100);
    }
    CHECK(code_of(queue.commit(appending(taken + 1, 5, 4000))) == store::errc::full);
    CHECK(queue.ledger().accepted == taken);
    CHECK(queue.ledger().balanced());
    CHECK(all_of(queue).size() == taken);

    b.disk.capacity.reset();
    CHECK(must(queue.commit(appending(taken + 1, 5, 4000))).first == at(static_cast<std::int64_t>(taken) + 1));
    b.reopen(queue);
    CHECK(b.found.ledger.accepted == taken + 5);
    CHECK(b.found.ledger.balanced());
    const auto there = all_of(queue);
    REQUIRE(there.size() == taken + 5);
    for (std::size_t i = 10; i < there.size(); ++i) CHECK(there[i].message == make_message(i + 1, 4000));
}

TEST_CASE("queue: whichever operation of the device fails, nothing of a commit stays and the next one works", "[store][queue]") {
    std::uint64_t failures = 0;
    for (std::uint64_t step = 1; step < 400; ++step) {
        bench b;
        b.checkpoint_pages = 20;
        auto queue = b.open();
        b.disk.fail_in(step);
        std::uint64_t next = 1;
        std::int64_t acked = 0;
        for (int i = 0; i < 30; ++i) {
            store::transaction work = appending(next, 3, i % 5 == 0 ? 5000 : 50);
            if (i % 3 == 2) {
                work.cursor = store::cursor{at(acked + 2), at(acked + 2), at(acked + 2), {}, {}};
                work.settled.acknowledged = 2;
            }
            work.append[0].topic = "topic" + std::to_string(i);
            const auto before = queue.ledger();
            const auto done = queue.commit(work);
            CHECK(queue.ledger().balanced());
            if (!done) {
                ++failures;
                CHECK(done.error().code() == store::errc::io);
                CHECK(queue.ledger() == before);
                continue;
            }
            next += 3;
            acked += work.cursor ? 2 : 0;
        }
        b.reopen(queue);
        REQUIRE(b.found.ledger.balanced());
        REQUIRE(b.found.ledger.accepted == next - 1);
        REQUIRE(number(b.found.cursor.acked) == acked);
        std::int64_t expected = acked + 1;
        for (const auto& m : must(queue.read(at(acked + 1), 1000, SIZE_MAX))) REQUIRE(number(m.sequence) == expected++);
        REQUIRE(expected == static_cast<std::int64_t>(next));
    }
    CHECK(failures > 100);
}

TEST_CASE("queue: more topics than the dictionary holds", "[store][queue]") {
    bench b;
    store::transaction work;
    for (std::uint64_t n = 1; n <= 6000; ++n) {
        work.append.push_back(make_message(n, 10));
        work.append.back().topic = "topic/" + std::to_string(n);
    }
    auto queue = b.open();
    must(queue.commit(work));
    must(queue.commit(work));
    b.reopen(queue);
    const auto there = all_of(queue);
    REQUIRE(there.size() == 12000);
    for (std::size_t i = 0; i < there.size(); ++i) REQUIRE(there[i].message == work.append[i % 6000]);

    SECTION("once it is empty, the next start makes room for new topics") {
        must(queue.commit(moving({at(12000), at(0), at(0), {}, {}}, 12000)));
        const auto full = must(queue.commit({})).bytes_used;
        b.reopen(queue);
        CHECK(must(queue.commit({})).bytes_used < full / 2);
        work.append.resize(1);
        work.append[0].topic = "new";
        must(queue.commit(work));
        b.reopen(queue);
        CHECK(all_of(queue).at(0).message == work.append[0]);
    }
}

TEST_CASE("queue: can be moved", "[store][queue]") {
    bench b;
    auto first = b.open();
    auto second = std::move(first);
    must(second.commit(appending(1, 1)));
    first = std::move(second);
    CHECK(all_of(first).size() == 1);
}

TEST_CASE("queue: a message tells whether it was taken in this boot", "[store][queue]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 2)));
    b.reopen(queue);
    must(queue.commit(appending(3, 1)));
    for (const auto& one : all_of(queue)) CHECK(one.of_this_boot);

    b.how.boot_id = "boot-2";
    b.reopen(queue);
    must(queue.commit(appending(4, 1)));
    std::vector<bool> told;
    for (const auto& one : all_of(queue)) told.push_back(one.of_this_boot);
    CHECK(told == std::vector<bool>{false, false, false, true});

    b.how.boot_id.clear();  // the kernel doesn't say
    b.reopen(queue);
    must(queue.commit(appending(5, 1)));
    for (const auto& one : all_of(queue)) CHECK_FALSE(one.of_this_boot);
}

TEST_CASE("queue: what was told of a boot's clock is told with its messages, also in later boots", "[store][queue]") {
    bench b;
    auto queue = b.open();
    CHECK_FALSE(b.found.boot_offset_ms);
    must(queue.commit(appending(1, 2)));
    CHECK_FALSE(all_of(queue).at(1).boot_offset_ms);
    store::transaction told;
    told.boot_offset_ms = 1'790'000'000'000;
    must(queue.commit(told));
    for (const auto& one : all_of(queue)) CHECK(one.boot_offset_ms == 1'790'000'000'000);
    b.reopen(queue);
    CHECK(b.found.boot_offset_ms == 1'790'000'000'000);

    b.how.boot_id = "boot-2";
    b.reopen(queue);
    CHECK_FALSE(b.found.boot_offset_ms);
    must(queue.commit(appending(3, 1)));
    const auto both = all_of(queue);
    CHECK(both.at(1).boot_offset_ms == 1'790'000'000'000);
    CHECK_FALSE(both.at(2).boot_offset_ms);

    b.how.boot_id.clear();  // the kernel doesn't say: nothing is kept
    b.reopen(queue);
    told.boot_offset_ms = 5;
    must(queue.commit(told));
    CHECK_FALSE(b.found.boot_offset_ms);
    CHECK(all_of(queue) == [&] {
        auto same = both;
        for (auto& one : same) one.of_this_boot = false;
        return same;
    }());
}
