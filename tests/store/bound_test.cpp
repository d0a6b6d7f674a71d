// tests/store/bound_test.cpp: what happens when a queue has reached its bound.
#include <catch2/catch.hpp>

#include "store/queue.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::full_policy;
using store::sequence;

namespace {

constexpr std::uint64_t bound = 1 << 20;

struct bench {
    test::disk disk{1};
    store::options how{"queue.db", bound, full_policy::drop_oldest, "boot-1"};
    store::recovery found;
    std::uint64_t next = 1;  // number of the next message

    store::queue open() {
        store::tuning with;
        with.vfs = disk.name();
        found = {};
        return must(open_tuned(how, with, found));
    }

    void reopen(store::queue& which) {
        { const auto closed = std::move(which); }
        which = open();
    }

    store::commit_report append(store::queue& to, std::size_t count, std::size_t payload_size) {
        const auto done = must(to.commit(appending(next, count, payload_size)));
        CHECK(done.appended + done.refused == count);
        CHECK(done.bytes_used <= how.max_bytes);
        CHECK(to.ledger().balanced());
        next += done.appended;
        return done;
    }
};

}  // namespace

TEST_CASE("bound: drop_oldest lets the oldest go, for ever", "[store][bound]") {
    const auto [count, size] =
        GENERATE(std::pair<std::size_t, std::size_t>{1, 10}, std::pair<std::size_t, std::size_t>{1, 3000},
                 std::pair<std::size_t, std::size_t>{20, 200}, std::pair<std::size_t, std::size_t>{3, 90000});
    CAPTURE(count, size);
    bench b;
    auto queue = b.open();
    std::uint64_t evicted = 0;
    std::int64_t oldest = 1;
    std::uint64_t fullest = 0;
    for (std::uint64_t bytes = 0; bytes < 2 * bound; bytes += count * (size + 60)) {
        const auto done = b.append(queue, count, size);
        REQUIRE(done.refused == 0);
        fullest = std::max(fullest, done.bytes_used);
        if (done.evicted > 0) {
            REQUIRE(done.evicted_from == sequence{oldest});
            oldest = number(done.evicted_to) + 1;
            REQUIRE(static_cast<std::int64_t>(done.evicted) == number(done.evicted_to) - number(done.evicted_from) + 1);
        }
        evicted += done.evicted;
    }
    CHECK(evicted > 0);
    CHECK(queue.ledger().dropped_oldest == evicted);
    CHECK(queue.ledger().accepted == b.next - 1);
    CHECK(fullest > bound * 6 / 10);  // the bound is used
    const auto there = all_of(queue);
    CHECK(there.size() == b.next - 1 - evicted);
    CHECK(number(there.front().sequence) == oldest);
    for (const auto& m : there) REQUIRE(m.message == make_message(static_cast<std::uint64_t>(number(m.sequence)), size));
    b.reopen(queue);
    CHECK(b.found.ledger.balanced());
    CHECK(b.found.ledger.dropped_oldest == evicted);
}

TEST_CASE("bound: what may be on its way is never dropped", "[store][bound]") {
    bench b;
    auto queue = b.open();
    for (int i = 0; i < 10; ++i) b.append(queue, 10, 1000);  // 1 … 100, in tens
    std::int64_t exempt = 0;
    SECTION("by the mark of what may be sent") {
        must(queue.commit(moving({at(0), at(0), at(25), {}, {}}, 0)));
        exempt = 30;
    }
    SECTION("by its PUBREC") {
        must(queue.commit(moving({at(0), at(41), at(0), {}, {}}, 0)));
        exempt = 50;
    }
    SECTION("by a PUBREC ahead of the others") {
        must(queue.commit(moving({at(0), at(0), at(0), {}, {at(72), at(15)}}, 0)));
        exempt = 80;
    }
    SECTION("by an acknowledgement ahead of the others, which no drop counts again") {
        must(queue.commit(moving({at(0), at(0), at(0), {at(3), at(35)}, {}}, 2)));
        exempt = 40;
    }
    SECTION("because the caller has read it") {
        must(queue.read(at(1), 12, SIZE_MAX));
        exempt = 20;
    }
    SECTION("in the same commit") {
        store::transaction work = appending(101, 1100, 1000);
        work.cursor = store::cursor{at(0), at(0), at(60), {}, {}};
        const auto done = must(queue.commit(work));
        b.next += done.appended;
        CHECK(done.evicted_from == sequence{61});
        exempt = 60;
    }
    std::int64_t first_evicted = 0;
    for (int i = 0; i < 150; ++i) {
        const auto done = b.append(queue, 10, 1000);
        CHECK(done.refused == 0);
        if (done.evicted > 0 && first_evicted == 0) first_evicted = number(done.evicted_from);
        if (done.evicted > 0) CHECK(number(done.evicted_from) > exempt);
    }
    const auto there = must(queue.read(at(1), static_cast<std::size_t>(exempt) + 1, SIZE_MAX));
    REQUIRE(there.size() == static_cast<std::size_t>(exempt) + 1);
    for (std::int64_t n = 1; n <= exempt; ++n) CHECK(there[static_cast<std::size_t>(n - 1)].sequence == sequence{n});
    CHECK(number(there.back().sequence) > exempt + 1);
    b.reopen(queue);
    CHECK(b.found.ledger.balanced());

    // When the cursor has passed the gap, all counts still agree.
    const auto rest = b.found.ledger.queued;
    must(queue.commit(moving({b.found.last, at(0), b.found.last, {}, {}}, rest)));
    CHECK(queue.ledger().balanced());
    CHECK(queue.ledger().queued == 0);
}

