// tests/store/torn_wal_test.cpp: what a kill or a power cut may leave in a WAL, though nothing is damaged: leftovers under the
// salts of a new one, and a frame that is there in part. Taken for damage, it would cost the session.
// Not here: power cuts at random (power_cut_test.cpp), and damage (salvage_test.cpp).
#include <catch2/catch.hpp>
#include <optional>

#include "store/queue.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

using namespace test;

namespace {

constexpr std::size_t header = 32;
constexpr std::size_t frame = 24 + 4096;

/// A queue that is killed again and again; between its lives the WAL may be changed.
struct killed_queue {
    disk card{7};
    store::recovery found;
    std::optional<store::queue> queue;

    std::string& wal() { return card.content("/queue.db-wal"); }
    store::queue& start() {
        store::tuning with;
        with.vfs = card.name();
        with.files = &card.files();
        return queue.emplace(must(open_tuned({"/queue.db", 4 << 20, store::full_policy::drop_oldest, "boot"}, with, found)));
    }
    void kill() {
        card.stop_process();
        queue.reset();
        card.power_on();
    }
};

}  // namespace

TEST_CASE("torn WAL: leftovers of the one before are no damage, though they have its salts", "[store][wal]") {
    killed_queue one;
    one.start();
    for (std::uint64_t n = 1; n <= 20; ++n) must(one.queue->commit(appending(n, 1)));
    one.kill();
    one.start();  // moves all of the WAL into the file
    one.kill();
    SECTION("killed half-way through the header of the next WAL: the count is new, the salts are old") { ++one.wal()[15]; }
    SECTION("a power cut has torn it") { one.wal()[20] ^= 1; }
    one.start();
    CHECK(!one.found.damage);
    CHECK(one.found.ledger.queued == 20);
    must(one.queue->commit(appending(21, 1)));
    must(one.queue->commit(appending(22, 1)));
    one.kill();
    // And killed half-way through the header of a frame, with more of the old ones behind it if there are any.
    const std::size_t torn = header + 4 * frame;
    if (one.wal().size() >= torn + frame) one.wal().replace(torn, 12, one.wal(), torn - frame, 12);
    one.start();
    CHECK(!one.found.damage);
    CHECK(one.found.ledger.queued == 22);
    CHECK(all_of(*one.queue).size() == 22);
}

TEST_CASE("torn WAL: a repeated frame is synced only up to its sector", "[store][wal]") {
    killed_queue one;
    one.start();
    for (std::uint64_t n = 1; n <= 9; n += 3) must(one.queue->commit(appending(n, 3)));
    one.kill();
    const auto page_and_size = [&](std::size_t at) { return one.wal().substr(header + at * frame, 8); };
    const std::size_t frames = (one.wal().size() - header) / frame;
    std::size_t repeated = 0;
    for (std::size_t at = 1; at + 2 < frames; ++at)
        if (page_and_size(at) == page_and_size(at - 1) && page_and_size(at) != page_and_size(at + 1)) repeated = at;
    REQUIRE(repeated != 0);
    // The power goes during the commit after it.
    one.wal()[header + (repeated + 1) * frame - 1] ^= 1;
    one.wal()[header + (repeated + 1) * frame + 100] ^= 1;
    one.start();
    CHECK(!one.found.damage);
    CHECK(one.found.last == at(6));
}
