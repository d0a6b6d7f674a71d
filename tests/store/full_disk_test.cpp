// tests/store/full_disk_test.cpp: a queue on a device without room: it goes on in what it has, keeps what it promised, counts
// what it drops, and heals. Walks the room left by pages, and the operation that fails or at which the power goes.
#include <catch2/catch.hpp>

#include "store/queue.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::full_policy;

namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t reserve = 1 << 20;
constexpr std::size_t payload = 2000;

/// A queue on a small disk, and what it has reported. `next` is the number of the next message; content follows from it.
struct bench {
    test::disk disk{1};
    store::options how;
    store::recovery found;
    std::optional<store::queue> queue;
    std::map<std::int64_t, std::uint64_t> stored;  // sequence → number of content
    std::uint64_t next = 1;
    std::uint64_t refused = 0;
    std::uint64_t evicted = 0;
    std::uint64_t failed = 0;
    bool full = false;

    explicit bench(full_policy policy = full_policy::drop_oldest) {
        how.path = "queue.db";
        how.max_bytes = 8 << 20;
        how.when_full = policy;
        how.reserve_bytes = reserve;
        REQUIRE(open());
    }

    bool open() {
        store::tuning with;
        with.vfs = disk.name();
        with.checkpoint_pages = 32;
        found = {};
        auto opened = open_tuned(how, with, found);
        if (!opened) return false;
        queue.emplace(std::move(*opened));
        full = found.disk_full;
        return true;
    }

    /// What a killed process leaves, with or without the power.
    void reopen_after_cut() {
        disk.cut_power_in(1);
        queue.reset();
        disk.power_on();
        REQUIRE(open());
    }

    bool append(std::size_t count, std::size_t size = payload) {
        const auto done = queue->commit(appending(next, count, size));
        if (!done) {
            ++failed;
            return false;
        }
        take(*done, count);
        return true;
    }

    void take(const store::commit_report& done, std::size_t count) {
        full = done.disk_full;
        for (std::size_t i = 0; i < done.appended; ++i) stored[number(done.first) + static_cast<std::int64_t>(i)] = next + i;
        if (done.evicted > 0)
            evicted += std::erase_if(stored, [&](const auto& one) {
                return one.first >= number(done.evicted_from) && one.first <= number(done.evicted_to);
            });
        refused += done.refused;
        next += count;
    }

    void check_all() {
        const auto there = all_of(*queue);
        REQUIRE(there.size() == stored.size());
        auto expected = stored.begin();
        for (const auto& m : there) {
            REQUIRE(number(m.sequence) == expected->first);
            REQUIRE(m.message.payload.size() == payload);
            REQUIRE(m.message == make_message(expected->second, payload));
            ++expected;
        }
        const auto ledger = queue->ledger();
        CHECK(ledger.balanced());
        CHECK(ledger.accepted == next - 1);
        CHECK(ledger.dropped_oldest == evicted);
        CHECK(ledger.dropped_newest == refused);
    }

    void has_healed() {
        disk.capacity.reset();
        CHECK(queue->try_to_heal());
        CHECK(disk.size_of("queue.db.reserve") == reserve);
        const std::uint64_t gone = evicted + refused;
        for (int i = 0; i < 100; ++i) REQUIRE(append(10));
        CHECK(evicted + refused == gone);  // it grows again
        CHECK_FALSE(full);
        check_all();
    }
};

}  // namespace

