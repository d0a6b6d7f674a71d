// tests/gateway/delivery/on_outage_test.cpp: buffer.durability: on_outage: what is written and what isn't, what may be relied
// upon when, and what a power cut takes. Not here: what becomes of messages while the disk takes nothing, without on_outage
// (group_commit_test.cpp).
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "gateway/delivery/group_commit.hpp"
#include "gateway/limits.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace gateway;
using namespace std::chrono_literals;
using store::sequence;
using test::at;
using test::must;

namespace {

store::message message(std::uint64_t number, std::size_t size = 20) {
    auto made = test::make_message(number, size);
    made.qos = 1;
    return made;
}

/// A group commit and a queue on a disk that may fail; the time is the test's.
struct bench {
    test::disk disk;
    store::options how;
    store::recovery found;
    std::optional<store::queue> queue;
    std::optional<group_commit> waiting;
    group_commit::time_point now{1h};
    std::vector<committed> told;
    int commits = 0;
    int failures = 0;

    explicit bench(std::uint64_t seed = 1) : disk(seed) {
        how.path = "queue.db";
        open();
    }

    void open() {
        store::tuning with;
        with.vfs = disk.name();
        found = {};
        queue.emplace(must(open_tuned(how, with, found)));
        waiting.emplace(100ms, how.when_full, group_commit::on_outage{found.last, found.cursor.acked});
    }

    void cut_power() {
        if (!disk.is_dead()) disk.cut_power_in(1);
        queue.reset();
        disk.power_on();
        open();
    }

    void take_told() {
        if (auto what = waiting->take_told()) told.push_back(std::move(*what));
    }

    void append(std::uint64_t first, std::uint64_t last, bool keep = true) {
        std::vector<store::message> messages;
        for (std::uint64_t n = first; n <= last; ++n) messages.push_back(message(n));
        CHECK(waiting->append(std::move(messages), keep, now) == 0);
        take_told();
    }

    void save(save_request request) {
        waiting->save(std::move(request), now);
        take_told();
    }

    bool commit() {
        const auto report = queue->commit(waiting->begin(now));
        if (report) {
            ++commits;
            told.push_back(waiting->on_durable(*report));
        } else {
            ++failures;
            waiting->on_failed(now);
        }
        return report.has_value();
    }

    /// The time goes on; what is due is committed when it is.
    void let_pass(std::chrono::milliseconds time) {
        const auto end = now + time;
        for (auto due = waiting->due(); due && *due <= end; due = waiting->due()) {
            now = std::max(now, *due);
            if (!commit() && disk.is_dead()) return;
        }
        now = end;
    }

    std::vector<std::int64_t> in_file() { return test::numbers(test::all_of(*queue)); }
    store::ledger ledger() const { return queue->ledger(); }
};

/// All up to `acked` are finished, `count` of them since the last save.
save_request acknowledging(std::uint64_t position, std::int64_t acked, std::uint64_t count, std::vector<sequence> beyond = {}) {
    save_request made;
    made.position = position;
    made.cursor = store::cursor{at(acked), at(acked), at(acked + 256), std::move(beyond), {}};
    made.settled.acknowledged = count;
    return made;
}

save_request barrier(save_request request) {
    request.barrier = true;
    return request;
}

std::vector<std::int64_t> range(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> all;
    for (std::int64_t n = first; n <= last; ++n) all.push_back(n);
    return all;
}

}  // namespace