TEST_CASE("bound: if nothing may be dropped, the new is refused", "[store][bound]") {
    bench b;
    auto queue = b.open();
    while (b.append(queue, 10, 3000).bytes_used < bound * 8 / 10) {
    }
    const auto last = static_cast<std::int64_t>(b.next - 1);
    must(queue.commit(moving({at(0), at(0), at(last), {}, {}}, 0)));
    std::uint64_t refused = 0;
    for (int i = 0; i < 20; ++i) {
        store::transaction work = appending(b.next, 10, 3000);
        work.handed_out = true;  // so that it may not go either, not even in its own commit
        const auto done = must(queue.commit(work));
        CHECK(done.bytes_used <= bound);
        refused += done.refused;
        b.next += done.appended;
    }
    CHECK(refused > 100);
    CHECK(queue.ledger().dropped_newest == refused);
    CHECK(queue.ledger().dropped_oldest == 0);
    CHECK(queue.ledger().balanced());
    CHECK(all_of(queue).size() == b.next - 1);
}

TEST_CASE("bound: a message that can't fit is refused and costs no other its place", "[store][bound]") {
    bench b;
    auto queue = b.open();
    b.append(queue, 10, 1000);
    const auto done = b.append(queue, 1, 2 * bound);
    CHECK(done.refused == 1);
    CHECK(done.evicted == 0);
    CHECK(all_of(queue).size() == 10);
    CHECK(b.append(queue, 1, bound / 2).refused == 0);
}

TEST_CASE("bound: drop_newest takes the first that fit", "[store][bound]") {
    bench b;
    b.how.when_full = full_policy::drop_newest;
    auto queue = b.open();
    const auto done = b.append(queue, 2000, 1000);
    CHECK(done.first == sequence{1});
    CHECK(done.appended > 850);
    CHECK(done.appended < 1040);
    CHECK(done.refused == 2000 - done.appended);
    CHECK(done.evicted == 0);
    CHECK(queue.ledger().accepted == 2000);
    CHECK(queue.ledger().dropped_newest == done.refused);

    for (int i = 0; i < 30; ++i) b.append(queue, 1, 1000);
    CHECK(b.append(queue, 1, 1000).appended == 0);
    const auto there = all_of(queue);
    CHECK(there.size() == b.next - 1);
    for (std::size_t i = 0; i < there.size(); ++i) REQUIRE(there[i].message == make_message(i + 1, 1000));

    SECTION("and takes more once the cursor has moved, with numbers that go on") {
        const auto last = static_cast<std::int64_t>(b.next - 1);
        for (std::int64_t acked = 100; acked <= last; acked += 100)
            must(queue.commit(moving({at(acked), at(0), at(acked), {at(acked + 3)}, {}}, acked == 100 ? 101 : 100)));
        const auto again = b.append(queue, 500, 1000);
        CHECK(again.first == sequence{last + 1});
        CHECK(again.appended == 500);
    }
    b.reopen(queue);
    CHECK(b.found.ledger.balanced());
}

TEST_CASE("bound: a cursor with long lists finds room in a full file", "[store][bound]") {
    bench b;
    b.how.when_full = GENERATE(full_policy::drop_newest, full_policy::drop_oldest);
    auto queue = b.open();
    for (int i = 0; i < 150; ++i) b.append(queue, 100, 100);
    store::cursor cursor;
    const auto there = all_of(queue);
    for (std::size_t i = 1; i < there.size(); i += 2) cursor.acked_beyond.push_back(there[i].sequence);
    for (std::size_t i = there.size(); i-- > 0;) cursor.released_beyond.push_back(there[i].sequence);
    must(queue.commit(moving(cursor, cursor.acked_beyond.size())));
    CHECK(queue.ledger().balanced());
    b.reopen(queue);
    CHECK(b.found.cursor == cursor);
    CHECK(b.found.ledger.balanced());
}

TEST_CASE("bound: a lowered one is reached in steps, with none refused", "[store][bound]") {
    bench b;
    b.how.max_bytes = 16 << 20;
    {
        auto queue = b.open();
        while (b.append(queue, 100, 2000).bytes_used < 12 << 20) {
        }
    }
    b.how.max_bytes = bound;
    auto queue = b.open();
    std::uint64_t used = 16 << 20;
    int commits = 0;
    while (used > bound) {
        const auto done = must(queue.commit(appending(b.next, 10, 100)));
        CHECK(done.refused == 0);
        CHECK(done.bytes_used < used);
        CHECK(queue.ledger().balanced());
        used = done.bytes_used;
        b.next += 10;
        REQUIRE(++commits < 10);
    }
    CHECK(commits > 1);
    const auto there = all_of(queue);
    CHECK(there.back().message == make_message(b.next - 1, 100));
}

TEST_CASE("bound: tiny messages one by one fill it as well, and all can be taken out", "[store][bound]") {
    bench b;
    auto queue = b.open();
    for (int i = 0; i < 30000; ++i) {
        const auto done = must(queue.commit(appending(b.next, 1, 10)));
        REQUIRE(done.bytes_used <= bound);
        REQUIRE(done.refused == 0);
        ++b.next;
    }
    CHECK(queue.ledger().dropped_oldest > 1000);
    CHECK(queue.ledger().balanced());
    const auto left = queue.ledger().queued;
    must(queue.commit(moving({at(30000), at(0), at(30000), {}, {}}, left)));
    CHECK(queue.ledger().queued == 0);
    CHECK(queue.ledger().balanced());
    CHECK(must(queue.commit({})).bytes_used < 10 * 4096);
}
