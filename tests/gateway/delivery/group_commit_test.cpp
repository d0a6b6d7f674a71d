// tests/gateway/delivery/group_commit_test.cpp: what becomes of messages and saves when the disk doesn't take them: they wait in
// order, nothing is there twice, and what has to go is counted.
#include "gateway/delivery/group_commit.hpp"

#include <catch2/catch.hpp>

#include "gateway/limits.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace gateway;
using namespace std::chrono_literals;
using store::full_policy;
using test::must;

namespace {

store::message message(std::uint64_t number, std::size_t size = 20) { return test::make_message(number, size); }

/// A group commit and a queue on a disk that may fail; the time is the test's.
struct bench {
    test::disk disk{1};
    store::recovery found;
    std::optional<store::queue> queue;
    group_commit waiting{100ms};
    group_commit::time_point now{1h};
    std::vector<committed> commits;
    int failures = 0;

    explicit bench(full_policy when_full = full_policy::drop_oldest) : waiting(100ms, when_full) { open(); }

    void open() {
        store::options how;
        how.path = "queue.db";
        store::tuning with;
        with.vfs = disk.name();
        found = {};
        queue.emplace(must(open_tuned(how, with, found)));
    }

    void cut_power() {
        disk.cut_power_in(1);
        queue.reset();
        disk.power_on();
        disk.takes_nothing = false;
        open();
    }

    void commit() {
        const auto report = queue->commit(waiting.begin(now));
        if (report) {
            commits.push_back(waiting.on_durable(*report));
        } else {
            waiting.on_failed(now);
            ++failures;
        }
    }

    /// Commits all that is due from now on, until nothing waits.
    void drain() {
        for (int i = 0; !waiting.empty(); ++i) {
            REQUIRE(i < 1000);
            now = std::max(now, *waiting.due());
            commit();
        }
    }

    std::vector<std::string> payloads() {
        std::vector<std::string> all;
        for (const auto& m : test::all_of(*queue)) all.push_back(m.message.payload);
        return all;
    }
};

std::vector<std::string> payloads_of(std::uint64_t first, std::uint64_t last, std::size_t size = 20) {
    std::vector<std::string> all;
    for (std::uint64_t n = first; n <= last; ++n) all.push_back(message(n, size).payload);
    return all;
}

/// As large in memory as messages without a payload, one in a hundredth of what may wait.
constexpr std::size_t hundredth = limits::waiting_bytes / 100;
store::message large(std::uint64_t number) {
    store::message m = message(number, 0);
    m.payload.assign(hundredth - sizeof m - m.topic.size(), static_cast<char>('a' + number % 26));
    return m;
}

}  // namespace

TEST_CASE("group commit: what fails waits, and goes before what came later", "[gateway][group_commit]") {
    bench b;
    b.disk.takes_nothing = true;
    CHECK(b.waiting.append({message(1), message(2)}, true) == 0);
    b.commit();
    CHECK(b.failures == 1);
    CHECK(b.waiting.behind() == backlog{2, 0});
    CHECK(b.waiting.append({message(3)}, false) == 0);
    CHECK(b.waiting.due() == b.now + limits::store_retry);  // the disk gets a rest
    b.now += limits::store_retry;
    b.commit();
    b.disk.takes_nothing = false;
    b.drain();
    CHECK(b.failures == 2);
    REQUIRE(b.commits.size() == 1);
    CHECK_FALSE(b.commits[0].keep);  // they have waited long; who sends them reads them from the log
    CHECK(b.commits[0].messages.size() == 3);
    CHECK(b.payloads() == payloads_of(1, 3));
    CHECK(b.queue->ledger().accepted == 3);
    CHECK(b.queue->ledger().queued == 3);
}

TEST_CASE("group commit: what has waited once is not promised, what comes then is", "[gateway][group_commit]") {
    bench b;
    b.disk.fail_in(1);
    b.waiting.append({message(1)}, true);
    b.commit();
    b.drain();
    b.waiting.append({message(2)}, true);
    b.drain();
    REQUIRE(b.commits.size() == 2);
    CHECK_FALSE(b.commits[0].keep);
    CHECK(b.commits[1].keep);
}