TEST_CASE("on_outage: what is acknowledged in time is never written, and counted", "[gateway][on_outage]") {
    bench b;
    const auto written = b.queue->written();
    for (std::uint64_t n = 1; n <= 100; ++n) {
        b.append(n, n);
        REQUIRE(b.told.size() == 1);
        CHECK((b.told[0].in_memory && b.told[0].keep && b.told[0].report.appended == 1));
        CHECK(number(b.told[0].report.first) == static_cast<std::int64_t>(n));
        CHECK(b.told[0].messages == std::vector{message(n)});
        b.told.clear();
        b.let_pass(50ms);
        b.save(acknowledging(n, static_cast<std::int64_t>(n), 1));
        REQUIRE(b.told.size() == 1);
        CHECK(b.told[0].saved_up_to == n);
        b.told.clear();
        b.let_pass(400ms);
    }
    CHECK(b.queue->written() == written);
    CHECK(b.waiting->due() == group_commit::time_point{1h} + 50ms + limits::idle_commit);
    b.let_pass(limits::idle_commit);
    CHECK(b.commits == 1);
    CHECK(b.waiting->empty());
    CHECK((b.ledger().accepted == 100 && b.ledger().acknowledged == 100 && b.ledger().queued == 0 && b.ledger().balanced()));

    b.cut_power();
    CHECK(b.found.last == at(100));  // and so the next is 101
    CHECK((b.found.ledger.accepted == 100 && b.found.ledger.balanced()));
    b.append(101, 101);
    CHECK(b.told.back().report.first == at(101));
}

TEST_CASE("on_outage: what isn't acknowledged within commit_every is written", "[gateway][on_outage]") {
    bench b;
    b.append(1, 4);
    b.let_pass(60ms);
    b.append(5, 6);
    b.save(acknowledging(1, 2, 2));
    b.told.clear();
    b.let_pass(39ms);
    CHECK(b.commits == 0);
    b.let_pass(1ms);
    CHECK(b.commits == 1);
    CHECK(b.in_file() == range(3, 6));
    REQUIRE(b.told.size() == 1);
    CHECK((b.told[0].report.appended == 0 && b.told[0].messages.empty()));  // they had been told
    CHECK((b.ledger().accepted == 6 && b.ledger().acknowledged == 2 && b.ledger().queued == 4 && b.ledger().balanced()));

    SECTION("once acknowledged, it is removed as soon as without on_outage") {
        b.save(acknowledging(2, 6, 4));
        b.let_pass(limits::lazy_commit);
        CHECK(b.commits == 2);
        CHECK(b.in_file().empty());
        CHECK((b.ledger().acknowledged == 6 && b.ledger().balanced()));
    }
    SECTION("a power cut leaves it there") {
        b.cut_power();
        CHECK(b.in_file() == range(3, 6));
        CHECK(b.found.cursor.acked == at(2));
    }
}

TEST_CASE("on_outage: acknowledgements out of order", "[gateway][on_outage]") {
    bench b;
    b.append(1, 5);
    b.save(acknowledging(1, 1, 3, {at(3), at(5)}));
    b.let_pass(100ms);
    CHECK((b.ledger().accepted == 5 && b.ledger().acknowledged == 3 && b.ledger().queued == 2 && b.ledger().balanced()));
    b.save(acknowledging(2, 5, 2));
    b.let_pass(limits::lazy_commit);
    CHECK((b.ledger().acknowledged == 5 && b.ledger().queued == 0 && b.ledger().balanced()));
    CHECK(b.in_file().empty());
}

TEST_CASE("on_outage: during an outage all is written as without it", "[gateway][on_outage]") {
    bench b;
    b.append(1, 2);
    b.append(3, 3, false);  // the link went
    CHECK(b.told.size() == 1);
    b.append(4, 4);  // it is back, but 3 has no number yet
    CHECK(b.told.size() == 1);
    b.let_pass(0ms);
    CHECK(b.in_file() == range(1, 4));
    REQUIRE(b.told.size() == 2);
    CHECK((b.told[1].report.first == at(3) && b.told[1].report.appended == 2));
    CHECK(b.told[1].messages == std::vector{message(3), message(4)});
    b.append(5, 5);
    CHECK(b.told.back().report.first == at(5));
    CHECK(b.told.back().in_memory);
}

