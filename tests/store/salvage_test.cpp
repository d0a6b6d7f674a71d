// tests/store/salvage_test.cpp: whatever bytes of a queue's files change, it opens, nothing wrong comes out of it, and what is
// missing is counted.
// Not here: what goes wrong while it is salvaged (salvage_disk_test.cpp).
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"
#include "tests/store/salvage_queue.hpp"

using namespace test;

namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

struct snapshot {
    std::string file, wal;
};

snapshot make(bool killed) {
    folder here;
    const std::string path = here.file("queue.db");
    snapshot made;
    store::recovery found;
    {
        auto queue = must(store::queue::open(how(path), found));
        fill(queue);
        made = {bytes_of(path), bytes_of(path + "-wal")};
    }
    if (!killed) made = {bytes_of(path), bytes_of(path + "-wal")};
    return made;
}

struct outcome {
    int moved = 0;
    int exact = 0;
    int dropped_in_place = 0;
    int untold = 0;  // the last commit is missing, as after a power cut
    int unbalanced = 0;
    std::uint64_t found = 0;
    std::uint64_t lost = 0;
};

bool read_others(store::queue& queue, bool told) {
    const auto inbox = queue.read_inbox(store::inbox_number{1}, 1000, SIZE_MAX);
    if (!inbox) return false;
    for (const auto& m : *inbox) {
        const auto n = number(m.number);
        if (n < 1 || n > 60 || m.message != received_message(n)) FAIL("received message " << n << " is another");
        if (!told && (n <= 2 || n == 20 || n == 43)) FAIL("received message " << n << " was handled");
    }
    const auto audit = queue.read_audit(store::audit_number{INT64_MAX}, 100);
    if (!audit) return false;
    for (const auto& m : *audit)
        if (m.text != audit_text(number(m.number))) FAIL("audit entry " << number(m.number) << " is another");
    const auto memories = queue.recall();
    if (!memories) return false;
    for (const auto& m : *memories)
        if (m.name != "memory " + m.text.substr(0, 1) || m.text != memory_text(m.text[0] - '0')) FAIL(m.name << " is another");
    for (std::int64_t from = 1; from <= 10; ++from) {
        const auto letters = queue.read_dead_letters(store::dead_letter_number{from}, 1);
        if (!letters) continue;
        for (const auto& m : *letters) {
            const auto n = number(m.number) + 50;
            if (number(m.sequence) != n || m.reason_code != n || m.reason != "parked" || m.message != appended_message(n))
                FAIL("dead letter " << number(m.number) << " is another");
        }
    }
    return true;
}

/// Opens a damaged queue, delivers what there is, and checks that the books are right.
void use(const store::options& options, const store::tuning& with, outcome& all) {
    store::recovery found;
    auto opened = store::open_tuned(options, with, found);
    if (!opened) FAIL(opened.error().detail());
    store::queue queue = std::move(*opened);
    store::cursor from = found.cursor;
    std::optional<store::error> stopped_by;
    auto seen = read_log(queue, from, &stopped_by);
    bool told = found.damage.has_value();
    // As the gateway does.
    const auto salvage = [&](const store::error& why) {
        must(queue.salvage(why, found));
        REQUIRE(found.damage);
        told = true;
        CHECK(found.ledger.balanced());
        from = found.cursor;
        seen = read_log(queue, from, nullptr);
    };
    if (stopped_by) salvage(*stopped_by);
    read_others(queue, told);
    // Whatever else is damaged in the file as such shows at the latest when it is written to.
    store::transaction last;
    last.append = {make_message(1000, 5)};
    auto done = queue.commit(last);
    if (!done) {
        REQUIRE(code_of(done) == store::errc::damaged);
        salvage(store::error(done.error()));
        done = queue.commit(last);
        if (!done) FAIL(done.error().detail());
    }
    read_others(queue, told);
    std::uint64_t dropped_now = done->damaged;
    const auto newest = number(done->first);
    if (newest <= appended && newest <= number(found.cursor.maybe_sent)) FAIL("number " << newest << " is given again");
    const auto answer = queue.commit(moving({done->first, done->first, done->first, {}, {}}, seen.size() + 1));
    if (!answer && answer.error().code() == store::errc::damaged) {
        ++all.moved;
        return;  // the middle of it was damaged as well; found in the next round of a gateway's life
    }
    dropped_now += must(answer).damaged;

    const store::ledger ledger = queue.ledger();
    if (!ledger.balanced()) {
        // The reader was led past some rows of a garbled tree. It can't know of them; `queue stats` says that the books are
        // wrong.
        ++all.unbalanced;
        return;
    }
    CHECK(ledger.queued == 0);
    auto missing = unfinished();
    for (const auto n : seen) missing.erase(n);
    if (number(from.acked) == acked)
        for (const auto n : seen) CHECK(unfinished().contains(n));
    const bool last_commit_only = missing == std::set<std::int64_t>{298, 299, 300} && !told && newest == 298;
    const bool exact = !told || found.damage->exact;
    if (last_commit_only) {
        ++all.untold;
    } else if (exact && number(from.acked) == acked) {
        CHECK(ledger.dropped_damaged == missing.size());
    } else if (!missing.empty()) {
        CHECK(told);
    }
    if (told) {
        if (found.session) CHECK(*found.session == store::session_record{"", "", 9});
        CHECK(newest > std::int64_t{1} << 32);
        CHECK(!found.damage->moved_to.empty());
        ++all.moved;
        all.exact += exact ? 1 : 0;
    } else {
        all.dropped_in_place += dropped_now > 0 ? 1 : 0;
    }
    all.found += seen.size();
    all.lost += missing.size();
}

