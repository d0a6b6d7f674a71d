// tests/store/damage_test.cpp: bytes of the file change at random, as on a dying card. Nothing may crash, and what is read
// is right or is an error: never another message. (Run it with the address sanitizer, too.)
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "tests/store/filled_queue.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;
using store::errc;

namespace {

store::result<store::queue> open(const std::string& path, store::recovery* found = nullptr) {
    store::recovery unused;
    return store::queue::open({path, 4 << 20, store::full_policy::drop_oldest, "boot"}, found != nullptr ? *found : unused);
}

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

constexpr std::size_t page_size = 4096;

std::size_t rows_in(const std::string& file, std::size_t leaf) { return static_cast<std::uint8_t>(file[leaf + 4]); }

/// Where a row's number is in the file, if that and the row's size take a byte each.
std::size_t number_of_row(const std::string& file, std::size_t leaf, std::size_t row) {
    const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<std::uint8_t>(file[at])); };
    const std::size_t offsets = leaf + (file[leaf] == 5 ? 12 : 8) + 2 * row;
    return leaf + 256 * byte(offsets) + byte(offsets + 1) + 1;
}

std::size_t page_of_type(const std::string& file, char type) {
    std::size_t page = page_size;
    while (page < file.size() && file[page] != type) page += page_size;
    REQUIRE(page < file.size());
    return page;
}

/// Where the leaf of the log is that begins with the counters and goes on with segments.
std::size_t first_leaf(const std::string& file) {
    for (std::size_t leaf = page_size; leaf + page_size <= file.size(); leaf += page_size)
        if (file[leaf] == 13 && rows_in(file, leaf) > 10 && file[number_of_row(file, leaf, 0)] == 0) return leaf;
    FAIL("there is no such leaf");
    return 0;
}

/// A queue with 300 messages of both sizes, in many segments, and everything else that a file may hold.
void fill(store::queue& queue) {
    append_up_to(queue, 300);
    fill_beside_log(queue, moving({at(60), at(60), at(60), {}, {}}, 30));
}

/// False: an error. Fails the test if anything else comes out than what fill() put in.
bool read_inbox(store::queue& queue) {
    for (std::int64_t from = 1; from <= 60; from += 7) {
        const auto some = queue.read_inbox(store::inbox_number{from}, 7, SIZE_MAX);
        if (!some) {
            CHECK(some.error().code() == errc::damaged);
            return false;
        }
        for (const auto& m : *some) {
            const auto n = number(m.number);
            if (n > 1'000'000) continue;  // received by use(), with a new number
            if (n < 1 || n > 63 || m.message != received_message(n)) FAIL("received message " << n << " is another");
        }
    }
    return true;
}

bool read_dead_letters(store::queue& queue) {
    for (std::int64_t from = 1; from <= 10; from += 3) {
        const auto some = queue.read_dead_letters(store::dead_letter_number{from}, 3);
        if (!some) {
            CHECK(some.error().code() == errc::damaged);
            return false;
        }
        for (const auto& m : *some) {
            const auto n = number(m.sequence);
            if (number(m.number) > 10) continue;  // parked by use()
            if (n != number(m.number) + 50 || m.reason_code != n || m.reason != "parked" ||
                m.message != make_message(static_cast<std::uint64_t>(n), size_for(n)))
                FAIL("dead letter " << number(m.number) << " is another");
        }
    }
    return true;
}

struct outcome {
    int refused = 0;  // to open
    int errors = 0;   // in reading
    int right = 0;
};