TEST_CASE("group commit: memory is bounded, and the policy says what goes", "[gateway][group_commit]") {
    const auto policy = GENERATE(full_policy::drop_oldest, full_policy::drop_newest);
    bench b(policy);
    b.disk.takes_nothing = true;
    std::uint64_t dropped = 0;
    for (std::uint64_t n = 1; n <= 250; ++n) {
        if (n == 120) b.waiting.begin(b.now);
        dropped += b.waiting.append({large(n)}, false);
        if (n == 130) b.waiting.on_failed(b.now);
    }
    CHECK(b.waiting.behind() == backlog{100, 150});
    CHECK(dropped == 139);  // the others when what had failed came back
    b.disk.takes_nothing = false;
    b.now += limits::store_retry;
    b.drain();
    CHECK(b.waiting.behind() == backlog{0, 0});
    const auto there = test::all_of(*b.queue);
    REQUIRE(there.size() == 100);
    const std::uint64_t first = policy == full_policy::drop_oldest ? 151 : 1;
    for (std::size_t i = 0; i < there.size(); ++i) CHECK(there[i].message == large(first + i));
    CHECK(b.queue->ledger().accepted == 250);
    CHECK(b.queue->ledger().queued == 100);
    CHECK(b.queue->ledger().dropped_unwritten == 150);
    CHECK(b.queue->ledger().balanced());
    std::uint64_t told = 0;
    for (const auto& c : b.commits) told += c.unwritten;
    CHECK(told == 150);
    b.cut_power();
    CHECK(b.found.ledger.dropped_unwritten == 150);
    CHECK(b.found.ledger.balanced());
}

TEST_CASE("group commit: what a message too large for memory leaves is its count", "[gateway][group_commit]") {
    bench b(GENERATE(full_policy::drop_oldest, full_policy::drop_newest));
    CHECK(b.waiting.append({message(1, limits::waiting_bytes)}, false) == 1);
    CHECK_FALSE(b.waiting.empty());  // so that a stop writes it down
    b.drain();
    CHECK(b.queue->ledger().dropped_unwritten == 1);
    CHECK(b.queue->ledger().accepted == 1);
}

TEST_CASE("group commit: a large backlog goes in pieces, the saves with the first", "[gateway][group_commit]") {
    bench b;
    for (std::uint64_t n = 1; n <= 90; ++n) b.waiting.append({large(n)}, true);
    save_request save;
    save.position = 7;
    save.barrier = true;
    save.session = store::session_record{"id", "broker", 1};
    b.waiting.save(save, b.now);
    b.waiting.flush();
    while (!b.waiting.empty()) {
        CHECK(b.waiting.due() == group_commit::time_point{});  // what is left of a flush is due, too
        b.commit();
        CHECK(b.commits.back().keep);
    }
    REQUIRE(b.commits.size() >= 4);
    CHECK(b.commits[0].saved_up_to == 7);
    std::size_t messages = 0;
    for (const auto& c : b.commits) {
        std::size_t bytes = 0;
        for (const auto& m : c.messages) bytes += m.payload.size() + m.topic.size();
        CHECK(bytes <= limits::most_commit_bytes);
        messages += c.messages.size();
    }
    CHECK(messages == 90);
}

