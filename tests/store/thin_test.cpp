// tests/store/thin_test.cpp: a full queue that halves the resolution of what is old instead of dropping it.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "store/queue.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/halving.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::full_policy;

namespace {

constexpr std::uint64_t bound = 1 << 20;

/// A site whose points are read in turn, its queue, and what that must hold.
struct site {
    explicit site(std::uint64_t topics) : topics_(topics) {}

    std::string topic_of(std::uint64_t n) const { return "plant7/point" + std::to_string(n % topics_); }

    void open(const std::string& boot = "boot-1") {
        queue.reset();
        store::tuning with;
        with.vfs = disk.name();
        how.boot_id = boot;
        queue.emplace(must(open_tuned(how, with, found)));
        expected.forget();
    }

    store::commit_report append(std::size_t count, std::size_t size, store::transaction work = {}) {
        for (std::size_t i = 0; i < count; ++i) {
            auto made = make_message(next + i, size);
            made.topic = topic_of(next + i);
            work.append.push_back(std::move(made));
        }
        const auto done = must(queue->commit(work));
        REQUIRE(done.bytes_used <= how.max_bytes);
        std::uint64_t thinned = 0;
        for (const auto& each : done.thinnings) {
            REQUIRE(number(each.from) > exempt);
            const auto topic = [&](std::uint64_t n) { return topic_of(n); };
            REQUIRE(expected.apply(each, log, topic));
            thinned += each.messages;
            passes += each.starts_over ? 1 : 0;
        }
        REQUIRE(thinned == done.thinned);
        std::uint64_t evicted = 0;
        if (done.evicted > 0) {
            const auto from = log.lower_bound(number(done.evicted_from));
            const auto to = log.upper_bound(number(done.evicted_to));
            evicted = static_cast<std::uint64_t>(std::distance(from, to));
            log.erase(from, to);
        }
        REQUIRE(evicted == done.evicted);
        for (std::size_t i = 0; i < done.appended; ++i) log.emplace(number(done.first) + static_cast<std::int64_t>(i), next + i);
        next += count;
        const auto ledger = queue->ledger();
        REQUIRE(ledger.balanced());
        REQUIRE(ledger.queued == log.size());
        return done;
    }

    void compare(std::size_t size) {
        std::map<std::int64_t, std::uint64_t> there;
        for (const auto& m : all_of(*queue)) {
            const auto n = static_cast<std::uint64_t>(m.message.taken.monotonic_ms);
            auto made = make_message(n, size);
            made.topic = topic_of(n);
            if (m.message != made) FAIL("message " << n << " is another");
            there.emplace(number(m.sequence), n);
        }
        CHECK(there == log);
    }

    /// By topic, the numbers that are there, ascending.
    std::map<std::uint64_t, std::vector<std::uint64_t>> by_topic() const {
        std::map<std::uint64_t, std::vector<std::uint64_t>> all;
        for (const auto& [at, n] : log) all[n % topics_].push_back(n);
        return all;
    }

    test::disk disk{1};
    store::options how{"queue.db", bound, full_policy::thin, "boot-1"};
    store::recovery found;
    std::optional<store::queue> queue;
    std::map<std::int64_t, std::uint64_t> log;
    halving expected;
    std::uint64_t next = 0;  // number of the next message
    std::int64_t exempt = 0;
    int passes = 0;

private:
    std::uint64_t topics_;
};

}  // namespace

