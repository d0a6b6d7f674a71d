// tests/store/gathering_test.cpp: the write path as SQLite's calls see it: what is gathered, and when it must be in the file.
// Not here: what a queue makes of it (write_path_test.cpp, and all tests with a disk).
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "store/tuning.hpp"
#include "store/write_path.hpp"
#include "store/write_run.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::write_path;

namespace {

constexpr int checkpoint_lock = 1, first_reader_lock = 4;
constexpr int take = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE, leave = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;

/// One file of a VFS, opened as SQLite would.
class handle {
public:
    handle(sqlite3_vfs* on, const char* name, int kind)
        : memory_(static_cast<std::size_t>(on->szOsFile) / sizeof(std::max_align_t) + 1) {
        REQUIRE(on->xOpen(on, name, file(), kind | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) == SQLITE_OK);
    }
    ~handle() { close(); }
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;
    int close() {
        if (file()->pMethods == nullptr) return SQLITE_OK;
        if (mapped_) CHECK(calls().xShmUnmap(file(), 0) == SQLITE_OK);
        mapped_ = false;
        const int done = calls().xClose(file());
        file()->pMethods = nullptr;
        return done;
    }
    int write(const std::string& what, std::int64_t at) {
        return calls().xWrite(file(), what.data(), static_cast<int>(what.size()), at);
    }
    int sync() { return calls().xSync(file(), SQLITE_SYNC_NORMAL); }
    int truncate(std::int64_t size) { return calls().xTruncate(file(), size); }
    std::string read(int size, std::int64_t at) {
        std::string found(static_cast<std::size_t>(size), '\0');
        CHECK(calls().xRead(file(), found.data(), size, at) == SQLITE_OK);
        return found;
    }
    std::int64_t size() {
        sqlite3_int64 found = 0;
        CHECK(calls().xFileSize(file(), &found) == SQLITE_OK);
        return found;
    }
    void map() {
        void volatile* ignored = nullptr;
        REQUIRE(calls().xShmMap(file(), 0, 32768, 1, &ignored) == SQLITE_OK);
        mapped_ = true;
    }
    int lock(int slot, int how) { return calls().xShmLock(file(), slot, 1, how); }
    void barrier() { calls().xShmBarrier(file()); }

private:
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
    const sqlite3_io_methods& calls() { return *file()->pMethods; }
    std::vector<std::max_align_t> memory_;
    bool mapped_ = false;
};

/// A database and its WAL.
struct pair {
    pair(const std::string& name, const char* on, write_path::gather what = write_path::gather::runs)
        : wal_name(name + "-wal"),
          names(sqlite3_create_filename(name.c_str(), (name + "-journal").c_str(), wal_name.c_str(), 0, nullptr)) {
        must(path.over(on, what));
        sqlite3_vfs* const vfs = sqlite3_vfs_find(path.name());
        database = std::make_unique<handle>(vfs, names, SQLITE_OPEN_MAIN_DB);
        wal = std::make_unique<handle>(vfs, sqlite3_filename_wal(names), SQLITE_OPEN_WAL);
        database->map();
    }
    ~pair() {
        wal.reset();
        database.reset();
        sqlite3_free_filename(names);
    }
    write_path path;
    std::string wal_name;
    sqlite3_filename names;
    std::unique_ptr<handle> database, wal;
};

struct on_disk : pair {
    explicit on_disk(disk& on, write_path::gather what = write_path::gather::runs) : pair("q.db", on.name(), what), where(on) {}
    const std::string& seen(const std::string& name = "q.db-wal") { return where.content(name); }
    disk& where;
};

}  // namespace

TEST_CASE("gathering: a run takes what follows, as long as there is room", "[store][path]") {
    store::write_run run;
    CHECK(run.take("ab", 10));
    CHECK_FALSE(run.take("x", 11));
    CHECK_FALSE(run.take("x", 13));
    CHECK(run.take("cd", 12));
    CHECK((run.bytes() == "abcd" && run.offset() == 10));
    CHECK_FALSE(run.take(std::string(store::write_run::capacity - 3, 'x'), 14));
    CHECK(run.take(std::string(store::write_run::capacity - 4, 'x'), 14));
    CHECK_FALSE(run.take("x", 10 + static_cast<std::int64_t>(store::write_run::capacity)));
    run.clear();
    CHECK((run.empty() && run.take("e", 3) && run.bytes() == "e" && run.offset() == 3));
}

