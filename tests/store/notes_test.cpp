// tests/store/notes_test.cpp: audit entries, a ring whose oldest go, and memories, texts under names: kept, bounded, found again
// after damage, and added to files of older versions.
// Not here: power cuts (world.hpp) and kills (kill_test.cpp), which know both as well.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "tests/store/filled_queue.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::audit_number;
using texts = std::vector<std::string>;

namespace {

constexpr audit_number newest{INT64_MAX};

struct bench {
    folder here;
    store::options how{here.file("queue.db"), 4 << 20, store::full_policy::drop_oldest, "boot"};
    store::recovery found;
    store::queue open() { return must(store::queue::open(how, found)); }
    void run_sql(const char* sql) {
        store::connection file;
        must(file.open(how.path, store::connection::access::read_write, nullptr));
        must(file.run(sql));
    }
};

store::transaction auditing(const texts& entries) {
    store::transaction made;
    made.audit = entries;
    return made;
}

store::transaction remembering(const std::string& name, const std::string& text) {
    store::transaction made;
    made.remember.push_back({name, text});
    return made;
}

texts audit_of(store::queue& queue) {
    texts found;
    for (const auto& each : must(queue.read_audit(newest, 1000))) found.push_back(each.text);
    return found;
}

std::string recalled(store::queue& queue, const std::string& name) {
    for (const auto& each : must(queue.recall()))
        if (each.name == name) return each.text;
    return "(nothing)";
}

}  // namespace

TEST_CASE("audit: entries come back newest first, in portions, beside a running service, after a restart", "[store][notes]") {
    bench b;
    {
        auto queue = b.open();
        must(queue.commit(auditing({"one", "two"})));
        must(queue.commit(auditing({"three"})));
        CHECK(audit_of(queue) == texts{"three", "two", "one"});
        CHECK(must(store::queue::inspect_audit(b.how.path, newest, 2)) == must(queue.read_audit(newest, 2)));
    }
    auto queue = b.open();
    must(queue.commit(auditing({"four"})));
    const auto two = must(queue.read_audit(newest, 2));
    REQUIRE(two.size() == 2);
    CHECK(two[0] == store::audit_entry{audit_number{4}, "four"});
    const auto rest = must(queue.read_audit(two[1].number, 9));
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].text == "two");
}

TEST_CASE("audit: the oldest go, by number and by bytes", "[store][notes]") {
    bench b;
    SECTION("by number, also of an earlier process") {
        b.how.audit_max = 3;
        must(b.open().commit(auditing({"one", "two"})));
        auto queue = b.open();
        must(queue.commit(auditing({"three", "four"})));
        CHECK(audit_of(queue) == texts{"four", "three", "two"});
    }
    SECTION("by bytes") {
        b.how.audit_max_bytes = 1000;
        auto queue = b.open();
        for (const char c : {'a', 'b', 'c', 'd'}) must(queue.commit(auditing({std::string(400, c)})));
        CHECK(audit_of(queue) == texts{std::string(400, 'd'), std::string(400, 'c')});
    }
    SECTION("of a small queue a sixteenth") {
        b.how.max_bytes = 1 << 20;
        auto queue = b.open();
        for (int i = 0; i < 100; ++i) must(queue.commit(auditing({std::string(4000, 'a')})));
        CHECK(audit_of(queue).size() == (1 << 20) / 16 / 4000);
    }
}

TEST_CASE("memory: a text is remembered under its name until it is replaced or forgotten", "[store][notes]") {
    bench b;
    {
        auto queue = b.open();
        must(queue.commit(remembering("boiler", "first")));
        must(queue.commit(remembering("boiler", "lacks 7\nand 9")));
        must(queue.commit(remembering("hall", "")));
    }
    auto queue = b.open();
    CHECK(must(queue.recall()).size() == 2);
    CHECK(recalled(queue, "boiler") == "lacks 7\nand 9");
    CHECK(recalled(queue, "hall") == "");
    store::transaction work;
    work.forget = {"boiler", "never known"};
    must(queue.commit(work));
    CHECK(recalled(queue, "boiler") == "(nothing)");
    CHECK(recalled(queue, "hall") == "");
}