void expect_sound(const store::options& options) {
    store::recovery found;
    const auto queue = must(store::queue::open(options, found));
    CHECK((!found.damage || !found.damage->is_news));
    CHECK(found.ledger.balanced());
    CHECK(!fs::exists(options.path + ".new"));
    CHECK(!fs::exists(options.path + ".salvage"));
}

outcome overwrite(int rounds, int bytes, bool killed, std::uint64_t seed) {
    const snapshot sound = make(killed);
    outcome all;
    std::mt19937_64 random(seed);
    for (int round = 0; round < rounds; ++round) {
        folder here;
        const std::string path = here.file("queue.db");
        snapshot damaged = sound;
        for (int i = 0; i < bytes; ++i) {
            const auto where = random() % (damaged.file.size() + damaged.wal.size());
            std::string& in = where < damaged.file.size() ? damaged.file : damaged.wal;
            in[where < damaged.file.size() ? where : where - damaged.file.size()] = static_cast<char>(random());
        }
        put(path, damaged.file);
        put(path + "-wal", damaged.wal);
        CAPTURE(round, bytes, killed, seed);
        const int unbalanced_before = all.unbalanced;
        use(how(path), {}, all);
        if (all.unbalanced == unbalanced_before) expect_sound(how(path));
    }
    return all;
}

void overwrite_all(int rounds) {
    for (const bool killed : {false, true})
        for (const int bytes : {1, 10, 1000}) {
            const outcome all = overwrite(rounds, bytes, killed, 100 + static_cast<std::uint64_t>(bytes));
            WARN((killed ? "killed, " : "closed, ")
                 << bytes << " bytes, " << rounds << " times: moved aside " << all.moved << " (exact " << all.exact
                 << "), dropped in place " << all.dropped_in_place << ", last commit lost untold " << all.untold
                 << ", books wrong " << all.unbalanced << "; messages found " << all.found << ", lost " << all.lost);
            CHECK(all.unbalanced <= rounds / 500);
            if (bytes == 1000) CHECK(all.moved > rounds / 2);
        }
}

}  // namespace

TEST_CASE("salvage: bytes overwritten at random places", "[store][salvage]") { overwrite_all(sanitized ? 5 : 30); }

TEST_CASE("salvage: bytes overwritten at random places, a thousand times each", "[.][damage-long]") { overwrite_all(1000); }

TEST_CASE("salvage: pages swapped, files cut short, of other content, or missing", "[store][salvage]") {
    const bool killed = GENERATE(false, true);
    const snapshot sound = make(killed);
    std::mt19937_64 random(7);
    outcome all;
    const auto round = [&](const std::string& file, const std::string* wal) {
        folder here;
        const std::string path = here.file("queue.db");
        put(path, file);
        if (wal != nullptr) put(path + "-wal", *wal);
        const int unbalanced_before = all.unbalanced;
        use(how(path), {}, all);
        if (all.unbalanced == unbalanced_before) expect_sound(how(path));
    };
    SECTION("pages swapped") {
        for (int i = 0; i < 20; ++i) {
            std::string file = sound.file;
            const auto a = random() % (file.size() / 4096) * 4096;
            const auto b = random() % (file.size() / 4096) * 4096;
            std::swap_ranges(file.begin() + static_cast<std::ptrdiff_t>(a), file.begin() + static_cast<std::ptrdiff_t>(a + 4096),
                             file.begin() + static_cast<std::ptrdiff_t>(b));
            CAPTURE(i, a, b);
            round(file, &sound.wal);
        }
        // A page of another table among the log's can lead its reader past rows.
        CHECK(all.unbalanced <= 2);
    }
    SECTION("whole files of one byte") {
        for (const char fill : {'\xFF', '\0', 'x'}) {
            CAPTURE(static_cast<int>(fill));
            round(std::string(sound.file.size(), fill), nullptr);
            CHECK(all.moved > 0);
            round(std::string(sound.file.size(), fill), &sound.wal);
        }
    }
}

