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
};

store::result<store::queue> open(const std::string& path, store::recovery& found) {
    return store::queue::open({path, 4 << 20, store::full_policy::drop_oldest, "boot"}, found);
}

/// Appends three and acknowledges two, or four if there are many, for ever; writes a report after each commit. Message n has the
/// number n.
[[noreturn]] void commit_for_ever(const std::string& path, int to) {
    store::recovery found;
    auto queue = open(path, found);
    if (!queue) ::_exit(1);
    auto last = number(found.last);
    auto acked = number(found.cursor.acked);
    for (;;) {
        store::transaction work =
            appending(static_cast<std::uint64_t>(last) + 1, batch, 40 + static_cast<std::size_t>(last % 3000));
        acked += last - acked > 200 ? 4 : last - acked > 2 ? 2 : 0;
        work.cursor = store::cursor{at(acked), at(acked), at(acked), {}, {}};
        work.settled.acknowledged = static_cast<std::uint64_t>(acked - number(found.cursor.acked));
        found.cursor = *work.cursor;
        const auto done = queue->commit(work);
        if (!done) ::_exit(2);
        last += static_cast<std::int64_t>(done->appended);
        const report what{last, acked};
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
    }
}
