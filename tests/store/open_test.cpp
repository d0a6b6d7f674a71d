// tests/store/open_test.cpp: opening a queue file in a real folder, in all the ways in which that can go wrong.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "store/queue.hpp"
#include "store/schema.hpp"
#include "store/segment.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using Catch::Contains;
using store::errc;

namespace {

store::result<store::queue> open(const std::string& path, store::recovery& found) {
    return store::queue::open({path, 1 << 20, store::full_policy::drop_oldest, "boot-1"}, found);
}

store::result<store::queue> open(const std::string& path) {
    store::recovery found;
    return open(path, found);
}

void run_sql(const std::string& path, const char* sql) {
    store::connection file;
    must(file.open(path, store::connection::access::read_write, nullptr));
    must(file.run(sql));
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string hex(const std::string& bytes) {
    std::string made;
    for (const char c : bytes) {
        constexpr char digits[] = "0123456789abcdef";
        made += digits[static_cast<std::uint8_t>(c) >> 4];
        made += digits[static_cast<std::uint8_t>(c) & 15];
    }
    return made;
}

/// As version 1 made it: messages 1 to 3, of which 1 is acknowledged; their topic is a/b.
void make_version_1(const std::string& path, const char* vfs) {
    store::connection file;
    must(file.open(path, store::connection::access::read_write, vfs));
    must(file.run("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL"));
    must(
        file.run("BEGIN;"
                 "CREATE TABLE log(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL);"
                 "CREATE TABLE text(id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, text TEXT NOT NULL)"));
    const auto put = [&](std::int64_t key, std::int64_t count, const std::string& data) {
        must(file.run(("INSERT INTO log VALUES(" + std::to_string(key) + "," + std::to_string(count) + "," +
                       std::to_string(store::row_checksum(key, count, data)) + ",x'" + hex(data) + "')")
                          .c_str()));
    };
    put(0, 0, std::string("\x01\x03\x03\x01\x00\x02\x00\x00\x80\x80\x40", 11));  // 2 more were dropped_newest
    put(-1, 0, std::string("\x01\x01\x01\x03\x00\x00", 6));
    put(1, 3, std::string("\x01\x01", 2) + std::string("\x02\x01\x00\x00\x01x\x02\x01\x00\x00\x01y\x02\x01\x00\x00\x01z", 18));
    for (const auto& [id, text] : {std::pair{1, "boot-0"}, std::pair{2, "a/b"}})
        must(file.run(("INSERT INTO text VALUES(" + std::to_string(id) + "," + std::to_string(store::row_checksum(id, 0, text)) +
                       ",'" + text + "')")
                          .c_str()));
    must(file.run("PRAGMA application_id=0x54694761; PRAGMA user_version=1; COMMIT"));
}

/// Nothing is wrong with a queue that make_version_1() made and that was opened since.
void check_version_1(store::queue& queue, const store::recovery& found) {
    CHECK(!found.created);
    CHECK(number(found.cursor.acked) == 1);
    CHECK(found.ledger == store::ledger{5, 1, 2, 0, 2, 0, 0, 0});
    CHECK(found.held.empty());
    CHECK(found.inbox == store::inbox_counts{});
    const auto there = must(queue.read(at(2), 9, SIZE_MAX));
    REQUIRE(there.size() == 2);
    CHECK(there[1].message == store::message{"a/b", "z", 1, false, {}});
    CHECK(dead_letters_of(queue).empty());
    CHECK(inbox_of(queue).empty());
}

/// Runs `what` as a user without any rights, in a process of its own, since tests may run as root.
template <typename F>
bool holds_for_nobody(F what) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(2);
        ::_exit(what() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("open: makes the file once; a clean stop leaves all in it, and the WAL at its size", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    store::recovery found;
    std::uintmax_t wal = 0;
    {
        auto queue = must(open(path, found));
        CHECK(found.created);
        for (std::uint64_t n = 1; n <= 99; n += 3) must(queue.commit(appending(n, 3)));
        wal = std::filesystem::file_size(path + "-wal");
        CHECK(wal > 200'000);
    }
    CHECK(std::filesystem::file_size(path + "-wal") == wal);
    const std::string copy = here.file("copy.db");
    std::filesystem::copy_file(path, copy);  // without the WAL
    {
        auto queue = must(open(copy));
        CHECK(all_of(queue).size() == 99);
    }
    auto queue = must(open(path, found));
    CHECK(!found.created);
    CHECK(all_of(queue).size() == 99);
}

TEST_CASE("open: the file is what schema.hpp says", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        store::transaction work = appending(1, 2000, 300);
        work.session = store::session_record{"client", "broker", 3};
        must(queue.commit(work));
        work = receiving(1, 2);
        work.held = {5};
        work.cursor = store::cursor{at(1), at(0), at(0), {}, {}};
        work.settled.refused = 1;
        work.park = {{at(1), 0x83, "no"}};
        must(queue.commit(work));
    }
    store::connection file;
    must(file.open(path, store::connection::access::immutable, nullptr));
    CHECK(must(file.integer("PRAGMA application_id")) == 0x54694761);
    CHECK(must(file.integer("PRAGMA user_version")) == 5);
    CHECK(must(file.integer("PRAGMA page_size")) == 4096);
    CHECK(must(file.integer("PRAGMA auto_vacuum")) == 2);
    CHECK(must(file.text("PRAGMA integrity_check")) == "ok");
    CHECK(must(file.integer("SELECT max(length(data)) FROM log")) <= 256 * 1024);
    CHECK(must(file.integer("SELECT count(*) FROM log WHERE first >= 1")) == 3);
    CHECK(must(file.integer("SELECT sum(count) FROM log WHERE first >= 1")) == 2000);
    CHECK(must(file.text("SELECT group_concat(first) FROM (SELECT first FROM log WHERE first < 1 ORDER BY first)")) ==
          "-4611686018427387903,-131074,-131073,-65793,-65537,-1,0");
    CHECK(must(file.integer("SELECT count FROM log WHERE first = -4611686018427387903")) == 2);
    CHECK(must(file.integer("SELECT number FROM dead_letter")) == 1);
    CHECK(must(file.text("SELECT text FROM text WHERE id = 1")) == "boot-1");
}

TEST_CASE("open: one process writes, the next may when it is gone", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto first = must(open(path));
        const auto second = open(path);
        REQUIRE(code_of(second) == errc::in_use);
        CHECK_THAT(second.error().detail(), Contains(path) && Contains("another Tidegate") && Contains("stop it"));
        must(first.commit(appending(1, 1)));
    }
    CHECK(code_of(open(path)) == errc::none);
}

TEST_CASE("open: what can't be, with what to do about it", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    SECTION("no such folder") {
        const auto failed = open(here.file("no/such/queue.db"));
        REQUIRE(code_of(failed) == errc::missing);
        CHECK_THAT(failed.error().detail(), Contains("create the folder " + here.file("no/such")));
    }
    SECTION("a folder in its place") {
        REQUIRE(::mkdir(path.c_str(), 0755) == 0);
        const auto failed = open(path);
        REQUIRE(code_of(failed) == errc::io);
        CHECK_THAT(failed.error().detail(), Contains(path) && Contains("not a file"));
    }
    SECTION("not a database") {
        std::ofstream(path) << std::string(5000, 'x');
        must(open(path));  // salvage_test.cpp
        CHECK(std::ifstream(path + ".corrupt-1").get() == 'x');
    }
    SECTION("another program's database") {
        run_sql(path, "CREATE TABLE cookies(id)");
        const auto failed = open(path);
        REQUIRE(code_of(failed) == errc::foreign);
        CHECK_THAT(failed.error().detail(), Contains("not a Tidegate queue"));
        run_sql(path, "INSERT INTO cookies VALUES(1)");
    }
    SECTION("a newer version's") {
        std::ignore = open(path);
        run_sql(path, "PRAGMA user_version=6");
        const auto failed = open(path);
        REQUIRE(code_of(failed) == errc::newer);
        CHECK_THAT(failed.error().detail(), Contains("format 6") && Contains("newer version"));
    }
    SECTION("a newer version's, by a byte that was garbled: it is this one's, and is salvaged") {
        std::ignore = must(open(path)).commit(appending(1, 3));
        std::fstream(path, std::ios::binary | std::ios::in | std::ios::out).seekp(63).put('\xC4');
        store::recovery found;
        auto queue = must(open(path, found));
        REQUIRE(found.damage);
        CHECK_THAT(found.damage->reason, Contains("version"));
        CHECK(all_of(queue).size() == 3);
    }
    SECTION("no rights on the folder") {
        REQUIRE(::chmod(here.path().c_str(), 0755) == 0);
        if (::geteuid() != 0) REQUIRE(::chmod(here.path().c_str(), 0555) == 0);
        CHECK(holds_for_nobody([&] {
            const auto failed = open(path);
            return code_of(failed) == errc::read_only && failed.error().detail().find(path) != std::string::npos &&
                   failed.error().detail().find("give ") != std::string::npos;
        }));
        REQUIRE(::chmod(here.path().c_str(), 0755) == 0);
    }
    SECTION("no rights on the file") {
        std::ignore = open(path);
        REQUIRE(::chmod(here.path().c_str(), 0777) == 0);
        REQUIRE(::chmod((path + ".lock").c_str(), 0666) == 0);
        REQUIRE(::chmod(path.c_str(), 0444) == 0);
        CHECK(holds_for_nobody([&] { return code_of(open(path)) == errc::read_only; }));
    }
}

TEST_CASE("open: a file of version 1 can be looked at as it is, and is brought up to date by the service", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    make_version_1(path, nullptr);
    CHECK(must(store::queue::inspect(path)).ledger.queued == 2);
    CHECK(must(store::queue::inspect_dead_letters(path, store::dead_letter_number{1}, 9)).empty());

    store::recovery found;
    for (int i = 0; i < 2; ++i) {
        auto queue = must(open(path, found));
        check_version_1(queue, found);
    }
    auto queue = must(open(path, found));
    auto work = receiving(1, 2);
    work.append = {make_rich_message(10, 40)};
    work.held = {7};
    work.cursor = store::cursor{at(2), at(2), at(3), {}, {}};
    work.settled.refused = 1;
    work.park = {{at(2), 0x80, "no"}};
    must(queue.commit(work));
    CHECK(dead_letters_of(queue).size() == 1);
    CHECK(inbox_of(queue).size() == 2);
    CHECK(queue.ledger().balanced());
    CHECK(must(store::queue::inspect_dead_letters(path, store::dead_letter_number{1}, 9)) == dead_letters_of(queue));
}

TEST_CASE("open: a power cut while a file of version 1 is brought up to date does it no harm", "[store][open]") {
    std::uint64_t dead = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        test::disk disk(seed);
        store::tuning with;
        with.vfs = disk.name();
        const store::options how{"queue.db", 1 << 20, store::full_policy::drop_oldest, "boot-1"};
        make_version_1("queue.db", disk.name());
        store::recovery found;
        disk.cut_power_in(1 + seed % 25);
        std::ignore = open_tuned(how, with, found);
        dead += disk.is_dead() ? 1 : 0;
        disk.power_on();
        auto queue = must(open_tuned(how, with, found));
        check_version_1(queue, found);
    }
    CHECK(dead > 20);
}

TEST_CASE("open: a power cut while the file is made isn't taken for damage", "[store][open]") {
    std::uint64_t cut_in_header = 0;
    for (std::uint64_t seed = 1; seed <= 8000; ++seed) {
        test::disk disk(seed);
        store::tuning with;
        with.vfs = disk.name();
        with.files = &disk.files();
        const store::options how{"/queue.db", 1 << 20, store::full_policy::drop_oldest, "boot-1"};
        store::recovery found;
        disk.cut_power_in(1 + seed % 10);
        std::ignore = open_tuned(how, with, found);
        disk.power_on();
        const std::uint64_t size = disk.size_of("/queue.db");
        cut_in_header += size > 0 && size < 100 ? 1 : 0;
        std::ignore = must(open_tuned(how, with, found));
        CHECK(!found.damage);
    }
    CHECK(cut_in_header > 0);
}

TEST_CASE("open: a file without a byte, as a power cut leaves it, is a new queue", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    std::ofstream(path).close();
    store::recovery found;
    auto queue = must(open(path, found));
    CHECK(found.created);
    must(queue.commit(appending(1, 1)));
}

TEST_CASE("open: any name will do", "[store][open]") {
    folder here;
    for (const std::string name :
         {"with space.db", "100%.db", "what?.db", "a#b.db", "a&b=c.db", "möwe.db", ":memory:", "q'uote\".db"}) {
        CAPTURE(name);
        {
            auto queue = must(open(here.file(name)));
            must(queue.commit(appending(1, 2)));
        }
        CHECK(exists(here.file(name)));
        auto queue = must(open(here.file(name)));
        CHECK(all_of(queue).size() == 2);
        CHECK(must(store::queue::inspect(here.file(name))).ledger.queued == 2);
    }
    CHECK(must(open(std::string("/").append(here.file("two-slashes.db")))).ledger().balanced());
}

TEST_CASE("open: beside a reader who won't let go it starts all the same", "[store][open]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        must(queue.commit(appending(1, 2)));
    }
    store::connection reader;
    must(reader.open(path, store::connection::access::read_write, nullptr));
    must(reader.run("BEGIN"));
    CHECK(must(reader.integer("SELECT count(*) FROM log")) > 0);
    auto queue = must(open(path));
    must(queue.commit(appending(3, 2)));
    CHECK(all_of(queue).size() == 4);
}
