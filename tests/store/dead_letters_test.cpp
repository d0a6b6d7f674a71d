// tests/store/dead_letters_test.cpp: messages that are given up: kept with their reason, bounded, counted, and removed.
// Not here: crashes (power_cut_test.cpp).
#include <catch2/catch.hpp>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::dead_letter_number;
using list = std::vector<std::int64_t>;

namespace {

struct bench {
    test::disk disk{1};
    store::options how{"queue.db", 64 << 20, store::full_policy::drop_oldest, "boot-1"};
    store::recovery found;

    store::queue open() {
        store::tuning with;
        with.vfs = disk.name();
        return must(open_tuned(how, with, found));
    }

    void reopen(store::queue& which) {
        { const auto closed = std::move(which); }
        which = open();
    }
};

store::result<store::queue> open_file(const std::string& path, const std::string& boot = "boot-1") {
    store::recovery found;
    return store::queue::open({path, 64 << 20, store::full_policy::drop_oldest, boot}, found);
}

/// Finishes all up to `last`; of these, `parked` are given up.
store::transaction giving_up(store::queue& queue, std::int64_t last, const list& parked) {
    auto work = moving({at(last), at(last), at(last), {}, {}}, 0);
    work.settled.refused = parked.size();
    work.settled.acknowledged = queue.ledger().queued - parked.size();
    for (const auto n : parked) work.park.push_back({at(n), static_cast<std::uint8_t>(n), "reason " + std::to_string(n)});
    return work;
}

list sequences(const std::vector<store::dead_letter>& of) {
    list found;
    for (const auto& m : of) found.push_back(number(m.sequence));
    return found;
}

/// Appends one message of this size and gives it up.
void append_and_park(store::queue& queue, std::int64_t number, std::size_t size) {
    must(queue.commit(appending(static_cast<std::uint64_t>(number), 1, size)));
    must(queue.commit(giving_up(queue, number, {number})));
}

}  // namespace

TEST_CASE("dead letters: a message that is given up leaves the log and is kept with its reason", "[store][dead_letters]") {
    bench b;
    auto queue = b.open();
    store::transaction work;
    for (std::uint64_t n = 1; n <= 20; ++n) work.append.push_back(make_rich_message(n, n * 30));
    must(queue.commit(work));
    must(queue.commit(appending(21, 1)));
    must(queue.commit(giving_up(queue, 21, {14, 3, 15, 21})));
    CHECK(queue.ledger().dropped_refused == 4);
    CHECK(queue.ledger().acknowledged == 17);
    CHECK(queue.ledger().balanced());
    CHECK(all_of(queue).empty());

    for (const bool again : {false, true}) {
        if (again) b.reopen(queue);
        const auto there = dead_letters_of(queue);
        REQUIRE(sequences(there) == list{14, 3, 15, 21});
        CHECK(numbers(there) == list{1, 2, 3, 4});
        for (std::size_t i = 0; i < 4; ++i) {
            const auto n = number(there[i].sequence);
            CHECK(there[i].message == (n == 21
                                           ? make_message(21, 20)
                                           : make_rich_message(static_cast<std::uint64_t>(n), static_cast<std::size_t>(n) * 30)));
            CHECK(there[i].reason_code == n);
            CHECK(there[i].reason == "reason " + std::to_string(n));
        }
        CHECK(queue.dead_letters().messages == 4);
        CHECK(queue.dead_letters().crowded_out == 0);
        CHECK(queue.dead_letters().not_found == 0);
    }
    CHECK(numbers(must(queue.read_dead_letters(dead_letter_number{2}, 2))) == list{2, 3});
    CHECK(must(queue.read_dead_letters(dead_letter_number{5}, 2)).empty());
    CHECK(must(queue.read_dead_letters(dead_letter_number{1}, 0)).empty());
}