TEST_CASE("on_outage: which saves may be relied upon before they are written", "[gateway][on_outage]") {
    bench b;
    b.append(1, 3);
    b.told.clear();

    SECTION("progress and marks of what isn't in the file") {
        b.save(barrier(acknowledging(1, 1, 1)));
        REQUIRE(b.told.size() == 1);
        CHECK((b.told[0].in_memory && b.told[0].saved_up_to == 1));
        CHECK(b.waiting->due() == b.now + 100ms);
    }
    SECTION("not while the file has a message that isn't finished") {
        b.let_pass(100ms);
        b.told.clear();
        b.save(barrier(acknowledging(1, 1, 1)));
        CHECK(b.told.empty());
        CHECK(b.waiting->due() == group_commit::time_point{});
        b.let_pass(0ms);
        b.told.clear();
        b.save(barrier(acknowledging(2, 3, 2)));  // now it has none
        CHECK(b.told.size() == 1);
    }
    SECTION("not while one is on its way there") {
        b.append(4, 4, false);
        const auto& work = b.waiting->begin(b.now);
        CHECK(work.append.size() == 4);
        b.save(barrier(acknowledging(1, 3, 3)));
        CHECK(b.told.empty());
        b.told.push_back(b.waiting->on_durable(must(b.queue->commit(work))));
        b.let_pass(0ms);
        CHECK(b.told.back().saved_up_to == 1);
    }
    SECTION("not a session, nor what comes after it") {
        save_request session = barrier({});
        session.position = 1;
        session.session = store::session_record{"plant7", "broker", 1};
        b.save(session);
        CHECK(b.told.empty());
        b.save(acknowledging(2, 3, 3));
        CHECK(b.told.empty());
        const auto& work = b.waiting->begin(b.now);
        b.save(barrier(acknowledging(3, 3, 0)));  // it relies on the session, which isn't durable yet
        CHECK(b.told.empty());
        b.told.push_back(b.waiting->on_durable(must(b.queue->commit(work))));
        CHECK(b.told.back().saved_up_to == 2);
    }
    SECTION("not what was received, or handled") {
        save_request request = acknowledging(1, 1, 1);
        request.held.emplace();
        b.save(request);
        CHECK(b.told.empty());
    }
}

TEST_CASE("on_outage: while the disk takes nothing, it goes on in memory", "[gateway][on_outage]") {
    bench b;
    b.append(1, 3);
    b.disk.takes_nothing = true;
    b.let_pass(100ms);
    CHECK(b.failures == 1);
    CHECK(b.waiting->behind() == backlog{3, 0});
    b.append(4, 4);
    CHECK(b.told.back().report.first == at(4));
    b.save(acknowledging(1, 2, 2));
    CHECK(b.waiting->behind() == backlog{2, 0});
    CHECK(test::numbers(b.waiting->unwritten_from(at(1), 100, SIZE_MAX)) == range(3, 4));
    CHECK(test::numbers(b.waiting->unwritten_from(at(4), 100, SIZE_MAX)) == range(4, 4));
    CHECK(test::numbers(b.waiting->unwritten_from(at(1), 1, SIZE_MAX)) == range(3, 3));
    CHECK(test::numbers(b.waiting->unwritten_from(at(1), 100, 1)) == range(3, 3));
    b.disk.takes_nothing = false;
    b.let_pass(limits::store_retry);
    CHECK(b.in_file() == range(3, 4));
    CHECK((b.ledger().accepted == 4 && b.ledger().acknowledged == 2 && b.ledger().balanced()));
    CHECK(test::all_of(*b.queue)[0].message == message(3));
}

TEST_CASE("on_outage: memory is bounded: much of it is written at once", "[gateway][on_outage]") {
    bench b;
    store::message large = message(1);
    large.payload.assign(limits::commit_bytes, 'x');
    static_cast<void>(b.waiting->append({large}, true, b.now));
    b.take_told();
    CHECK(b.waiting->due() == group_commit::time_point{});
    b.append(2, 2);  // waits for the file
    CHECK(b.told.size() == 1);
    b.let_pass(0ms);
    CHECK(b.in_file() == range(1, 2));
}