TEST_CASE("gathering: writes to the WAL are one by its sync", "[store][path]") {
    disk where(1);
    on_disk at(where);
    const auto before = where.operations();
    CHECK(at.wal->write("head", 0) == SQLITE_OK);
    CHECK(at.wal->write("page", 4) == SQLITE_OK);
    CHECK((at.seen().empty() && at.path.counts().bytes == 0));
    CHECK(at.wal->sync() == SQLITE_OK);
    CHECK(at.seen() == "headpage");
    CHECK(where.operations() == before + 2);
    CHECK(at.path.counts() == store::write_counts{8, 1});
}

TEST_CASE("gathering: what comes after the sync is written at once, until the commit is shown", "[store][path]") {
    disk where(1);
    on_disk at(where);
    CHECK(at.wal->write("frame", 0) == SQLITE_OK);
    CHECK(at.wal->sync() == SQLITE_OK);
    CHECK(at.wal->write(std::string(24, 'r'), 5) == SQLITE_OK);  // as long as a frame's header
    CHECK(at.seen().size() == 29);
    SECTION("by a barrier") { at.database->barrier(); }
    SECTION("by a lock") { CHECK(at.database->lock(0, leave) == SQLITE_OK); }
    CHECK(at.wal->write("next", 29) == SQLITE_OK);
    CHECK(at.seen().size() == 29);
}

TEST_CASE("gathering: whatever would see the difference comes after", "[store][path]") {
    disk where(1);
    on_disk at(where);
    CHECK(at.wal->write("abcd", 0) == SQLITE_OK);
    REQUIRE(at.seen().empty());
    std::string expected = "abcd";
    SECTION("a read") { CHECK(at.wal->read(4, 0) == "abcd"); }
    SECTION("the size") { CHECK(at.wal->size() == 4); }
    SECTION("a barrier") { at.database->barrier(); }
    SECTION("a lock") { CHECK(at.database->lock(0, take) == SQLITE_OK); }
    SECTION("closing") { CHECK(at.wal->close() == SQLITE_OK); }
    SECTION("cutting off") {
        CHECK(at.wal->truncate(2) == SQLITE_OK);
        expected = "ab";
    }
    SECTION("a write elsewhere") { CHECK(at.wal->write("x", 100) == SQLITE_OK); }
    SECTION("a write over it") {
        CHECK(at.wal->write("x", 1) == SQLITE_OK);
        CHECK(at.wal->sync() == SQLITE_OK);
        expected = "axcd";
    }
    CHECK(at.seen() == expected);
}

TEST_CASE("gathering: more than a run has room for is written in order", "[store][path]") {
    disk where(1);
    on_disk at(where);
    std::string all;
    for (int i = 0; i < 100; ++i) {
        const std::string piece(4120, static_cast<char>('A' + i % 50));
        CHECK(at.wal->write(piece, static_cast<std::int64_t>(all.size())) == SQLITE_OK);
        all += piece;
    }
    const std::string larger(store::write_run::capacity + 1, 'z');
    CHECK(at.wal->write(larger, static_cast<std::int64_t>(all.size())) == SQLITE_OK);
    CHECK(at.wal->sync() == SQLITE_OK);
    CHECK(at.seen() == all + larger);
}

TEST_CASE("gathering: what fails is told by the next call that can", "[store][path]") {
    disk where(1);
    on_disk at(where);
    CHECK(at.wal->write("abcd", 0) == SQLITE_OK);
    SECTION("the sync") {
        where.capacity = 0;
        CHECK(at.wal->sync() == SQLITE_FULL);
    }
    SECTION("cutting off") {
        where.fail_in(1);
        CHECK(at.wal->truncate(0) == SQLITE_IOERR_WRITE);
    }
    SECTION("the sync after a barrier") {
        where.capacity = 0;
        at.database->barrier();
        CHECK(at.wal->sync() == SQLITE_FULL);
    }
    SECTION("the write after a lock") {
        where.fail_in(1);
        CHECK(at.database->lock(0, take) == SQLITE_OK);
        CHECK(at.wal->write("e", 4) == SQLITE_IOERR_WRITE);
    }
    where.capacity.reset();
    CHECK(at.path.counts() == store::write_counts{});
    CHECK(at.wal->write("good", 0) == SQLITE_OK);  // told once
    CHECK(at.wal->sync() == SQLITE_OK);
    CHECK(at.seen() == "good");
}

