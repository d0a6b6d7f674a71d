// tests/gateway/delivery/queue_damage_test.cpp: the words of the alarm.
#include "gateway/delivery/queue_damage.hpp"

#include <catch2/catch.hpp>

TEST_CASE("queue damage: what became of it, in words", "[gateway][alarms]") {
    gateway::queue_damage known;
    known.file = store::damage{};
    known.file->reason = "q.db: its WAL is damaged before its end";
    known.file->moved_to = "q.db.corrupt-1";
    known.file->salvaged = 120;
    known.file->repeated = 5;
    known.file->lost = 7;
    known.file->exact = true;
    const std::string start =
        "q.db: its WAL is damaged before its end; moved to q.db.corrupt-1, remove it when nobody needs it "
        "any more; salvaged 120 messages, of which 5 ";
    CHECK(known.words() == start + "may arrive twice; lost 7");
    SECTION("not exact") {
        known.file->exact = false;
        known.file->ledger_lost = true;
        CHECK(known.words() ==
              start + "or more may arrive twice; lost at least 7; the ledger's counts are lost, too, and begin anew");
    }
    SECTION("others than the log's") {
        known.file->received_lost = 1;
        known.file->dead_letters_lost = 2;
        CHECK(known.words() == start + "may arrive twice; lost 7, and 1 received ones, and 2 dead letters");
    }
    SECTION("in place") {
        known.dropped = 3;
        CHECK(known.words() == start + "may arrive twice; lost 7; 3 messages fail their checksums and are dropped");
        known.file.reset();
        CHECK(known.words() == "3 messages fail their checksums and are dropped");
    }
}
