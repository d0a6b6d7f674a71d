// tests/store/salvage_disk_test.cpp: the disk fails a salvage: without room it is tried again, and a power cut while a damaged
// file is moved aside costs nothing more.
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "store/queue.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"
#include "tests/store/salvage_queue.hpp"

using namespace test;

TEST_CASE("salvage: no room for the copy is said, and tried again", "[store][salvage]") {
    disk on(3);
    store::tuning with;
    with.vfs = on.name();
    with.files = &on.files();
    store::recovery found;
    auto queue = must(store::open_tuned(how("/queue.db"), with, found));
    fill(queue);
    on.capacity = on.size_of("/queue.db") + on.size_of("/queue.db-wal") + 40'000;
    const store::error why{store::errc::damaged, "found so"};
    const auto failed = queue.salvage(why, found);
    REQUIRE(code_of(failed) == store::errc::full);
    CHECK_THAT(failed.error().detail(), Catch::Contains("free some space"));
    CHECK(code_of(queue.commit(appending_from(1, 1))) == store::errc::damaged);
    CHECK(code_of(queue.read(at(1), 1, 1)) == store::errc::damaged);
    CHECK(!on.exists("/queue.db.salvage"));
    on.capacity.reset();
    must(queue.salvage(why, found));
    CHECK(found.damage->exact);
    CHECK(found.damage->lost == 0);
    CHECK(all_of(queue).size() >= unfinished().size());
}

TEST_CASE("salvage: the power goes at any moment of it", "[store][salvage][power]") {
    std::uint64_t operations = 0;
    std::set<std::int64_t> whole;
    const std::uint64_t step = sanitized ? 41 : 3;
    for (std::uint64_t cut = 0; cut == 0 || cut <= operations; cut += cut == 0 ? 1 : operations - cut < 60 ? 1 : step) {
        disk on(cut + 1);
        store::tuning with;
        with.vfs = on.name();
        with.files = &on.files();
        store::recovery found;
        {
            auto queue = must(store::open_tuned(how("/queue.db"), with, found));
            fill(queue);
        }
        on.power_on();
        std::mt19937_64 random(6);
        for (const char* const name : {"/queue.db", "/queue.db-wal"}) {
            std::string& content = on.content(name);
            for (int i = 0; i < 60; ++i) content[random() % content.size()] = static_cast<char>(random());
        }
        on.content("/queue.db").replace(0, 16, 16, 'x');
        // What is on the disk is durable, damage and all.
        on.make_durable();
        const std::uint64_t before = on.operations();
        if (cut > 0) on.cut_power_in(cut);
        CAPTURE(cut);
        for (int life = 0;; ++life) {
            {
                auto queue = store::open_tuned(how("/queue.db"), with, found);
                if (queue) {
                    if (cut == 0) operations = on.operations() - before;
                    const auto seen = read_log(*queue, found.cursor, nullptr);
                    if (cut == 0) whole = seen;
                    REQUIRE(found.damage);
                    CHECK(found.damage->moved_to == "/queue.db.corrupt-1");
                    CHECK(found.ledger.balanced());
                    CHECK(seen == whole);
                    CHECK(!on.exists("/queue.db.corrupt-2"));
                    CHECK(!on.exists("/queue.db.new"));
                    break;
                }
                if (!on.is_dead()) FAIL(queue.error().detail());
            }
            REQUIRE(life < 3);
            on.power_on();
            if (life == 0) on.cut_power_in(1 + cut * 7 % 50);  // and once more, soon
        }
    }
    CHECK(operations > 40);
    CHECK(whole.size() > 100);
}
