// tests/store/write_path_test.cpp: what is gathered is written before anyone counts on it, and the bytes and syncs that the queue
// says it has written are those that the disk has seen.
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>
#include <string>

#include "store/queue.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::queue;
using store::write_counts;

namespace {

queue open_on(const disk& on) {
    store::tuning with;
    with.vfs = on.name();
    store::recovery found;
    return must(open_tuned({"queue.db", 16 << 20, store::full_policy::drop_oldest, "boot"}, with, found));
}

write_counts seen_by(const disk& one) { return {one.count.bytes, one.count.wal_syncs + one.count.other_syncs}; }

/// What this process has handed to write calls; nothing: this system doesn't count it.
std::optional<std::uint64_t> written_by_process() {
    std::ifstream from("/proc/self/io");
    for (std::string word; from >> word;) {
        std::uint64_t bytes = 0;
        if (word == "wchar:" && from >> bytes) return bytes;
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("write path: bytes and syncs are those of the disk", "[store][path]") {
    disk on(1);
    auto log = open_on(on);
    CHECK(log.written() == seen_by(on));
    CHECK(log.written().bytes > 4096);  // the tables

    const write_counts before = log.written();
    const auto report = must(log.commit(appending(1, 10)));
    CHECK(report.written == seen_by(on));
    CHECK(report.written.bytes > before.bytes + 10 * 20);
    CHECK(report.written.syncs == before.syncs + 1);
    CHECK(must(log.commit({})).written == report.written);  // nothing to do, nothing written

    for (int i = 1; i < 600; ++i) must(log.commit(appending(static_cast<std::uint64_t>(i) * 10 + 1, 10)));  // with checkpoints
    CHECK(log.written() == seen_by(on));
}

TEST_CASE("write path: what failed isn't counted", "[store][path]") {
    disk on(1);
    auto log = open_on(on);
    std::uint64_t failed = 0;  // each of a commit's writes, and then its sync
    for (on.fail_in(1); !log.commit(appending(1, 10)); on.fail_in(++failed + 1)) CHECK(log.written() == seen_by(on));
    CHECK(failed >= 2);
    CHECK(all_of(log).size() == 10);
}

TEST_CASE("write path: on the system's disk it counts what the process writes", "[store][path]") {
    folder here;
    store::recovery found;
    auto log = must(queue::open({here.file("queue.db"), 16 << 20, store::full_policy::drop_oldest, "boot"}, found));
    for (std::uint64_t i = 0; i < 100; ++i) must(log.commit(appending(1 + i, 1)));
    const auto process_before = written_by_process();
    if (!process_before) return;
    const write_counts before = log.written();
    for (std::uint64_t i = 0; i < 100; ++i) must(log.commit(appending(101 + i, 1)));
    const auto process_after = written_by_process();
    const std::uint64_t counted = log.written().bytes - before.bytes;
    const std::uint64_t written = *process_after - *process_before;
    CHECK(written >= counted);
    CHECK(written - counted < 100);  // a sanitizer writes into a pipe of its own at times
    CHECK(log.written().syncs - before.syncs == 100);
}

TEST_CASE("write path: the file keeps the sum of its life", "[store][path]") {
    folder here;
    const std::string path = here.file("queue.db");
    const store::options how{path, 16 << 20, store::full_policy::drop_oldest, "boot"};
    std::uint64_t sum = 0;
    for (int life = 1; life <= 3; ++life) {
        store::recovery found;
        std::optional<queue> log(must(queue::open(how, found)));
        CHECK(log->written().bytes < 100'000);  // of this life alone
        CHECK(must(queue::inspect(path)).bytes_written <= sum + log->written().bytes);
        must(log->commit(appending(static_cast<std::uint64_t>(life), 1, 3000)));
        const std::uint64_t here_and_now = log->written().bytes;
        log.reset();
        const std::uint64_t kept = must(queue::inspect(path)).bytes_written;
        CHECK(kept >= sum + here_and_now);
        CHECK(kept < sum + here_and_now + 50'000);
        sum = kept;
    }

    SECTION("also while it is open, whenever the counters are written") {
        store::recovery found;
        auto log = must(queue::open(how, found));
        const std::uint64_t written = log.written().bytes;
        must(log.commit(moving({store::sequence{1}, store::sequence{0}, store::sequence{1}, {}, {}}, 1)));
        const std::uint64_t kept = must(queue::inspect(path)).bytes_written;
        CHECK(kept >= sum + written);
        CHECK(kept <= sum + log.written().bytes);
    }
}