/// Opens, looks at, reads and writes a file that may be damaged; returns whether all was well.
void use(const std::string& path, outcome& all) {
    std::ignore = store::queue::inspect(path);
    std::ignore = store::queue::inspect_dead_letters(path, store::dead_letter_number{1}, 100);
    store::recovery found;
    auto queue = open(path, &found);
    if (!queue) {
        CHECK(!queue.error().detail().empty());
        ++all.refused;
        return;
    }
    bool bad = false;
    for (std::int64_t from = 1; from <= 300; from += 11) {
        const auto some = queue->read(at(from), 11, SIZE_MAX);
        if (!some) {
            CHECK(some.error().code() == errc::damaged);
            bad = true;
            continue;
        }
        for (const auto& m : *some) {
            const auto n = number(m.sequence);
            if (n > 1'000'000) continue;
            if (n < 1 || n > 300 || m.message != make_message(static_cast<std::uint64_t>(n), size_for(n)))
                FAIL("message " << n << " is another");
        }
    }
    bad |= !read_inbox(*queue);
    bad |= !read_dead_letters(*queue);
    std::ignore = queue->commit(appending(301, 3));
    store::transaction received;
    for (const std::int64_t n : {61, 62, 63}) received.receive.push_back(received_message(n));
    std::ignore = queue->commit(received);
    std::ignore = queue->commit(handling({3, 4, 5, 6, 7, 8, 9, 10, 40, 41, 42}));
    store::transaction parking = moving({at(200), at(200), at(300), {at(250)}, {}}, 100);
    parking.park = {{at(65), 1, "late"}, {at(150), 2, "too late"}};
    parking.remove_dead_letters = {store::dead_letter_number{3}};
    if (found.last >= at(300) && found.cursor.acked <= at(200)) std::ignore = queue->commit(parking);
    std::ignore = queue->commit(appending(304, 3, 50000));
    ++(bad ? all.errors : all.right);
}

}  // namespace

TEST_CASE("damage: any byte of the file, nothing crashes and nothing wrong is read", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        fill(queue);
    }
    const std::string sound = bytes_of(path);
    std::mt19937_64 random(1);
    outcome all;
    for (int round = 0; round < 400; ++round) {
        std::string damaged = sound;
        switch (round % 4) {
            case 0:
                damaged[random() % damaged.size()] ^= static_cast<char>(1u << random() % 8);
                break;
            case 1:
                damaged[random() % damaged.size()] = static_cast<char>(random());
                break;
            case 2: {
                const auto page = random() % (damaged.size() / 4096) * 4096;  // where SQLite's own numbers are
                for (int i = 0; i < 4; ++i) damaged[page + random() % 100] = static_cast<char>(random());
                break;
            }
            default: {
                const auto sector = random() % (damaged.size() / 512) * 512;
                for (std::size_t i = 0; i < 512; ++i) damaged[sector + i] = static_cast<char>(random());
            }
        }
        std::filesystem::remove(path + "-wal");
        std::filesystem::remove(path + "-shm");
        put(path, damaged);
        CAPTURE(round);
        use(path, all);
    }
    CHECK(all.refused == 0);
    CHECK(all.right > 300);
}

TEST_CASE("damage: a file cut short", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        fill(queue);
    }
    const std::string sound = bytes_of(path);
    outcome all;
    for (std::size_t size = 1; size < sound.size(); size += 3001) {
        put(path, sound.substr(0, size));
        use(path, all);
    }
    CHECK(all.refused == 0);
}