TEST_CASE("thin: what is old gets coarser, evenly, and stays as long as it was", "[store][thin]") {
    const auto [topics, count, size] = GENERATE(table<std::uint64_t, std::size_t, std::size_t>(
        {{1, 1, 10}, {7, 1, 300}, {10, 20, 200}, {10, 25, 100}, {40, 3, 2000}, {3, 700, 400}}));
    CAPTURE(topics, count, size);
    site s(topics);
    s.open();
    std::uint64_t fullest = 0;
    for (std::uint64_t bytes = 0; bytes < 5 * bound; bytes += count * (size + 40)) {
        const auto done = s.append(count, size);
        REQUIRE(done.refused == 0);
        REQUIRE(done.evicted == 0);
        fullest = std::max(fullest, done.bytes_used);
    }
    CHECK(s.passes > 3);
    CHECK(fullest > bound * 6 / 10);
    CHECK(s.queue->ledger().dropped_oldest == 0);
    CHECK(s.queue->ledger().dropped_thinned == s.next - s.log.size());
    s.compare(size);
    const auto all = s.by_topic();
    REQUIRE(all.size() == topics);
    for (const auto& [topic, there] : all) {
        CAPTURE(topic, there.size());
        CHECK(there.front() == topic);  // the first ever
        CHECK(s.next - there.back() <= topics);
        // Each gap is a power of two in polls, and none is much larger than one that is older.
        std::uint64_t smallest = UINT64_MAX;
        for (std::size_t i = 1; i < there.size(); ++i) {
            const std::uint64_t gap = (there[i] - there[i - 1]) / topics;
            if (gap > 2 * smallest) FAIL("a gap of " << gap << " polls after one of " << smallest << ", message " << there[i]);
            smallest = std::min(smallest, gap);
        }
        CHECK(smallest == 1);
    }
    s.open();
    CHECK(s.found.ledger.balanced());
    CHECK(s.found.ledger.queued == s.log.size());
    s.compare(size);
}

TEST_CASE("thin: the newest half stays whole", "[store][thin]") {
    site s(10);
    s.open();
    for (int i = 0; i < 3000; ++i) REQUIRE(s.append(10, 200).evicted == 0);
    std::uint64_t whole = 0;
    for (auto it = s.log.rbegin(); it != s.log.rend() && it->second == s.next - 1 - whole; ++it) ++whole;
    CHECK(whole > s.log.size() * 4 / 10);
}

TEST_CASE("thin: a pass goes on after a restart", "[store][thin]") {
    site s(10);
    s.open();
    std::int64_t up_to = 0;
    int passes = 0;
    for (int i = 0; i < 3000; ++i) {
        if (i % 40 == 0) s.open();
        const auto done = s.append(10, 200);
        REQUIRE(done.evicted == 0);
        for (const auto& each : done.thinnings) {
            passes += number(each.from) <= up_to ? 1 : 0;
            up_to = number(each.to);
        }
    }
    CHECK(passes > 3);
    CHECK(passes < 20);
    s.compare(200);
}

TEST_CASE("thin: what may be on its way is neither dropped nor given another number", "[store][thin]") {
    site s(10);
    s.open();
    for (int i = 0; i < 10; ++i) s.append(10, 1000);  // 1 … 100, in tens
    store::transaction first;
    SECTION("by the mark of what may be sent") {
        first.cursor = store::cursor{at(0), at(0), at(25), {}, {}};
        s.exempt = 30;
    }
    SECTION("by its PUBREC") {
        first.cursor = store::cursor{at(0), at(41), at(0), {}, {}};
        s.exempt = 50;
    }
    SECTION("by a PUBREC ahead of the others") {
        first.cursor = store::cursor{at(0), at(0), at(0), {}, {at(72), at(15)}};
        s.exempt = 80;
    }
    SECTION("because the caller has read it") {
        must(s.queue->read(at(1), 12, SIZE_MAX));
        s.exempt = 20;
    }
    SECTION("because the caller has kept it") {
        first.handed_out = true;
        s.exempt = 110;
    }
    s.append(10, 1000, first);
    for (int i = 0; i < 300; ++i) REQUIRE(s.append(10, 1000).evicted == 0);
    CHECK(s.passes > 2);
    for (std::int64_t n = 1; n <= s.exempt; ++n) CHECK(s.log.at(n) == static_cast<std::uint64_t>(n - 1));
    s.compare(1000);

    // When the cursor has passed the gaps, all counts still agree.
    const auto rest = s.queue->ledger().queued;
    const auto last = static_cast<std::int64_t>(s.next);
    must(s.queue->commit(moving({at(last), at(0), at(last), {}, {}}, rest)));
    CHECK(s.queue->ledger().balanced());
    CHECK(s.queue->ledger().queued == 0);
}

