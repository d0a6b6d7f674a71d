// tests/store/inspect_test.cpp: looking at a queue file beside the service, after its end, and where nothing may be written.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "store/queue.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using Catch::Contains;
using Catch::EndsWith;
using store::errc;
using store::queue;

namespace {

queue open(const std::string& path) {
    store::recovery found;
    return must(queue::open({path, 5 << 20, store::full_policy::drop_oldest, "boot-1"}, found));
}

std::set<std::string> files_in(const folder& which) {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(which.path())) found.insert(entry.path().filename().string());
    return found;
}

/// In a process of its own, which gives up all rights first if it may not `keep` them. What it returns comes back.
template <typename F>
int in_child(bool keep_rights, F what) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!keep_rights && ::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(99);
        ::_exit(what());
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Leaves a queue of 10 messages as a kill would: with its WAL, unfinished.
void leave_killed(const std::string& path) {
    CHECK(in_child(true, [&] {
              auto killed = open(path);
              must(killed.commit(appending(1, 10)));
              ::_exit(7);  // no destructor
              return 0;
          }) == 7);
}

}  // namespace

TEST_CASE("inspect: shows all there is, beside the service", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    auto service = open(path);

    const auto empty = must(queue::inspect(path));
    CHECK(empty.ledger == store::ledger{});
    CHECK(!empty.oldest);
    CHECK(!empty.session);
    CHECK(empty.max_bytes == 5 << 20);

    must(service.commit(appending(1, 10)));
    must(service.commit(appending(11, 10)));
    store::transaction work = moving({at(3), at(4), at(9), {at(4), at(5), at(8)}, {at(7)}}, 6);
    work.session = store::session_record{"plant7", "broker", 5};
    const auto done = must(service.commit(work));

    const auto files = files_in(here);
    const auto seen = must(queue::inspect(path));
    CHECK(seen.ledger == service.ledger());
    CHECK(seen.ledger.balanced());
    CHECK(seen.cursor == work.cursor);
    CHECK(seen.session == work.session);
    CHECK(seen.last == at(20));
    CHECK(seen.bytes_used == done.bytes_used);
    CHECK(seen.oldest == make_message(6, 20).taken);  // 1 to 5 are finished, though still stored
    CHECK(files_in(here) == files);

    must(service.commit(moving({at(20), at(20), at(20), {}, {}}, 14)));
    CHECK(!must(queue::inspect(path)).oldest);
}

TEST_CASE("inspect: shows the messages that are queued, from anywhere and in parts", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    auto service = open(path);
    CHECK(must(queue::inspect_messages(path, at(1), 100, SIZE_MAX)).empty());
    must(service.commit(appending(1, 10)));
    must(service.commit(appending(11, 10)));
    must(service.commit(moving({at(3), at(4), at(9), {at(5), at(8), at(11)}, {}}, 6)));

    const auto numbers = [&](std::int64_t from, std::size_t messages, std::size_t bytes) {
        std::vector<std::int64_t> found;
        for (const auto& m : must(queue::inspect_messages(path, at(from), messages, bytes))) {
            CHECK(m.message == make_message(static_cast<std::uint64_t>(number(m.sequence)), 20));
            found.push_back(number(m.sequence));
        }
        return found;
    };
    CHECK(numbers(1, 100, SIZE_MAX) == std::vector<std::int64_t>{4, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20});
    CHECK(numbers(1, 3, SIZE_MAX) == std::vector<std::int64_t>{4, 6, 7});
    CHECK(numbers(1, 100, 1) == std::vector<std::int64_t>{4});
    CHECK(numbers(10, 2, SIZE_MAX) == std::vector<std::int64_t>{10, 12});
    CHECK(numbers(8, 1, SIZE_MAX) == std::vector<std::int64_t>{9});
    CHECK(numbers(21, 100, SIZE_MAX).empty());
    CHECK(code_of(queue::inspect_messages(here.file("no.db"), at(1), 1, 1)) == errc::missing);

    store::transaction told;
    told.boot_offset_ms = 77;
    must(service.commit(told));
    const auto figures = must(queue::inspect(path));
    REQUIRE(figures.boots.size() == 1);
    CHECK(figures.oldest_boot == figures.boots[0].boot_id);
    for (const auto& m : must(queue::inspect_messages(path, at(1), 100, SIZE_MAX))) {
        CHECK(m.boot_offset_ms == 77);
        CHECK_FALSE(m.of_this_boot);
    }
}