TEST_CASE("full disk: there is a reserve of its own size, and a queue that wants none has none", "[store][full]") {
    bench b;
    CHECK(b.disk.size_of("queue.db.reserve") == reserve);
    CHECK_FALSE(b.full);
    b.queue.reset();
    b.disk.power_on();
    b.how.reserve_bytes = 300'000;
    REQUIRE(b.open());
    CHECK(b.disk.size_of("queue.db.reserve") == 300'000);
    b.queue.reset();
    const auto operations = b.disk.operations();
    REQUIRE(b.open());
    CHECK(b.disk.operations() - operations < 10);  // what is there isn't written again
}

TEST_CASE("full disk: the oldest make room in what there is, whatever is left", "[store][full]") {
    for (std::uint64_t pages = 0; pages < 130; pages += 7) {
        CAPTURE(pages);
        bench b;
        for (int i = 0; i < 60; ++i) b.append(10);
        b.disk.capacity = b.disk.bytes_used() + pages * page;
        for (int i = 0; i < 150; ++i) REQUIRE(b.append(10));
        CHECK(b.full);
        CHECK(b.evicted > 0);
        CHECK(b.refused == 0);
        CHECK(b.stored.size() > 100);
        b.check_all();
        CHECK(b.disk.size_of("queue.db.reserve") == 0);
        CHECK_FALSE(b.queue->try_to_heal());
        b.check_all();
        b.has_healed();
    }
}

TEST_CASE("full disk: it goes on when others take all that it gives up", "[store][full]") {
    bench b(GENERATE(full_policy::drop_oldest, full_policy::drop_newest));
    for (int i = 0; i < 60; ++i) b.append(10);
    for (int i = 0; i < 300; ++i) {
        b.disk.capacity = b.disk.bytes_used();
        REQUIRE(b.append(1 + static_cast<std::size_t>(i) % 10));
        CHECK_FALSE(b.disk.bytes_used() > *b.disk.capacity);
    }
    CHECK(b.full);
    CHECK((b.how.when_full == full_policy::drop_oldest ? b.evicted : b.refused) > 500);
    CHECK((b.how.when_full == full_policy::drop_oldest ? b.refused : b.evicted) == 0);
    b.check_all();
    // What is stored can be delivered: cursors move, though nothing may grow.
    std::int64_t acked = 0;
    while (b.stored.size() > 5) {
        acked = std::next(b.stored.begin(), 4)->first;
        must(b.queue->commit(moving({at(acked), {}, at(acked), {}, {}}, 5)));
        b.stored.erase(b.stored.begin(), std::next(b.stored.begin(), 5));
        b.disk.capacity = b.disk.bytes_used();
    }
    CHECK(b.queue->ledger().queued == b.stored.size());
    CHECK(b.queue->ledger().balanced());
    REQUIRE(b.append(10));  // and makes room for new ones
    CHECK(b.stored.size() > 10);
}

TEST_CASE("full disk: what may have been sent stays, and the new is refused then", "[store][full]") {
    bench b;
    for (int i = 0; i < 60; ++i) b.append(10);
    must(b.queue->commit(moving({at(0), at(100), at(600), {}, {}}, 0)));
    b.disk.capacity = b.disk.bytes_used();
    for (int i = 0; i < 100; ++i) REQUIRE(b.append(10));
    CHECK(b.stored.begin()->first == 1);
    CHECK(b.stored.size() >= 600);
    for (std::int64_t n = 1; n <= 600; ++n) REQUIRE(b.stored.contains(n));
    b.check_all();
}

TEST_CASE("full disk: a start finds all and goes on, also when the process was killed", "[store][full]") {
    const bool killed = GENERATE(true, false);
    for (std::uint64_t rounds = 1; rounds < 60; rounds += 4) {  // the WAL holds more each time
        CAPTURE(killed, rounds);
        bench b;
        for (std::uint64_t i = 0; i < rounds; ++i) b.append(10);
        b.disk.capacity = b.disk.bytes_used();
        if (killed) {
            b.reopen_after_cut();
        } else {
            b.queue.reset();
            b.disk.power_on();
            REQUIRE(b.open());
        }
        CHECK(b.queue->ledger().queued == b.stored.size());  // what is read may not be dropped any more
        for (int i = 0; i < 100; ++i) REQUIRE(b.append(10));
        CHECK(b.evicted > 0);
        b.check_all();
        b.reopen_after_cut();
        b.check_all();
        b.has_healed();
    }
}

TEST_CASE("full disk: without room for the reserve it starts, says so, and takes what it can", "[store][full]") {
    bench b;
    b.queue.reset();
    b.disk.power_on();
    b.how.path = "other.db";
    b.how.reserve_bytes = 4 * reserve;
    b.disk.capacity = b.disk.bytes_used() + 5 * reserve / 2;
    REQUIRE(b.open());
    CHECK(b.found.disk_full);
    CHECK(b.found.created);
    CHECK(b.disk.size_of("other.db.reserve") == 0);
    for (int i = 0; i < 20; ++i) REQUIRE(b.append(10));
    CHECK(b.evicted + b.refused == 0);
    for (int i = 0; i < 100; ++i) REQUIRE(b.append(10));
    CHECK(b.evicted > 0);
    b.check_all();
    b.disk.capacity.reset();
    CHECK(b.queue->try_to_heal());
    CHECK(b.disk.size_of("other.db.reserve") == 4 * reserve);
}

TEST_CASE("full disk: with no reserve to give up, a start still reads what is there", "[store][full]") {
    bench b;
    b.disk.capacity = b.disk.bytes_used() - reserve;  // others have taken its place
    b.how.reserve_bytes = 4096;
    for (int i = 0; i < 3; ++i) b.append(2);
    b.disk.capacity.reset();
    for (int i = 0; i < 3; ++i) REQUIRE(b.append(2));
    b.reopen_after_cut();
    b.check_all();
}

TEST_CASE("full disk: without a reserve, what a start could not do is done once there is room", "[store][full]") {
    bench b;
    b.queue.reset();
    b.how.path = "other.db";  // one that was never made larger than it needs to be
    b.how.reserve_bytes = 0;
    REQUIRE(b.open());
    for (int i = 0; i < 5; ++i) REQUIRE(b.append(2));
    b.disk.capacity = b.disk.bytes_used();
    b.reopen_after_cut();
    while (b.append(1) && b.next < 1000) ++b.next;
    CHECK(b.failed == 1);
    b.reopen_after_cut();
    CHECK_FALSE(b.append(1));
    b.disk.capacity.reset();
    CHECK(b.append(1));
    CHECK(b.append(1));
}

TEST_CASE("full disk: whichever operation fails meanwhile, nothing is lost or counted twice", "[store][full]") {
    for (std::uint64_t failing = 1; failing < 680; failing += 5) {
        CAPTURE(failing);
        bench b;
        for (int i = 0; i < 40; ++i) b.append(10);
        b.disk.capacity = b.disk.bytes_used() + 10 * page;
        b.disk.fail_in(failing);
        for (int i = 0; i < 60; ++i) {
            const auto before = b.next;
            while (!b.append(10)) REQUIRE(b.failed < 3);  // tried again, as it is
            REQUIRE(b.next == before + 10);
        }
        b.check_all();
        b.disk.capacity.reset();
        for (int tries = 0; !b.queue->try_to_heal(); ++tries) REQUIRE(tries < 2);
        b.check_all();
        b.disk.call_off();
        b.reopen_after_cut();
        b.check_all();
    }
}

TEST_CASE("full disk: the power may go at any moment of it", "[store][full]") {
    for (std::uint64_t cut = 1; cut < 900; cut += 7) {
        CAPTURE(cut);
        bench b;
        for (int i = 0; i < 40; ++i) b.append(10);
        b.disk.capacity = b.disk.bytes_used() + 10 * page;
        b.disk.cut_power_in(cut);
        bool heals = false;
        while (b.append(10)) {
            if (b.next > 1000 && !heals) {
                b.disk.capacity.reset();
                heals = b.queue->try_to_heal();
            }
            if (b.next > 2500) break;
        }
        const auto reported = b.stored;
        b.queue.reset();
        b.disk.power_on();
        b.disk.capacity = b.disk.bytes_used();
        REQUIRE(b.open());
        // What was under way may be there or not; everything else is as it was reported.
        const auto ledger = b.queue->ledger();
        CHECK(ledger.balanced());
        const bool kept = ledger.accepted == b.next - 1 + 10;
        CHECK((kept || ledger.accepted == b.next - 1));
        const auto there = all_of(*b.queue);
        REQUIRE(!there.empty());
        CHECK(number(there.back().sequence) == static_cast<std::int64_t>(ledger.accepted));
        for (const auto& m : there) {
            const auto n = static_cast<std::uint64_t>(number(m.sequence));
            REQUIRE(m.message == make_message(n, payload));
        }
        if (!kept) CHECK(there.size() == reported.size());
        // If it was just giving the reserve up, others may have taken that by now, and nothing can be written until there is
        // room.
        if (!b.queue->commit(appending(5000, 10, payload))) b.disk.capacity = b.disk.bytes_used() + reserve;
        for (int i = 0; i < 5; ++i) must(b.queue->commit(appending(5000, 10, payload)));
        CHECK(b.queue->ledger().balanced());
    }
}