TEST_CASE("thin: if all of it may be on its way, the new is refused", "[store][thin]") {
    site s(10);
    s.open();
    std::size_t refused = 0;
    for (int i = 0; i < 200; ++i) {
        store::transaction kept;
        kept.handed_out = true;
        const auto done = s.append(10, 1000, kept);
        refused += done.refused;
        CHECK(done.thinnings.empty());
    }
    CHECK(refused > 500);
    CHECK(s.queue->ledger().dropped_newest == refused);
}

TEST_CASE("thin: what can't be thinned is dropped as by drop_oldest", "[store][thin]") {
    SECTION("no topic comes twice") {
        site s(UINT64_MAX);
        s.open();
        for (int i = 0; i < 700; ++i) CHECK(s.append(10, 300).refused == 0);
        CHECK(s.queue->ledger().dropped_oldest > 2000);
        CHECK(s.queue->ledger().dropped_thinned == 0);
        s.compare(300);
        CHECK(s.log.rbegin()->second == s.next - 1);
    }
    SECTION("a commit is larger than what thinning brings") {
        site s(3);
        s.open();
        for (int i = 0; i < 4; ++i) s.append(100, 2000);
        CHECK(s.append(450, 2000).refused == 0);
        CHECK(s.queue->ledger().dropped_thinned > 0);
        CHECK(s.queue->ledger().dropped_oldest > 0);
        s.compare(2000);
    }
}

TEST_CASE("thin: messages that nearly fill the file", "[store][thin]") {
    const std::size_t size = GENERATE(bound / 4, bound / 3, bound / 2);
    site s(2);
    s.open();
    for (int i = 0; i < 20; ++i) CHECK(s.append(1, size).refused == 0);
    CHECK(s.queue->ledger().dropped_thinned + s.queue->ledger().dropped_oldest >= 16);
    s.compare(size);
}

TEST_CASE("thin: each stretch is of one boot, and stays so", "[store][thin]") {
    site s(3);
    for (int i = 0; i < 100; ++i) {
        s.open(i % 2 == 0 ? "boot-1" : "boot-2");
        s.append(3, 2500);
    }
    s.open("boot-2");
    std::uint64_t thinned = 0;
    for (int i = 0; i < 400; ++i) {
        const auto done = s.append(3, 2500);
        REQUIRE(done.evicted == 0);
        thinned += done.thinned;
    }
    CHECK(thinned > 600);
    for (const auto& m : all_of(*s.queue)) {
        const auto n = static_cast<std::uint64_t>(m.message.taken.monotonic_ms);
        const bool of_boot_2 = n >= 300 || n / 3 % 2 == 1;
        if (m.of_this_boot != of_boot_2) FAIL("message " << n << " is of another boot now");
    }
}

TEST_CASE("thin: a lowered bound is reached in steps", "[store][thin]") {
    site s(10);
    s.how.max_bytes = 16 << 20;
    s.open();
    while (s.append(100, 2000).bytes_used < 12 << 20) {
    }
    s.how.max_bytes = bound;
    s.queue.reset();
    store::tuning with;
    with.vfs = s.disk.name();
    s.queue.emplace(must(open_tuned(s.how, with, s.found)));
    std::uint64_t used = 16 << 20;
    for (int commits = 0; used > bound; ++commits) {
        const auto done = must(s.queue->commit(appending(s.next, 10, 100)));
        CHECK(done.refused == 0);
        CHECK(s.queue->ledger().balanced());
        used = done.bytes_used;
        s.next += 10;
        REQUIRE(commits < 12);
    }
    CHECK(s.queue->ledger().dropped_thinned > 1000);
}

TEST_CASE("thin: the work of one commit is bounded", "[store][thin]") {
    site s(10);
    s.how.max_bytes = 8 << 20;
    s.open();
    while (s.append(100, 400).thinnings.empty()) {
    }
    for (int i = 0; i < 200; ++i) {
        s.disk.count = {};
        const auto done = s.append(10, 200);
        CHECK(s.disk.count.wal_bytes < (1 << 20));
        CHECK(done.thinnings.size() <= 2);
    }
}