// The device may have kept what a failed sync was to write, and nobody can know. So each message goes through a failure at each
// operation, is tried again, and the power goes at some moment: it must be there once, and in its order.
TEST_CASE("group commit: nothing is lost or doubled, whichever operation fails", "[gateway][group_commit]") {
    const int burst = GENERATE(1, 2, 7);
    const bool cut_before_retry = GENERATE(false, true);
    for (std::uint64_t failing = 1;; ++failing) {
        CAPTURE(burst, cut_before_retry, failing);
        bench b;
        b.disk.fail_in(failing);
        std::uint64_t next = 1;
        std::uint64_t durable = 0;
        std::uint64_t acknowledged = 0;
        bool cut = false;
        for (int round = 0; round < 6 && !cut; ++round) {
            std::vector<store::message> batch;
            for (int i = 0; i < 40; ++i) batch.push_back(message(next++, 500));
            b.waiting.append(std::move(batch), false);
            if (durable > 10) {  // half of it is delivered meanwhile
                save_request save;
                save.cursor = store::cursor{test::at(static_cast<std::int64_t>(durable / 2)), {}, {}, {}, {}};
                save.settled.acknowledged = durable / 2 - std::exchange(acknowledged, durable / 2);
                save.position = durable;
                b.waiting.save(save, b.now);
            }
            const int failures = b.failures;
            b.commit();
            for (int again = 1; b.failures > failures && again < burst; ++again) {
                b.disk.fail_in(1 + static_cast<std::uint64_t>(again) % 3);
                b.now += limits::store_retry;
                b.commit();
            }
            durable = b.queue->ledger().accepted;
            cut = cut_before_retry && b.failures > 0;
        }
        if (cut) {
            b.cut_power();
            // The process is gone, and what waited with it; what the device has is whole commits, without a gap.
            const auto accepted = b.found.ledger.accepted;
            CHECK(accepted >= durable);
            if (accepted > 0) CHECK(b.payloads().back() == message(accepted, 500).payload);
            CHECK(b.found.ledger.balanced());
            continue;
        }
        b.drain();
        CHECK(b.queue->ledger().acknowledged == acknowledged);
        CHECK(b.queue->ledger().accepted == next - 1);
        CHECK(b.queue->ledger().queued == next - 1 - acknowledged);
        CHECK(b.queue->ledger().balanced());
        b.disk.fail_in(UINT32_MAX);  // not while it opens
        b.cut_power();
        CHECK(b.found.ledger.accepted == next - 1);
        CHECK(b.found.ledger.balanced());
        const auto there = must(b.queue->read(test::at(static_cast<std::int64_t>(acknowledged) + 1), 1'000'000, SIZE_MAX));
        REQUIRE(there.size() == next - 1 - acknowledged);
        for (std::size_t i = 0; i < there.size(); ++i) {
            CHECK(number(there[i].sequence) == static_cast<std::int64_t>(acknowledged + 1 + i));
            CHECK(there[i].message == message(acknowledged + 1 + i, 500));
        }
        if (b.failures == 0) break;  // the script is shorter
    }
}

TEST_CASE("group commit: audit entries and memories go with the answers, in order, and wait for a disk that takes nothing",
          "[gateway][group_commit]") {
    bench b;
    save_request first;
    first.audit = {"one"};
    first.remember = {{"boiler", "old"}, {"hall", "x"}};
    first.barrier = true;
    b.waiting.save(std::move(first), b.now);
    save_request second;
    second.position = 7;
    second.audit = {"two"};
    second.forget = {"boiler"};
    second.remember = {{"boiler", "new"}};
    b.waiting.save(std::move(second), b.now);
    save_request third;  // another part's: the session's position stays
    third.audit = {"three"};
    third.forget = {"hall"};
    b.waiting.save(std::move(third), b.now);
    CHECK(b.waiting.due() == group_commit::time_point{});

    b.disk.takes_nothing = true;
    b.commit();
    CHECK(b.failures == 1);
    b.disk.takes_nothing = false;
    b.commit();
    REQUIRE(b.commits.size() == 1);
    CHECK(b.commits[0].saved_up_to == 7);
    std::vector<std::string> audit;
    for (const auto& each : must(b.queue->read_audit(store::audit_number{INT64_MAX}, 10))) audit.push_back(each.text);
    CHECK(audit == std::vector<std::string>{"three", "two", "one"});
    CHECK(must(b.queue->recall()) == std::vector<store::memory>{{"boiler", "new"}});
}

TEST_CASE("group commit: what was audited and remembered outlives a session that begins anew", "[gateway][group_commit]") {
    bench b;
    save_request wanted;
    wanted.position = 3;
    wanted.audit = {"one"};
    wanted.remember = {{"boiler", "x"}};
    wanted.held = std::vector<std::uint16_t>{4};
    b.waiting.save(std::move(wanted), b.now);
    b.waiting.forget_session();
    b.commit();
    REQUIRE(b.commits.size() == 1);
    CHECK(b.commits[0].saved_up_to == 0);
    CHECK(must(b.queue->read_audit(store::audit_number{INT64_MAX}, 10)).size() == 1);
    CHECK(must(b.queue->recall()).size() == 1);
}