TEST_CASE("damage: any byte of a WAL that a kill left", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    std::string sound;
    std::string sound_wal;
    {
        auto queue = must(open(path));
        fill(queue);
        sound = bytes_of(path);  // of a process that has done nothing since, as after a kill
        sound_wal = bytes_of(path + "-wal");
    }
    REQUIRE(sound_wal.size() > 100'000);
    std::mt19937_64 random(2);
    outcome all;
    for (int round = 0; round < 100; ++round) {
        std::string damaged = sound_wal;
        for (int i = 0; i < 1 + round % 20; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
        std::filesystem::remove(path + "-shm");
        put(path, sound);
        put(path + "-wal", damaged);
        use(path, all);
    }
    CHECK(all.right > 0);
}

/// As SQL, so that the file as such stays sound.
void change(const std::string& path, const char* sql) {
    store::connection file;
    must(file.open(path, store::connection::access::read_write, nullptr));
    must(file.run(sql));
}

TEST_CASE("damage: one segment is left out and dropped, the rest goes on", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        for (std::uint64_t n = 1; n <= 21; n += 10) must(queue.commit(appending(n, 10)));
    }
    SECTION("by its data") {
        change(path, "UPDATE log SET data = CAST(substr(data, 1, 50) || 'x' || substr(data, 52) AS BLOB) WHERE first = 11");
    }
    SECTION("by its number") { change(path, "UPDATE log SET first = 12 WHERE first = 11"); }
    SECTION("by its count") { change(path, "UPDATE log SET count = 9 WHERE first = 11"); }
    SECTION("by an impossible count") { change(path, "UPDATE log SET count = -5 WHERE first = 11"); }
    store::recovery found;
    auto queue = must(open(path, &found));
    CHECK(!found.damage);
    const auto all = must(queue.read(at(1), 100, SIZE_MAX));
    REQUIRE(all.size() == 20);
    CHECK(number(all[10].sequence) == 21);
    CHECK(must(queue.commit(appending(31, 1))).damaged == 10);
    CHECK(queue.ledger().dropped_damaged == 10);
    CHECK(queue.ledger().balanced());
    must(queue.commit(moving({at(31), at(0), at(31), {}, {}}, 21)));
    CHECK(queue.ledger().queued == 0);
    CHECK(queue.ledger().balanced());
    queue = must(open(here.file("other.db")));
    CHECK(must(store::queue::inspect(path)).ledger.dropped_damaged == 10);
}

TEST_CASE("damage: a tree whose rows are out of order is searched no longer than once", "[store][damage]") {
    folder here;
    const std::string original = here.file("original.db");
    {
        auto queue = must(open(original));
        for (std::uint64_t n = 1; n <= 90; ++n) must(queue.commit(appending(n, 1)));
    }
    // The last row of the first leaf has got a number above all others, and nothing behind it can be right.
    std::string file = bytes_of(original);
    const auto last_row = [&] {
        const std::size_t leaf = first_leaf(file);
        return number_of_row(file, leaf, rows_in(file, leaf) - 1);
    };
    const int number_of_last = file[last_row()];
    REQUIRE((number_of_last > 10 && number_of_last < 90));
    change(original, ("UPDATE log SET count = 0 WHERE first >= " + std::to_string(number_of_last)).c_str());
    file = bytes_of(original);
    REQUIRE(file[last_row()] == number_of_last);
    file[last_row()] = 120;
    // And the page above them sends searches for it to the second leaf.
    const std::size_t above = page_of_type(file, 5);
    const std::size_t border = number_of_row(file, above, 0) + 3;  // after the number of the page below
    REQUIRE(file[border] == number_of_last);
    file[border] = 50;
    const std::string path = here.file("queue.db");
    put(path, file);
    CHECK(code_of(store::queue::inspect(path)) == errc::damaged);
    store::recovery found;
    auto queue = must(open(path, &found));
    REQUIRE(found.damage);
    CHECK_THAT(found.damage->reason, Catch::Contains("out of order"));
    CHECK(found.ledger.queued == static_cast<std::uint64_t>(number_of_last) - 1);
    CHECK(found.ledger.balanced());
}

TEST_CASE("damage: the newest segment; its numbers are not given again", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        for (std::uint64_t n = 1; n <= 21; n += 10) must(queue.commit(appending(n, 10)));
    }
    change(path, "UPDATE log SET count = 4 WHERE first = 21");
    auto queue = must(open(path));
    const auto done = must(queue.commit(appending(31, 1)));
    CHECK(number(done.first) > 30);
    CHECK(done.damaged == 10);  // the counters know
    CHECK(queue.ledger().balanced());
}

TEST_CASE("damage: what was on its way when its segment was dropped, and arrives, isn't lost", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        for (std::uint64_t n = 1; n <= 21; n += 10) must(queue.commit(appending(n, 10)));
    }
    change(path, "UPDATE log SET crc = crc + 1 WHERE first = 11");
    auto queue = must(open(path));
    must(queue.read(at(1), 100, SIZE_MAX));
    CHECK(must(queue.commit(appending(31, 1))).damaged == 10);
    must(queue.commit(moving({at(20), at(0), at(20), {}, {}}, 13)));  // three of them had been sent
    CHECK(queue.ledger().dropped_damaged == 7);
    CHECK(queue.ledger().balanced());
}