TEST_CASE("salvage: a file cut short is opened, and says that something is missing", "[store][salvage]") {
    const snapshot sound = make(false);
    for (std::size_t size = 1; size < sound.file.size(); size += 40'001) {
        folder here;
        const std::string path = here.file("queue.db");
        put(path, sound.file.substr(0, size));
        outcome all;
        CAPTURE(size);
        use(how(path), {}, all);
        CHECK(all.moved == 1);
        expect_sound(how(path));
    }
}

TEST_CASE("salvage: the file is gone or empty, its WAL is there", "[store][salvage]") {
    const snapshot sound = make(true);
    const bool empty = GENERATE(false, true);
    folder here;
    const std::string path = here.file("queue.db");
    if (empty) put(path, "");
    put(path + "-wal", sound.wal);
    outcome all;
    use(how(path), {}, all);
    CHECK(all.moved == 1);
    CHECK(all.found == unfinished().size());  // all of it was in the WAL still
    expect_sound(how(path));
}

TEST_CASE("salvage: the WAL of another queue starts, and nothing is made up", "[store][salvage]") {
    const snapshot sound = make(true);
    folder here;
    const std::string path = here.file("queue.db");
    store::recovery found;
    {
        auto queue = must(store::queue::open(how(path), found));
        must(queue.commit(appending(1, 50, 3000)));
    }
    put(path + "-wal", sound.wal);
    auto queue = must(store::queue::open(how(path), found));
    CHECK(found.ledger.balanced());
}

TEST_CASE("salvage: at most one damaged file is kept, with its WAL, and a stranger's never moves", "[store][salvage]") {
    snapshot sound = make(true);
    sound.wal.replace(20'000, 100, 100, 'x');
    folder here;
    const std::string path = here.file("queue.db");
    for (int i = 1; i <= 3; ++i) {
        put(path, std::string(8192, '\xFF'));
        put(path + "-wal", sound.wal);
        store::recovery found;
        must(store::queue::open(how(path), found));
        REQUIRE(found.damage);
        CHECK(found.damage->reason.find("service") == std::string::npos);  // what becomes of it is said elsewhere
        CHECK(found.damage->moved_to == path + ".corrupt-" + std::to_string(i));
        CHECK(fs::exists(found.damage->moved_to));
        CHECK(bytes_of(found.damage->moved_to + "-wal") == sound.wal);
        CHECK(!fs::exists(path + ".corrupt-" + std::to_string(i - 1)));
        CHECK(!fs::exists(path + ".corrupt-" + std::to_string(i - 1) + "-wal"));
    }
}

TEST_CASE("salvage: in the middle of its life a queue loses nothing that is known in memory", "[store][salvage]") {
    folder here;
    const std::string path = here.file("queue.db");
    store::recovery found;
    auto queue = must(store::queue::open(how(path), found));
    fill(queue);
    const store::ledger before = queue.ledger();
    put(path, std::string(bytes_of(path).size(), '\xFF'));  // the WAL is sound
    must(queue.salvage({store::errc::damaged, "found so"}, found));
    REQUIRE(found.damage);
    CHECK(found.damage->exact);
    CHECK(found.damage->reason == "found so");
    CHECK(found.damage->repeated == 17);  // 61 … 80 without three
    CHECK(found.cursor == store::cursor{at(60), at(60), at(80), {at(64), at(70), at(71)}, {}});
    CHECK(found.ledger.accepted == before.accepted);
    CHECK(found.ledger.acknowledged == before.acknowledged);
    CHECK(found.ledger.queued + found.ledger.dropped_damaged == before.queued);
    CHECK(found.ledger.balanced());
    CHECK(found.session == store::session_record{"", "", 9});
    CHECK(number(found.last) == appended + (std::int64_t{1} << 32));
    CHECK(code_of(store::queue::open(how(path), found)) == store::errc::in_use);
    must(queue.commit(appending_from(1, 1)));
}