TEST_CASE("gathering: the database is gathered in a checkpoint alone", "[store][path]") {
    disk where(1);
    on_disk at(where);
    CHECK(at.database->write("a", 0) == SQLITE_OK);
    CHECK(at.seen("q.db") == "a");
    CHECK(at.database->lock(checkpoint_lock, take) == SQLITE_OK);
    CHECK(at.database->write("b", 1) == SQLITE_OK);
    CHECK(at.seen("q.db") == "a");
    SECTION("until it ends") {
        CHECK(at.database->lock(checkpoint_lock, leave) == SQLITE_OK);
        CHECK(at.seen("q.db") == "ab");
        CHECK(at.database->write("c", 2) == SQLITE_OK);
        CHECK(at.seen("q.db") == "abc");
    }
    SECTION("until it is synced") {
        CHECK(at.database->sync() == SQLITE_OK);
        CHECK(at.seen("q.db") == "ab");
    }
    SECTION("and a failure is told before it counts as done") {
        where.fail_in(1);
        CHECK(at.database->truncate(2) == SQLITE_IOERR_WRITE);
    }
}

TEST_CASE("gathering: one file's bytes don't get into the other", "[store][path]") {
    disk where(1);
    on_disk at(where);
    CHECK(at.database->lock(checkpoint_lock, take) == SQLITE_OK);
    CHECK(at.wal->write("ab", 0) == SQLITE_OK);
    CHECK(at.database->write("c", 2) == SQLITE_OK);
    CHECK(at.wal->sync() == SQLITE_OK);
    CHECK(at.database->sync() == SQLITE_OK);
    CHECK(at.seen() == "ab");
    CHECK(at.seen("q.db") == std::string("\0\0c", 3));
}

TEST_CASE("gathering: a checkpoint that a reader holds back isn't gathered", "[store][path]") {
    folder here;
    const std::string name = here.file("q.db");
    pair ours(name, nullptr);
    pair other(name, nullptr);
    CHECK(other.database->lock(first_reader_lock, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED) == SQLITE_OK);
    CHECK(ours.database->lock(checkpoint_lock, take) == SQLITE_OK);
    CHECK(ours.database->lock(first_reader_lock, take) == SQLITE_BUSY);
    CHECK(ours.database->write("page", 0) == SQLITE_OK);
    CHECK(other.database->size() == 4);
    CHECK(ours.database->lock(checkpoint_lock, leave) == SQLITE_OK);
    CHECK(other.database->lock(first_reader_lock, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED) == SQLITE_OK);
}

TEST_CASE("gathering: not where commits aren't synced", "[store][path]") {
    disk where(1);
    on_disk at(where, write_path::gather::nothing);
    CHECK(at.wal->write("a", 0) == SQLITE_OK);
    CHECK(at.seen() == "a");
}

TEST_CASE("gathering: a large commit takes few writes, one that isn't synced many", "[store][path]") {
    const auto operations = [](const char* synchronous) {
        disk on(1);
        store::tuning with;
        with.vfs = on.name();
        with.synchronous = synchronous;
        store::recovery found;
        auto queue = must(open_tuned({"queue.db", 16 << 20, store::full_policy::drop_oldest, "boot"}, with, found));
        must(queue.commit(appending(1, 10)));
        const auto before = on.operations();
        must(queue.commit(appending(11, 1000, 200)));
        return on.operations() - before;
    };
    CHECK(operations("FULL") <= 6);
    CHECK(operations("NORMAL") > 100);
    CHECK(operations("OFF") > 100);
}

TEST_CASE("gathering: somebody beside the queue sees each commit at once", "[store][path]") {
    folder here;
    const std::string name = here.file("queue.db");
    store::recovery found;
    auto queue = must(store::queue::open({name, 16 << 20, store::full_policy::drop_oldest, "boot"}, found));
    std::uint64_t sum = 0;
    for (std::uint64_t i = 1; i <= 60; ++i) {
        const std::size_t count = i % 5 == 0 ? 1000 : i;
        must(queue.commit(appending(sum + 1, count, 150)));
        sum += count;
        CHECK(must(store::queue::inspect(name)).ledger.queued == sum);
        if (i % 10 != 0) continue;
        store::connection beside;
        must(beside.open(name, store::connection::access::read_only, nullptr));
        CHECK(must(beside.text("PRAGMA integrity_check")) == "ok");
    }
}