TEST_CASE("on_outage: a full queue refuses none that has its number", "[gateway][on_outage]") {
    bench b;
    b.how.max_bytes = 1 << 20;
    b.how.when_full = store::full_policy::drop_newest;
    b.cut_power();
    std::uint64_t n = 0;
    for (bool refused = false; !refused; refused = b.told.back().report.refused > 0) {
        store::message large = message(++n, 100'000);
        static_cast<void>(b.waiting->append({large}, false, b.now));
        b.let_pass(1s);
    }
    const auto accepted = b.ledger().accepted;
    store::message large = message(++n, 100'000);
    static_cast<void>(b.waiting->append({large}, true, b.now));
    b.take_told();
    const sequence given = b.told.back().report.first;
    b.let_pass(100ms);
    CHECK(b.failures == 1);
    CHECK(b.waiting->behind() == backlog{1, 0});
    CHECK(b.ledger().accepted == accepted);
    b.save(acknowledging(1, number(given), b.ledger().queued + 1));
    b.let_pass(limits::store_retry + limits::lazy_commit);
    CHECK((b.ledger().queued == 0 && b.ledger().accepted == accepted + 1 && b.ledger().balanced()));
}

TEST_CASE("on_outage: what is given up becomes a dead letter, though it was never written", "[gateway][on_outage]") {
    bench b;
    b.append(1, 2);
    save_request refused = acknowledging(1, 1, 0);
    refused.settled.refused = 1;
    refused.park = {{at(1), 0x97, "quota exceeded"}};
    SECTION("in memory") { b.save(refused); }
    SECTION("on its way to the file, which takes nothing") {
        b.disk.takes_nothing = true;
        const auto& work = b.waiting->begin(b.now);
        b.save(refused);
        CHECK_FALSE(b.queue->commit(work).has_value());
        b.waiting->on_failed(b.now);
        b.disk.takes_nothing = false;
    }
    b.let_pass(2s);
    const auto letters = test::dead_letters_of(*b.queue);
    REQUIRE(letters.size() == 1);
    CHECK((letters[0].sequence == at(1) && letters[0].message == message(1)));
    CHECK((b.ledger().dropped_refused == 1 && b.ledger().queued == 1 && b.ledger().balanced()));
}

// What was told is in the file, or acknowledged, or younger than commit_every, whenever the power goes.
TEST_CASE("on_outage: a power cut takes nothing older than commit_every", "[gateway][on_outage][power]") {
    int written_lives = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        bench b(seed);
        std::mt19937_64 random(seed);
        for (int life = 0; life < 3; ++life) {
            std::map<std::int64_t, group_commit::time_point> open;  // told, and not acknowledged; since when
            std::int64_t acked = number(b.found.cursor.acked);
            for (const auto n : b.in_file())  // some of a segment may be finished
                if (n > acked) open[n] = {};
            std::uint64_t next = static_cast<std::uint64_t>(number(b.found.last)) + 1;
            std::uint64_t position = 0;
            const auto note_told = [&] {
                for (const auto& each : b.told)
                    for (std::size_t i = 0; i < each.report.appended; ++i) {
                        const auto n = number(each.report.first) + static_cast<std::int64_t>(i);
                        REQUIRE(n == static_cast<std::int64_t>(next));
                        ++next;
                        open[n] = each.in_memory ? b.now : group_commit::time_point{};
                    }
                b.told.clear();
            };
            b.disk.cut_power_in(1 + random() % 400);
            for (int step = 0; step < 400 && !b.disk.is_dead(); ++step) {
                if (random() % 3 == 0) b.append(next, next + random() % 3, random() % 8 != 0);
                note_told();
                if (random() % 4 == 0 && !open.empty()) {  // the broker acknowledges some
                    const std::int64_t last = random() % 2 == 0 ? open.rbegin()->first : open.begin()->first;
                    std::uint64_t count = 0;
                    while (!open.empty() && open.begin()->first <= last) {
                        open.erase(open.begin());
                        ++count;
                    }
                    acked = last;
                    b.save(acknowledging(++position, acked, count));
                }
                b.let_pass(std::chrono::milliseconds(random() % 60));
                note_told();
            }
            const auto cut_at = b.now;
            b.cut_power();
            CHECK(b.found.ledger.balanced());
            const auto there = b.in_file();
            const std::set<std::int64_t> in_file(there.begin(), there.end());
            for (const auto& [n, since] : open) {
                INFO("seed " << seed << ", life " << life << ", message " << n);
                CHECK((in_file.contains(n) || cut_at - since <= 100ms));
            }
            written_lives += there.empty() ? 0 : 1;
        }
    }
    CHECK(written_lives > 100);  // it has been put to the test
}
