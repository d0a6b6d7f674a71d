// tests/store/salvage_test.cpp: whatever bytes of a queue's files change, it opens, nothing wrong comes out of it, and what is
// missing is counted; and a power cut while a damaged file is moved aside costs nothing more.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "store/queue.hpp"
#include "store/sqlite.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;

namespace {

namespace fs = std::filesystem;

#if defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

constexpr std::int64_t appended = 300;
constexpr std::int64_t acked = 60;
const std::vector<std::int64_t> acked_beyond{64, 70, 71};
constexpr std::int64_t in_last_commit = 3;  // messages

std::size_t size_for(std::int64_t n) { return n % 10 == 0 ? 6000 : 60; }
store::message appended_message(std::int64_t n) { return make_message(static_cast<std::uint64_t>(n), size_for(n)); }
store::message received_message(std::int64_t n) {
    return make_rich_message(static_cast<std::uint64_t>(n), n % 10 == 0 ? 7000 : 40);
}

store::transaction appending_from(std::int64_t first, int count) {
    store::transaction made;
    for (int i = 0; i < count; ++i) made.append.push_back(appended_message(first + i));
    return made;
}

store::options how(const std::string& path) { return {path, 4 << 20, store::full_policy::drop_oldest, "boot"}; }

/// Everything that a file may hold. The last commit appends only, so that it can be missing without leaving a trace.
void fill(store::queue& queue) {
    for (std::int64_t n = 1; n <= appended - in_last_commit;) {
        store::transaction work;
        for (int i = 0; i < 1 + n % 7 && n <= appended - in_last_commit; ++i, ++n) work.append.push_back(appended_message(n));
        must(queue.commit(work));
    }
    store::transaction work = moving({at(20), at(25), at(40), {at(22), at(24)}, {at(30), at(28)}}, 22);
    work.session = store::session_record{"client", "broker", 9};
    work.held = {4, 3, 2};
    must(queue.commit(work));
    for (std::int64_t n = 1; n <= 60;) {
        store::transaction received;
        for (int i = 0; i < 1 + n % 5 && n <= 60; ++i, ++n) received.receive.push_back(received_message(n));
        must(queue.commit(received));
    }
    must(queue.commit(handling({1, 2, 20, 43})));
    store::transaction parking = moving({at(acked), at(acked), at(80), {at(64), at(70), at(71)}, {}}, 31);
    for (std::int64_t n = 51; n <= 60; ++n) parking.park.push_back({at(n), static_cast<std::uint8_t>(n), "parked"});
    parking.settled.refused = 10;
    must(queue.commit(parking));
    must(queue.commit(appending_from(298, 3)));
}

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
    std::uint64_t found = 0;
    std::uint64_t lost = 0;
};

std::set<std::int64_t> unfinished() {
    std::set<std::int64_t> all;
    for (std::int64_t n = acked + 1; n <= appended; ++n)
        if (!std::count(acked_beyond.begin(), acked_beyond.end(), n)) all.insert(n);
    return all;
}

/// Reads everything; fails the test if anything else comes out than was put in.
std::set<std::int64_t> read_log(store::queue& queue, const store::cursor& from) {
    std::set<std::int64_t> seen;
    const auto all = queue.read(at(number(from.acked) + 1), 1000, SIZE_MAX);
    if (!all) {
        CHECK(code_of(all) == store::errc::damaged);
        return seen;
    }
    for (const auto& m : *all) {
        const auto n = number(m.sequence);
        if (n < 1 || n > appended || m.message != appended_message(n)) FAIL("message " << n << " is another");
        if (!seen.empty() && n <= *seen.rbegin()) FAIL("message " << n << " is out of order");
        if (std::binary_search(from.acked_beyond.begin(), from.acked_beyond.end(), m.sequence)) continue;
        seen.insert(n);
    }
    return seen;
}