TEST_CASE("memory: what has no room isn't kept and is told; replacing needs none", "[store][notes]") {
    bench b;
    b.how.memories_max = 2;
    b.how.memories_max_bytes = 1000;
    auto queue = b.open();
    CHECK(must(queue.commit(remembering("a", std::string(400, 'x')))).not_remembered.empty());
    CHECK(must(queue.commit(remembering("b", std::string(400, 'x')))).not_remembered.empty());
    CHECK(must(queue.commit(remembering("c", "short"))).not_remembered == texts{"c"});
    CHECK(must(queue.commit(remembering("a", std::string(590, 'y')))).not_remembered.empty());
    CHECK(must(queue.commit(remembering("b", std::string(500, 'y')))).not_remembered == texts{"b"});
    CHECK(recalled(queue, "b") == std::string(400, 'x'));
    CHECK(recalled(queue, "c") == "(nothing)");
}

TEST_CASE("notes: one that fails its checksum is left out, the others come", "[store][notes]") {
    bench b;
    must(b.open().commit(auditing({"one", "two", "three"})));
    must(b.open().commit(remembering("a", "x")));
    must(b.open().commit(remembering("b", "y")));
    b.run_sql(
        "UPDATE audit SET data = 'tow' WHERE number = 2; UPDATE memory SET data = 'a' || char(10) || 'z' WHERE data LIKE 'a%'");
    auto queue = b.open();
    CHECK(audit_of(queue) == texts{"three", "one"});
    CHECK(recalled(queue, "a") == "(nothing)");
    CHECK(recalled(queue, "b") == "y");
}

TEST_CASE("notes: are in the same transaction as what is handled", "[store][notes]") {
    bench b;
    auto queue = b.open();
    must(queue.commit(receiving(1, 2)));
    auto work = handling({1});
    work.audit = {"done"};
    work.append = {make_message(1, 20)};
    must(queue.commit(work));
    CHECK(inbox_of(queue).size() == 1);
    CHECK(audit_of(queue) == texts{"done"});
}

TEST_CASE("notes: a damaged file is salvaged with them", "[store][notes]") {
    bench b;
    {
        auto queue = b.open();
        append_up_to(queue, 200);
        fill_beside_log(queue, moving({at(60), at(60), at(80), {}, {}}, 28));
    }
    // The page that leads to all tables.
    std::fstream(b.how.path, std::ios::binary | std::ios::in | std::ios::out).seekp(100).write("garbage", 7);
    auto queue = b.open();
    REQUIRE(b.found.damage);
    const auto audit = must(queue.read_audit(newest, 100));
    REQUIRE(audit.size() == 30);
    for (const auto& each : audit) CHECK(each.text == audit_text(number(each.number)));
    for (std::int64_t n = 1; n <= 5; ++n) CHECK(recalled(queue, "memory " + std::to_string(n)) == memory_text(n));
    must(queue.commit(auditing({"after"})));
    CHECK(number(must(queue.read_audit(newest, 1)).front().number) == 31);
}

TEST_CASE("notes: a file of version 3 gets their tables, and its counters say the new version", "[store][notes]") {
    bench b;
    must(b.open().commit(appending(1, 3)));
    b.run_sql("DROP TABLE audit; DROP TABLE memory; PRAGMA user_version=3");
    CHECK(must(store::queue::inspect_audit(b.how.path, newest, 9)).empty());
    {
        auto queue = b.open();
        CHECK(!b.found.damage);
        CHECK(all_of(queue).size() == 3);
        must(queue.commit(auditing({"one"})));
        must(queue.commit(remembering("a", "x")));
    }
    auto queue = b.open();
    CHECK(audit_of(queue) == texts{"one"});
    CHECK(recalled(queue, "a") == "x");
    CHECK(must(store::queue::inspect_audit(b.how.path, newest, 9)).size() == 1);
}