TEST_CASE("inspect: shows inbox and dead letters, beside the service and after it", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    std::vector<store::dead_letter> parked;
    store::inbox_counts inbox;
    {
        auto service = open(path);
        CHECK(must(queue::inspect(path)).dead_letters == store::dead_letter_counts{});
        must(service.commit(appending(1, 10)));
        auto work = receiving(1, 3);
        work.held = {8, 3};
        work.cursor = store::cursor{at(4), at(4), at(4), {}, {}};
        work.settled = {0, 3, 0, 1};
        work.park = {{at(1), 0x10, "first"}, {at(2), 0x97, ""}, {at(4), 0x99, "third"}};
        inbox = must(service.commit(work)).inbox;
        parked = dead_letters_of(service);
        REQUIRE(parked.size() == 3);

        const auto files = files_in(here);
        const auto seen = must(queue::inspect(path));
        CHECK(seen.inbox == inbox);
        CHECK(seen.held == std::vector<std::uint16_t>{8, 3});
        CHECK(seen.dead_letters == service.dead_letters());
        CHECK(seen.ledger.dropped_refused == 3);
        CHECK(seen.ledger.dropped_expired == 1);
        CHECK(seen.ledger.balanced());
        CHECK(must(queue::inspect_dead_letters(path, store::dead_letter_number{2}, 1)) == std::vector{parked[1]});
        CHECK(files_in(here) == files);
    }
    CHECK(must(queue::inspect(path)).inbox == inbox);
    CHECK(must(queue::inspect_dead_letters(path, store::dead_letter_number{1}, 9)) == parked);
    CHECK(code_of(queue::inspect_dead_letters(here.file("no.db"), store::dead_letter_number{1}, 9)) == errc::missing);
}

TEST_CASE("inspect: doesn't hold up the service's checkpoints", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    auto service = open(path);
    for (std::uint64_t n = 1; n <= 800; ++n) {
        must(service.commit(appending(n, 1, 3000)));
        const auto seen = must(queue::inspect(path));
        REQUIRE(seen.ledger == service.ledger());
    }
    CHECK(std::filesystem::file_size(path + "-wal") < 6'000'000);
    CHECK(std::filesystem::file_size(path) > 2'000'000);
}

TEST_CASE("inspect: without the service, after a stop and after a kill, and leaves nothing behind", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    SECTION("stopped") {
        auto stopped = open(path);
        must(stopped.commit(appending(1, 10)));
    }
    SECTION("killed") { leave_killed(path); }
    SECTION("killed, and the shared memory is gone") {
        leave_killed(path);
        std::filesystem::remove(path + "-shm");
    }
    SECTION("copied without its WAL after a stop") {
        {
            auto stopped = open(here.file("original.db"));
            must(stopped.commit(appending(1, 10)));
        }
        std::filesystem::copy_file(here.file("original.db"), path);
    }
    const auto files = files_in(here);
    const auto seen = queue::inspect(path);
    if (files.contains("queue.db-wal") && !files.contains("queue.db-shm")) {
        REQUIRE(code_of(seen) == errc::read_only);
        CHECK_THAT(seen.error().detail(), Contains(path) && Contains("next start"));
    } else {
        REQUIRE(must(queue::inspect(path)).ledger.queued == 10);
    }
    CHECK(files_in(here) == files);
    auto again = open(path);
    CHECK(again.ledger().queued == 10);
}

TEST_CASE("inspect: as somebody who may only read", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    const auto look = [&](bool service_runs, const char* how) {
        CAPTURE(service_runs, how);
        REQUIRE(::chmod(here.path().c_str(), 0555) == 0);
        CHECK(in_child(false, [&] {
                  const auto seen = queue::inspect(path);
                  return seen ? static_cast<int>(seen->ledger.queued) : 90;
              }) == 10);
        REQUIRE(::chmod(here.path().c_str(), 0755) == 0);
    };
    {
        auto service = open(path);
        must(service.commit(appending(1, 10)));
        look(true, "running");
    }
    look(false, "stopped");
    std::filesystem::remove(path);
    leave_killed(path);
    look(false, "killed");

    REQUIRE(::chmod(path.c_str(), 0) == 0);
    REQUIRE(::chmod(here.path().c_str(), 0755) == 0);
    CHECK(in_child(false, [&] {
              const auto seen = queue::inspect(path);
              return !seen && seen.error().code() == errc::read_only && seen.error().detail().find(path) != std::string::npos ? 5
                                                                                                                              : 6;
          }) == 5);
}

TEST_CASE("inspect: what isn't a queue", "[store][inspect]") {
    folder here;
    const std::string path = here.file("queue.db");
    CHECK(code_of(queue::inspect(path)) == errc::missing);
    CHECK(code_of(queue::inspect(here.file("no/queue.db"))) == errc::missing);
    CHECK(code_of(queue::inspect(here.path())) == errc::io);
    std::ofstream(path) << std::string(5000, 'x');
    CHECK(code_of(queue::inspect(path)) == errc::damaged);
    const auto messages = queue::inspect_messages(path, store::sequence{1}, 1, SIZE_MAX);
    for (const std::string& said : {queue::inspect(path).error().detail(), messages.error().detail()})
        CHECK_THAT(said, EndsWith("; the service saves what it can of it when it comes upon this"));
    std::ofstream(path, std::ios::trunc).close();
    CHECK(code_of(queue::inspect(path)) == errc::missing);
}