bool read_others(store::queue& queue, bool told) {
    const auto inbox = queue.read_inbox(store::inbox_number{1}, 1000, SIZE_MAX);
    if (!inbox) return false;
    for (const auto& m : *inbox) {
        const auto n = number(m.number);
        if (n < 1 || n > 60 || m.message != received_message(n)) FAIL("received message " << n << " is another");
        if (!told && (n <= 2 || n == 20 || n == 43)) FAIL("received message " << n << " was handled");
    }
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
    auto seen = read_log(queue, from);
    bool told = found.damage.has_value();
    read_others(queue, told);
    // Whatever else is damaged in the file as such shows at the latest when it is written to.
    store::transaction last;
    last.append = {make_message(1000, 5)};
    auto done = queue.commit(last);
    if (!done) {
        REQUIRE(code_of(done) == store::errc::damaged);
        const store::error why = done.error();
        must(queue.salvage(why, found));
        REQUIRE(found.damage);
        told = true;
        CHECK(found.ledger.balanced());
        from = found.cursor;
        seen = read_log(queue, from);
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
    CHECK(ledger.balanced());
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
        use(how(path), {}, all);
        expect_sound(how(path));
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
                 << "; messages found " << all.found << ", lost " << all.lost);
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
        use(how(path), {}, all);
        expect_sound(how(path));
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
        std::mt19937_64 random(5);
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
                    const auto seen = read_log(*queue, found.cursor);
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

TEST_CASE("salvage: frames left in a WAL that begins anew aren't taken for damage", "[store][salvage]") {
    disk card(7);
    const std::string path = "/queue.db";
    store::tuning with;
    with.vfs = card.name();
    with.files = &card.files();
    store::recovery found;
    {
        auto queue = must(store::open_tuned(how(path), with, found));
        for (std::int64_t n = 1; n <= 9; n += 3) must(queue.commit(appending_from(n, 3)));
        card.stop_process();
    }
    card.power_on();
    {
        auto queue = must(store::open_tuned(how(path), with, found));  // moves all of the WAL into the file
        card.stop_process();
    }
    card.power_on();
    card.content(path + "-wal")[20] ^= 1;  // the power goes while the header of the next one is written
    {
        auto queue = must(store::open_tuned(how(path), with, found));
        CHECK(!found.damage);
        must(queue.commit(appending_from(10, 1)));
        card.stop_process();
    }
    card.power_on();
    auto queue = must(store::open_tuned(how(path), with, found));
    CHECK(!found.damage);
    CHECK(found.last == at(10));
}

TEST_CASE("salvage: a repeated frame that is torn behind its last sector isn't damage", "[store][salvage]") {
    disk card(7);
    const std::string path = "/queue.db";
    store::tuning with;
    with.vfs = card.name();
    with.files = &card.files();
    store::recovery found;
    {
        auto queue = must(store::open_tuned(how(path), with, found));
        for (std::int64_t n = 1; n <= 9; n += 3) must(queue.commit(appending_from(n, 3)));
        card.stop_process();
    }
    card.power_on();
    constexpr std::size_t header = 32, frame = 24 + 4096;
    std::string& wal = card.content(path + "-wal");
    const auto page_and_size = [&](std::size_t at) { return wal.substr(header + at * frame, 8); };
    const std::size_t frames = (wal.size() - header) / frame;
    std::size_t repeated = 0;
    for (std::size_t at = 1; at + 2 < frames; ++at)
        if (page_and_size(at) == page_and_size(at - 1) && page_and_size(at) != page_and_size(at + 1)) repeated = at;
    REQUIRE(repeated != 0);
    // The power goes during the commit after it.
    wal[header + (repeated + 1) * frame - 1] ^= 1;
    wal[header + (repeated + 1) * frame + 100] ^= 1;
    const auto queue = must(store::open_tuned(how(path), with, found));
    CHECK(!found.damage);
    CHECK(found.last == at(6));
}