TEST_CASE("damage: a segment of received messages is left out and dropped", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        for (std::uint64_t n = 1; n <= 21; n += 10) must(queue.commit(receiving(n, 10)));
        must(queue.commit(handling({15, 22})));
    }
    SECTION("by its data") {
        change(path,
               "UPDATE log SET data = CAST(substr(data, 1, 50) || 'x' || substr(data, 52) AS BLOB) "
               "WHERE first = -4611686018427387904 + 11");
    }
    SECTION("by its count") { change(path, "UPDATE log SET count = 9 WHERE first = -4611686018427387904 + 11"); }
    auto queue = must(open(path));
    CHECK(inbox_of(queue).size() == 19);
    const auto done = must(queue.commit(receiving(31, 1)));
    CHECK(done.received_damaged == 9);
    CHECK(done.inbox.messages == 20);
    CHECK(inbox_of(queue).size() == 20);
}

TEST_CASE("damage: a topic harms only the segments that use it", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    store::transaction work = appending(1, 1);
    {
        auto queue = must(open(path));
        work.append[0].topic = "one";
        must(queue.commit(work));
        work.append[0].topic = "two";
        must(queue.commit(work));
    }
    change(path, "UPDATE text SET text = 'One' WHERE text = 'one'");
    auto queue = must(open(path));
    CHECK(must(queue.read(at(1), 2, SIZE_MAX)).at(0).message.topic == "two");
    work.append[0].topic = "one";
    CHECK(must(queue.commit(work)).damaged == 1);
    CHECK(must(queue.read(at(3), 1, SIZE_MAX)).at(0).message.topic == "one");
}

TEST_CASE("damage: state that fails its checksum, and the file is moved aside", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    {
        auto queue = must(open(path));
        fill(queue);
    }
    SECTION("counters") { change(path, "UPDATE log SET data = x'01' WHERE first = 0"); }
    SECTION("cursor") { change(path, "UPDATE log SET crc = crc + 1 WHERE first = -1"); }
    SECTION("session") { change(path, "UPDATE log SET count = 1 WHERE first = -65537"); }
    SECTION("held identifiers") { change(path, "UPDATE log SET data = x'0100' WHERE first = -65793"); }
    SECTION("inbox") { change(path, "UPDATE log SET crc = crc + 1 WHERE first = -131073"); }
    SECTION("no inbox, though there are received messages") { change(path, "DELETE FROM log WHERE first = -131073"); }
    SECTION("dead letters") { change(path, "UPDATE log SET count = 1 WHERE first = -131074"); }
    SECTION("no counters") { change(path, "DELETE FROM log WHERE first = 0"); }
    CHECK(code_of(store::queue::inspect(path)) == errc::damaged);
    store::recovery found;
    auto queue = must(open(path, &found));
    REQUIRE(found.damage);
    CHECK(found.damage->is_news);
    CHECK(found.damage->salvaged == found.ledger.queued);
    CHECK(found.damage->salvaged >= 240);
    CHECK(found.ledger.balanced());
    queue = must(open(here.file("other.db")));

    must(open(path, &found));
    REQUIRE(found.damage);  // until the damaged file is removed
    CHECK(!found.damage->is_news);
    std::filesystem::remove(path + ".corrupt-1");
    std::filesystem::remove(path + ".corrupt-1-wal");
    must(open(path, &found));
    CHECK(!found.damage);
}

TEST_CASE("damage: lost messages whose numbers the cursor knows are missed, so that none is given twice", "[store][damage]") {
    folder here;
    const std::string path = here.file("queue.db");
    const std::string killed = here.file("killed.db");
    {
        auto queue = must(open(path));
        must(queue.commit(appending(1, 10)));
        must(queue.commit(moving({at(5), at(5), at(5), {}, {}}, 0)));  // writes no counters
        std::filesystem::copy_file(path, killed);
        std::filesystem::copy_file(path + "-wal", killed + "-wal");
    }
    change(killed, "DELETE FROM log WHERE first >= 1");
    store::recovery found;
    auto queue = must(open(killed, &found));
    CHECK(found.damage);
    CHECK(number(must(queue.commit(appending(1, 1))).first) > 10);
}