TEST_CASE("dead letters: one keeps the boot in which it was taken, which its monotonic time belongs to",
          "[store][dead_letters]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open_file(path, "boot-1"));
        must(queue.commit(appending(1, 1)));
    }
    auto queue = must(open_file(path, "boot-2"));
    auto work = giving_up(queue, 1, {1});
    work.receive = receiving(1, 1).receive;
    must(queue.commit(work));
    store::connection file;
    must(file.open(path, store::connection::access::read_write, nullptr));
    CHECK(must(file.integer("SELECT instr(data, CAST('boot-1' AS BLOB)) FROM dead_letter")) > 0);
    CHECK(must(file.integer("SELECT instr(data, CAST('boot-2' AS BLOB)) FROM log WHERE first = -4611686018427387904 + 1")) > 0);
}

TEST_CASE("dead letters: one ahead of the watermark is parked alone", "[store][dead_letters]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 10)));
    auto work = moving({at(2), at(2), at(10), {at(5), at(7)}, {}}, 3);
    work.settled.refused = 1;
    work.park.push_back({at(7), 0x87, ""});
    must(queue.commit(work));
    CHECK(queue.ledger().balanced());
    CHECK(sequences(dead_letters_of(queue)) == list{7});

    // It is in the log's segment still, but finished; asking again finds nothing.
    work = moving({at(10), at(10), at(10), {}, {}}, 6);
    work.park.push_back({at(7), 0x87, ""});
    must(queue.commit(work));
    CHECK(sequences(dead_letters_of(queue)) == list{7});
    CHECK(queue.dead_letters().not_found == 1);
}

TEST_CASE("dead letters: what is gone or damaged before is counted, and holds up nothing", "[store][dead_letters]") {
    SECTION("evicted") {
        bench b;
        b.how.max_bytes = 1 << 20;
        auto queue = b.open();
        std::int64_t last = 0;
        while (queue.ledger().dropped_oldest == 0) {
            must(queue.commit(appending(static_cast<std::uint64_t>(last) + 1, 10, 3000)));
            last += 10;
        }
        const auto queued = queue.ledger().queued;
        auto work = moving({at(last), at(last), at(last), {}, {}}, queued - 1);
        work.settled.refused = 1;
        work.park = {{at(1), 1, "evicted"}, {at(last), 2, "there"}};
        must(queue.commit(work));
        CHECK(queue.ledger().balanced());
        CHECK(sequences(dead_letters_of(queue)) == list{last});
        b.reopen(queue);
        CHECK(queue.dead_letters().not_found == 1);
    }
    SECTION("damaged") {
        folder here;
        auto queue = must(open_file(here.file("queue.db")));
        must(queue.commit(appending(1, 5)));
        must(queue.commit(appending(6, 5)));
        store::connection file;
        must(file.open(here.file("queue.db"), store::connection::access::read_write, nullptr));
        must(file.run("UPDATE log SET crc = crc + 1 WHERE first = 1"));
        must(queue.commit(giving_up(queue, 10, {2, 7})));
        CHECK(sequences(dead_letters_of(queue)) == list{7});
        CHECK(queue.dead_letters().not_found == 1);
        CHECK(queue.ledger().balanced());
    }
}

