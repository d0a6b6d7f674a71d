// tests/store/kill_test.cpp: a process that commits as fast as it can is killed by SIGKILL, again and again, on a real file.
// What it has reported as durable must be there, and its successor goes on where it ended.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <vector>

#include "store/queue.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;

namespace {

constexpr std::uint64_t batch = 3;

struct report {
    std::int64_t last = 0;
    std::int64_t acked = 0;
    std::int64_t received = 0;
    std::int64_t handled = 0;
};

store::result<store::queue> open(const std::string& path, store::recovery& found) {
    return store::queue::open({path, 4 << 20, store::full_policy::drop_oldest, "boot"}, found);
}

/// After receiving message n, these are held.
std::vector<std::uint16_t> held_after(std::int64_t n) {
    return {static_cast<std::uint16_t>(1 + n % 60000), static_cast<std::uint16_t>(1 + n % 7)};
}

/// Of those numbered 1 … at most, so many are given up: every tenth.
std::int64_t parked_up_to(std::int64_t acked) { return acked / 10; }

/// Appends three and acknowledges two, or four if there are many, but gives up every tenth; receives one and handles one; for
/// ever. Writes a report after each commit. Message n has the number n.
[[noreturn]] void commit_for_ever(const std::string& path, int to) {
    store::recovery found;
    auto queue = open(path, found);
    if (!queue) ::_exit(1);
    auto last = number(found.last);
    auto acked = number(found.cursor.acked);
    const auto waiting = queue->read_inbox(store::inbox_number{1}, 1'000'000, SIZE_MAX);
    if (!waiting) ::_exit(4);
    std::int64_t received = waiting->empty() ? 0 : number(waiting->back().number);
    std::int64_t handled = waiting->empty() ? 0 : number(waiting->front().number) - 1;
    for (;;) {
        store::transaction work =
            appending(static_cast<std::uint64_t>(last) + 1, batch, 40 + static_cast<std::size_t>(last % 3000));
        acked += last - acked > 200 ? 4 : last - acked > 2 ? 2 : 0;
        work.cursor = store::cursor{at(acked), at(acked), at(acked), {}, {}};
        for (auto n = number(found.cursor.acked) + 1; n <= acked; ++n)
            if (n % 10 == 0) work.park.push_back({at(n), static_cast<std::uint8_t>(n), std::to_string(n)});
        work.settled.refused = work.park.size();
        work.settled.acknowledged = static_cast<std::uint64_t>(acked - number(found.cursor.acked)) - work.park.size();
        work.receive.push_back(make_rich_message(static_cast<std::uint64_t>(++received), 30));
        work.held = held_after(received);
        if (received > 3 && received % 50 != 0) work.handled = {store::inbox_number{++handled}};
        work.audit = {std::to_string(received)};
        work.remember = {{"received", std::to_string(received)}};
        found.cursor = *work.cursor;
        const auto done = queue->commit(work);
        if (!done) ::_exit(2);
        last += static_cast<std::int64_t>(done->appended);
        if (done->first_received != store::inbox_number{received}) ::_exit(5);
        const report what{last, acked, received, handled};
        if (::write(to, &what, sizeof what) != sizeof what) ::_exit(3);
    }
}

/// The last report of a process that is killed when it has made `reports`, or a little later.
report run_and_kill(const std::string& path, int reports) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        commit_for_ever(path, ends[1]);
    }
    ::close(ends[1]);
    report latest;
    report next;
    int received = 0;
    while (::read(ends[0], &next, sizeof next) == sizeof next) {
        latest = next;
        if (++received == reports) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    return latest;
}

}  // namespace

TEST_CASE("kill: whatever was reported is there, and the next process goes on", "[store][kill]") {
    folder here;
    const std::string path = here.file("queue.db");
    for (int round = 1; round <= 40; ++round) {
        const report reported = run_and_kill(path, 1 + round * 7 % 60);
        CAPTURE(round, reported.last, reported.acked);
        store::recovery found;
        auto queue = must(open(path, found));
        REQUIRE(found.ledger.balanced());
        REQUIRE(number(found.last) >= reported.last);
        REQUIRE(number(found.cursor.acked) >= reported.acked);
        // At most one commit was under way, and it is there wholly or not at all.
        REQUIRE((number(found.last) == reported.last || number(found.last) == reported.last + static_cast<std::int64_t>(batch)));

        auto expected = number(found.cursor.acked) + 1;
        for (const auto& m : must(queue.read(at(expected), 1'000'000, SIZE_MAX))) {
            REQUIRE(number(m.sequence) == expected);
            const auto first_of_batch = (expected - 1) / static_cast<std::int64_t>(batch) * static_cast<std::int64_t>(batch);
            REQUIRE(m.message ==
                    make_message(static_cast<std::uint64_t>(expected), 40 + static_cast<std::size_t>(first_of_batch % 3000)));
            ++expected;
        }
        REQUIRE(expected == number(found.last) + 1);

        const auto waiting = inbox_of(queue);
        REQUIRE(!waiting.empty());
        const auto received = number(waiting.back().number);
        REQUIRE((received == reported.received || received == reported.received + 1));
        REQUIRE(found.held == held_after(received));
        REQUIRE(number(waiting.front().number) > reported.handled);
        REQUIRE(number(waiting.front().number) <= reported.handled + 2);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            const auto n = number(waiting.front().number) + static_cast<std::int64_t>(i);
            REQUIRE(number(waiting[i].number) == n);
            REQUIRE(waiting[i].message == make_rich_message(static_cast<std::uint64_t>(n), 30));
        }
        const auto audit = must(queue.read_audit(store::audit_number{INT64_MAX}, 1));
        REQUIRE((audit.size() == 1 && audit[0].text == std::to_string(received)));
        REQUIRE(must(queue.recall()) == std::vector<store::memory>{{"received", std::to_string(received)}});

        const auto parked = dead_letters_of(queue);
        REQUIRE(parked.size() + queue.dead_letters().crowded_out ==
                static_cast<std::size_t>(parked_up_to(number(found.cursor.acked))));
        for (std::size_t i = 0; i < parked.size(); ++i) REQUIRE(number(parked[i].sequence) == 10 * number(parked[i].number));
        REQUIRE(found.ledger.dropped_refused == static_cast<std::uint64_t>(parked_up_to(number(found.cursor.acked))));
    }
}
