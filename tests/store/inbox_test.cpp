// tests/store/inbox_test.cpp: what the inbox promises: received once, read until handled, never again.
// Not here: crashes (power_cut_test.cpp, kill_test.cpp).
#include <catch2/catch.hpp>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::inbox_number;
using held = std::vector<std::uint16_t>;
using list = std::vector<std::int64_t>;

namespace {

struct bench {
    test::disk disk{1};
    store::options how{"queue.db", 64 << 20, store::full_policy::drop_oldest, "boot-1"};
    store::recovery found;

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
};

}  // namespace

TEST_CASE("inbox: a message comes back as it was received, until it is handled", "[store][inbox]") {
    bench b;
    auto queue = b.open();
    CHECK(b.found.held.empty());
    CHECK(b.found.inbox == store::inbox_counts{});
    CHECK(inbox_of(queue).empty());

    auto work = receiving(1, 30);
    work.receive.push_back({std::string(65535, 't'), std::string(300'000, 'p'), 2, true, {-5, 7, true}, 0, "q"});
    work.held = held{9, 4, 65535};
    const auto done = must(queue.commit(work));
    CHECK(done.received == 31);
    CHECK(done.first_received == inbox_number{1});
    CHECK(done.inbox.messages == 31);
    CHECK(done.inbox.bytes > 365'000);
    CHECK(must(queue.commit(receiving(32, 1))).first_received == inbox_number{32});
    work.receive.push_back(make_rich_message(32, 20));

    for (const bool again : {false, true}) {
        if (again) b.reopen(queue);
        const auto there = inbox_of(queue);
        REQUIRE(there.size() == 32);
        for (std::size_t i = 0; i < 32; ++i) {
            CHECK(number(there[i].number) == static_cast<std::int64_t>(i + 1));
            CHECK(there[i].message == work.receive[i]);
        }
    }
    CHECK(b.found.held == held{9, 4, 65535});
    CHECK(b.found.inbox.messages == 32);
    CHECK(queue.ledger() == store::ledger{});  // of what is sent, not of what is received
    CHECK(all_of(queue).empty());
}

TEST_CASE("inbox: what is handled never comes back, in whichever order", "[store][inbox]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(receiving(1, 5)));
    must(queue.commit(receiving(6, 1)));
    must(queue.commit(receiving(7, 4)));

    must(queue.commit(handling({9, 2, 6, 4})));
    CHECK(numbers(inbox_of(queue)) == list{1, 3, 5, 7, 8, 10});
    b.reopen(queue);
    CHECK(numbers(inbox_of(queue)) == list{1, 3, 5, 7, 8, 10});
    CHECK(b.found.inbox.messages == 6);

    SECTION("handled again, or never there: passed over") {
        const auto before = must(queue.commit({})).inbox;
        CHECK(must(queue.commit(handling({2, 9, 6, 0, -1, 11, INT64_MAX, INT64_MIN}))).inbox == before);
        CHECK(numbers(inbox_of(queue)) == list{1, 3, 5, 7, 8, 10});
    }
    SECTION("the last of a segment takes it along") {
        const auto full = must(queue.commit({})).inbox;
        auto half = must(queue.commit(handling({5, 1}))).inbox;
        CHECK(half == store::inbox_counts{4, full.bytes});
        half = must(queue.commit(handling({3}))).inbox;
        CHECK(half.messages == 3);
        CHECK(half.bytes < full.bytes);
        b.reopen(queue);
        CHECK(numbers(inbox_of(queue)) == list{7, 8, 10});
        CHECK(must(queue.commit(handling({10, 8, 7}))).inbox == store::inbox_counts{});
    }
    SECTION("once all is handled the numbers go on") {
        must(queue.commit(handling({1, 3, 5, 7, 8, 10})));
        b.reopen(queue);
        CHECK(b.found.inbox == store::inbox_counts{});
        CHECK(inbox_of(queue).empty());
        CHECK(must(queue.commit(receiving(11, 1))).first_received == inbox_number{11});
        CHECK(numbers(inbox_of(queue)) == list{11});
    }
}

TEST_CASE("inbox: reading", "[store][inbox]") {
    bench b;
    auto queue = b.open();
    store::transaction work;
    for (int i = 0; i < 20; ++i) work.receive.push_back({"topic", std::string(90, 'x'), 1, false, {}, std::nullopt, "props"});
    must(queue.commit(work));
    must(queue.commit(work));
    must(queue.commit(handling({3, 20, 21})));
    const auto read = [&](std::int64_t from, std::size_t messages, std::size_t bytes) {
        return numbers(must(queue.read_inbox(inbox_number{from}, messages, bytes)));
    };
    CHECK(read(2, 3, SIZE_MAX) == list{2, 4, 5});
    CHECK(read(3, 1, SIZE_MAX) == list{4});
    CHECK(read(18, 4, SIZE_MAX) == list{18, 19, 22, 23});
    CHECK(read(20, 1, SIZE_MAX) == list{22});
    CHECK(read(-7, 1, SIZE_MAX) == list{1});
    CHECK(read(1, 0, SIZE_MAX).empty());
    CHECK(read(40, 9, SIZE_MAX) == list{40});
    CHECK(read(41, 9, SIZE_MAX).empty());
    CHECK(read(INT64_MAX, 9, SIZE_MAX).empty());
    CHECK(read(1, 9, 300) == list{1, 2, 4});  // 100 bytes of topic, payload and properties each
    CHECK(read(1, 9, 299) == list{1, 2});
    CHECK(read(19, 9, 200) == list{19, 22});
    CHECK(read(1, 9, 1) == list{1});
}

TEST_CASE("inbox: held identifiers are replaced as a whole, in their order", "[store][inbox]") {
    bench b;
    auto queue = b.open();
    const auto keep = [&](held what) {
        store::transaction work;
        work.held = std::move(what);
        must(queue.commit(work));
        b.reopen(queue);
        return b.found.held;
    };
    CHECK(keep({5, 1, 300}) == held{5, 1, 300});
    CHECK(keep({1, 5, 300}) == held{1, 5, 300});
    CHECK(keep({}).empty());
    held all;
    for (std::uint32_t i = 65535; i >= 1; --i) all.push_back(static_cast<std::uint16_t>(i));
    CHECK(keep(all) == all);

    must(queue.commit(receiving(1, 1)));  // a transaction without them leaves them
    b.reopen(queue);
    CHECK(b.found.held == all);
}

TEST_CASE("inbox: if not all have room none is taken, nor what is held; the rest is durable", "[store][inbox]") {
    bench b;
    b.how.inbox_max_bytes = 100'000;
    auto queue = b.open();
    std::int64_t last = 0;
    for (;;) {
        auto work = receiving(static_cast<std::uint64_t>(last) + 1, 3, 5000);
        work.append = appending(static_cast<std::uint64_t>(last) + 1, 3).append;
        work.held = held{static_cast<std::uint16_t>(last)};
        const auto done = must(queue.commit(work));
        CHECK(done.appended == 3);
        CHECK(done.inbox.bytes <= 100'000);
        if (done.received == 0) break;
        CHECK(done.received == 3);
        last += 3;
        REQUIRE(last < 30);
    }
    CHECK(last == 18);
    CHECK(queue.ledger().accepted == 21);
    b.reopen(queue);
    CHECK(b.found.held == held{15});
    CHECK(b.found.inbox.messages == 18);
    CHECK(b.found.ledger.accepted == 21);
    CHECK(inbox_of(queue).size() == 18);

    SECTION("fewer may have room") {
        const auto done = must(queue.commit(receiving(19, 1, 5000)));
        CHECK(done.received == 1);
        CHECK(done.first_received == inbox_number{19});
    }
    SECTION("what is handled in the same transaction makes room") {
        auto work = receiving(19, 3, 5000);
        work.handled = handling({1, 2, 3}).handled;
        CHECK(must(queue.commit(work)).received == 3);
        CHECK(inbox_of(queue).size() == 18);
        CHECK(inbox_of(queue).front().number == inbox_number{4});
    }
    SECTION("the rest may be handling that doesn't make enough room") {
        auto work = receiving(19, 3, 5000);
        work.handled = handling({1, 2}).handled;  // the third of that segment keeps its bytes
        CHECK(must(queue.commit(work)).received == 0);
        CHECK(numbers(inbox_of(queue)).front() == 3);
    }
    SECTION("one that can never have room costs no other its place") {
        CHECK(must(queue.commit(receiving(19, 1, 100'000))).received == 0);
        CHECK(inbox_of(queue).size() == 18);
    }
    SECTION("a lowered bound takes nothing away, and identifiers can be let go") {
        b.how.inbox_max_bytes = 10'000;
        b.reopen(queue);
        CHECK(inbox_of(queue).size() == 18);
        CHECK(must(queue.commit(receiving(19, 1))).received == 0);
        store::transaction work;
        work.held = held{};
        must(queue.commit(work));
        b.reopen(queue);
        CHECK(b.found.held.empty());
    }
}

TEST_CASE("inbox: finds room beside a full log, and the file keeps its bound", "[store][inbox]") {
    bench b;
    b.how.max_bytes = 4 << 20;  // the inbox's quarter is more than the few pages that are always spared
    b.how.when_full = GENERATE(store::full_policy::drop_newest, store::full_policy::drop_oldest);
    auto queue = b.open();
    std::uint64_t next = 1;
    const auto append = [&] {
        const auto done = must(queue.commit(appending(next, 20, 500)));
        next += done.appended;
        return done;
    };
    for (int i = 0; i < 500; ++i) append();
    CHECK(queue.ledger().dropped() > 0);

    std::uint64_t received = 0;
    for (;; ++received) {
        const auto done = must(queue.commit(receiving(received + 1, 1, 20)));
        if (done.received == 0) break;
        REQUIRE(received < 10'000);
    }
    CHECK(received > 1000);
    for (int i = 0; i < 20; ++i) append();
    if (b.how.when_full == store::full_policy::drop_oldest) {
        CHECK(append().bytes_used <= b.how.max_bytes);
        CHECK(append().refused == 0);
    }
    CHECK(queue.ledger().balanced());
    CHECK(inbox_of(queue).size() == received);
    CHECK(all_of(queue).size() == queue.ledger().queued);

    store::transaction work;
    for (const auto& m : inbox_of(queue)) work.handled.push_back(m.number);
    CHECK(must(queue.commit(work)).inbox == store::inbox_counts{});
    const auto oldest = all_of(queue).front().sequence;
    must(queue.commit(moving({at(number(oldest) + 39), at(0), at(0), {}, {}}, 40)));
    CHECK(append().appended == 20);
    CHECK(queue.ledger().balanced());
}

TEST_CASE("inbox: receiving a command costs one sync and two pages", "[store][inbox]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 10)));
    must(queue.commit(receiving(1, 1)));
    b.disk.count = {};
    for (std::uint64_t n = 2; n <= 101; ++n) {
        auto work = receiving(n, 1);
        work.held = held{static_cast<std::uint16_t>(n)};
        work.handled = {inbox_number{static_cast<std::int64_t>(n) - 1}};
        must(queue.commit(work));
    }
    CHECK(b.disk.count.wal_syncs == 100);
    CHECK(b.disk.count.other_syncs == 0);
    CHECK(b.disk.count.wal_bytes <= 100 * 2 * 4120);

    const auto before = b.disk.operations();
    auto work = handling({5});  // handled long ago, and what is held is the same
    work.held = held{101};
    must(queue.commit(work));
    CHECK(b.disk.operations() == before);
}

TEST_CASE("inbox: topics from the wire don't take the places of ours", "[store][inbox]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        store::recovery found;
        auto queue = must(store::queue::open({path, 64 << 20, store::full_policy::drop_oldest, "boot-1"}, found));
        auto work = receiving(1, 5000, 5);
        for (auto& m : work.receive) m.topic = "hostile/" + std::to_string(m.taken.monotonic_ms);
        work.append.push_back(make_message(1, 10));
        must(queue.commit(work));
        CHECK(inbox_of(queue).back().message == work.receive.back());
    }
    store::connection file;
    must(file.open(path, store::connection::access::immutable, nullptr));
    CHECK(must(file.integer("SELECT count(*) FROM text")) == 2);
    CHECK(must(file.integer("SELECT max(length(data)) FROM log")) <= 256 * 1024);
}

TEST_CASE("inbox: whichever operation of the device fails, nothing of a commit stays and the next one works", "[store][inbox]") {
    std::uint64_t failures = 0;
    for (std::uint64_t step = 1; step < 120; ++step) {
        bench b;
        auto queue = b.open();
        b.disk.fail_in(step);
        list waiting;
        held kept;
        std::int64_t last = 0;
        for (int i = 0; i < 20; ++i) {
            auto work = receiving(static_cast<std::uint64_t>(last) + 1, 3, i % 5 == 0 ? 5000 : 50);
            work.held = held{static_cast<std::uint16_t>(i + 1)};
            if (waiting.size() > 4) work.handled = {inbox_number{waiting[1]}, inbox_number{waiting[4]}, inbox_number{waiting[0]}};
            const auto done = queue.commit(work);
            if (!done) {
                ++failures;
                continue;
            }
            REQUIRE(done->first_received == inbox_number{last + 1});
            kept = *work.held;
            if (waiting.size() > 4) {
                waiting.erase(waiting.begin() + 4);
                waiting.erase(waiting.begin(), waiting.begin() + 2);
            }
            for (int k = 0; k < 3; ++k) waiting.push_back(++last);
            REQUIRE(numbers(inbox_of(queue)) == waiting);
        }
        b.reopen(queue);
        REQUIRE(b.found.held == kept);
        REQUIRE(b.found.inbox.messages == waiting.size());
        REQUIRE(numbers(inbox_of(queue)) == waiting);
    }
    CHECK(failures > 50);
}
