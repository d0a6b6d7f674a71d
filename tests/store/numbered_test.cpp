// tests/store/numbered_test.cpp: numbers that the caller gives out itself: those that never get a row, and those that must.
// Not here: why somebody would (tests/gateway/delivery/on_outage_test.cpp).
#include <catch2/catch.hpp>
#include <optional>

#include "store/queue.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::queue;

namespace {

/// A queue in a file of its own, which can be closed and opened again.
struct bench {
    folder here;
    store::options how;
    store::recovery found;
    std::optional<queue> open;

    bench() {
        how.path = here.file("queue.db");
        reopen();
    }
    void reopen() {
        open.reset();
        open.emplace(must(queue::open(how, found)));
    }
    store::ledger ledger() const { return open->ledger(); }
};

/// `count` messages that have the numbers first, first + 1, … already.
store::transaction numbered(std::int64_t first, std::size_t count, std::size_t payload_size = 20) {
    store::transaction made = appending(static_cast<std::uint64_t>(first), count, payload_size);
    made.first = at(first);
    made.numbered = count;
    return made;
}

store::transaction finishing(store::transaction work, store::cursor to, std::uint64_t acknowledged) {
    work.cursor = std::move(to);
    work.settled.acknowledged = acknowledged;
    return work;
}

}  // namespace

TEST_CASE("numbers given out by the caller: without rows they are accepted and finished", "[store][numbered]") {
    bench b;
    store::transaction work = moving({at(10), at(10), at(10), {}, {}}, 10);
    work.first = at(11);
    const auto report = must(b.open->commit(work));
    CHECK((report.appended == 0 && report.first == at(11)));
    for (int life = 0; life < 2; ++life) {
        CHECK((b.ledger().accepted == 10 && b.ledger().acknowledged == 10 && b.ledger().balanced()));
        CHECK(must(queue::inspect(b.how.path)).last == at(10));
        b.reopen();
        CHECK(b.found.last == at(10));
    }
    CHECK(must(b.open->commit(appending(1, 1))).first == at(11));
}

TEST_CASE("numbers given out by the caller: rows may begin beyond a gap", "[store][numbered]") {
    bench b;
    must(b.open->commit(appending(1, 2)));
    must(b.open->commit(finishing(numbered(6, 3), {at(5), at(5), at(5), {at(7)}, {}}, 6)));
    CHECK(numbers(all_of(*b.open)) == std::vector<std::int64_t>{6, 7, 8});
    must(b.open->commit(appending(9, 2)));  // which leaves the counters alone
    for (int life = 0; life < 2; ++life) {
        CHECK((b.ledger().accepted == 10 && b.ledger().acknowledged == 6 && b.ledger().queued == 4 && b.ledger().balanced()));
        CHECK(must(queue::inspect(b.how.path)).ledger == b.ledger());
        b.reopen();
    }
    must(b.open->commit(moving({at(10), at(10), at(10), {}, {}}, 4)));
    CHECK((b.ledger().queued == 0 && b.ledger().balanced()));
    CHECK(all_of(*b.open).empty());
}

TEST_CASE("numbers given out by the caller: a full queue takes all of them or nothing", "[store][numbered]") {
    bench b;
    b.how.max_bytes = 1 << 20;
    b.how.when_full = store::full_policy::drop_newest;
    b.reopen();
    while (must(b.open->commit(appending(1, 1, 50'000))).refused == 0) continue;
    const auto before = b.ledger();
    const auto last = number(must(queue::inspect(b.how.path)).last);
    CHECK(code_of(b.open->commit(numbered(last + 1, 3, 50'000))) == store::errc::full);
    CHECK(b.ledger() == before);

    store::transaction work = numbered(last + 1, 2, 100);
    for (const auto& m : appending(1, 3, 50'000).append) work.append.push_back(m);  // these have none
    store::cursor all_before{at(last), at(last), at(last), {}, {}};
    must(b.open->commit(moving(all_before, before.queued)));
    const auto report = must(b.open->commit(work));
    CHECK((report.first == at(last + 1) && report.appended == 5));
    CHECK(b.ledger().balanced());
}

TEST_CASE("a message that isn't in the log can be parked", "[store][numbered]") {
    bench b;
    store::transaction work = moving({at(1), at(1), at(1), {}, {}}, 0);
    work.first = at(2);
    work.settled.refused = 1;
    work.park = {{at(1), 0x97, "quota exceeded", make_message(1, 20)}};
    must(b.open->commit(work));
    const auto letters = dead_letters_of(*b.open);
    REQUIRE(letters.size() == 1);
    CHECK((letters[0].sequence == at(1) && letters[0].message == make_message(1, 20)));
    CHECK((b.ledger().accepted == 1 && b.ledger().dropped_refused == 1 && b.ledger().balanced()));
}