TEST_CASE("dead letters: at the bound the oldest go first, and are counted", "[store][dead_letters]") {
    bench b;
    SECTION("in number") {
        b.how.dead_letters_max = 3;
        auto queue = b.open();
        for (std::int64_t n = 1; n <= 7; ++n) append_and_park(queue, n, 100);
        CHECK(numbers(dead_letters_of(queue)) == list{5, 6, 7});
        CHECK(queue.dead_letters().messages == 3);
        CHECK(queue.dead_letters().crowded_out == 4);
        CHECK(queue.ledger().dropped_refused == 7);

        b.how.dead_letters_max = 1;
        b.reopen(queue);
        append_and_park(queue, 8, 100);
        CHECK(numbers(dead_letters_of(queue)) == list{8});
    }
    SECTION("in bytes") {
        b.how.dead_letters_max_bytes = 10'000;
        auto queue = b.open();
        for (std::int64_t n = 1; n <= 7; ++n) append_and_park(queue, n, 3000);
        CHECK(numbers(dead_letters_of(queue)) == list{5, 6, 7});
        CHECK(queue.dead_letters().bytes > 9000);
        CHECK(queue.dead_letters().bytes <= 10'000);
        append_and_park(queue, 8, 6000);
        CHECK(numbers(dead_letters_of(queue)) == list{7, 8});

        append_and_park(queue, 9, 11'000);  // has no room even alone, and costs no other its place
        CHECK(numbers(dead_letters_of(queue)) == list{7, 8});
        CHECK(queue.dead_letters().crowded_out == 7);
    }
    SECTION("none at all") {
        b.how.dead_letters_max = 0;
        auto queue = b.open();
        append_and_park(queue, 1, 10);
        CHECK(dead_letters_of(queue).empty());
        CHECK(queue.dead_letters().crowded_out == 1);
        CHECK(queue.ledger().balanced());
    }
}

TEST_CASE("dead letters: removed by number, or all", "[store][dead_letters]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 6, 200)));
    must(queue.commit(giving_up(queue, 6, {1, 2, 3, 4, 5, 6})));
    const auto full = queue.dead_letters();

    store::transaction work;
    work.remove_dead_letters = {dead_letter_number{2}, dead_letter_number{5}, dead_letter_number{2}, dead_letter_number{77}};
    must(queue.commit(work));
    CHECK(numbers(dead_letters_of(queue)) == list{1, 3, 4, 6});
    CHECK(queue.dead_letters().messages == 4);
    CHECK(queue.dead_letters().bytes == full.bytes / 6 * 4);

    must(queue.commit(appending(7, 1, 200)));
    work = giving_up(queue, 7, {7});
    work.remove_all_dead_letters = true;
    must(queue.commit(work));
    b.reopen(queue);
    CHECK(numbers(dead_letters_of(queue)) == list{7});  // came with that transaction
    CHECK(queue.dead_letters() == store::dead_letter_counts{1, full.bytes / 6, 0, 0});
}

TEST_CASE("dead letters: a long reason is cut, between characters", "[store][dead_letters]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(appending(1, 3)));
    auto work = giving_up(queue, 3, {1, 2, 3});
    work.park[0].reason = std::string(200, 'x');
    work.park[1].reason = std::string(199, 'x') + "ä and more";
    work.park[2].reason = std::string(1000, '\x80');  // no UTF-8 at all
    must(queue.commit(work));
    const auto there = dead_letters_of(queue);
    REQUIRE(there.size() == 3);
    CHECK(there[0].reason == std::string(200, 'x'));
    CHECK(there[1].reason == std::string(199, 'x'));
    CHECK(there[2].reason == std::string(197, '\x80'));
}

TEST_CASE("dead letters: a damaged one is named, the others can be read", "[store][dead_letters]") {
    folder here;
    const std::string path = here.file("queue.db");
    auto queue = must(open_file(path));
    must(queue.commit(appending(1, 3)));
    must(queue.commit(giving_up(queue, 3, {1, 2, 3})));
    store::connection file;
    must(file.open(path, store::connection::access::read_write, nullptr));
    SECTION("by its data") { must(file.run("UPDATE dead_letter SET data = CAST(data || 'x' AS BLOB) WHERE number = 2")); }
    SECTION("by its number") {
        must(
            file.run("UPDATE dead_letter SET number = 9 WHERE number = 3; "
                     "UPDATE dead_letter SET number = 3 WHERE number = 2; "
                     "UPDATE dead_letter SET number = 2 WHERE number = 9"));
    }
    CHECK(numbers(dead_letters_of(queue)) == list{1});
    const auto damaged = queue.read_dead_letters(dead_letter_number{2}, 9);
    REQUIRE(code_of(damaged) == store::errc::damaged);
    CHECK_THAT(damaged.error().detail(), Catch::Contains(path) && Catch::Contains("dead letter 2"));

    store::transaction work;
    work.remove_dead_letters = {dead_letter_number{2}};
    must(queue.commit(work));
    CHECK(queue.dead_letters().messages == 2);
}
