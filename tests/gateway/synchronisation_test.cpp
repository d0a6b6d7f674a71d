// tests/gateway/synchronisation_test.cpp: when the clock counts as right, how often the system is asked, and what is told when
// the clock is set or stepped. Clocks and system are variables here.
#include "gateway/synchronisation.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;
using config::clock_trust;
using store::stamp;

namespace {

/// A board whose clocks and system say what a test wants.
struct board {
    stamp clocks{5000, 1000, false};
    clock_evidence says{false, false};
    int asked = 0;
    int read = 0;
    stamper made{[this] {
                     ++read;
                     return clocks;
                 },
                 [this] {
                     ++asked;
                     return says;
                 }};

    void pass(std::int64_t ms) {
        clocks.wall_ms += ms;
        clocks.monotonic_ms += ms;
    }
};

}  // namespace

TEST_CASE("synchronisation: the kernel's word or timesyncd's, or the site's", "[gateway][clock]") {
    struct {
        clock_evidence found;
        bool right;
    } const table[] = {
        {{false, false}, false},         // a battery clock, and no network
        {{true, false}, true},           // chrony, ntpd, ptp4l
        {{false, true}, true},           // timesyncd, and the network has been away for hours
        {{true, true}, true},            // timesyncd
        {{std::nullopt, false}, false},  // a container
        {{std::nullopt, true}, true},    // a container that sees the file
    };
    for (const auto& one : table) {
        CHECK(is_synchronised(one.found, clock_trust::automatic) == one.right);
        CHECK(is_synchronised(one.found, clock_trust::trusted));
    }
}

TEST_CASE("stamper: asks once a second, and the stamp bears the answer", "[gateway][clock]") {
    board b;
    CHECK(b.made.now() == stamp{5000, 1000, false});
    b.says = {true, false};
    b.pass(999);
    CHECK_FALSE(b.made.now().synchronised);
    CHECK(b.asked == 1);
    b.pass(1);
    CHECK(b.made.now() == stamp{6000, 2000, true});
    CHECK(b.asked == 2);
    for (int i = 0; i < 50; ++i) b.made.now();
    CHECK(b.asked == 2);
    CHECK(b.made.last_evidence() == clock_evidence{true, false});
    b.says = {false, false};
    b.pass(1000);
    CHECK_FALSE(b.made.now().synchronised);
    b.made.trust(clock_trust::trusted);
    CHECK(b.made.now().synchronised);
}

TEST_CASE("stamper: asks at once when the clock was stepped, in either direction", "[gateway][clock]") {
    board b;
    b.says = {true, false};
    CHECK(b.made.now().synchronised);
    b.says = {false, false};  // who sets the clock by hand makes it unsynchronised
    const std::int64_t step = GENERATE(1000, -1000, 3'600'000, -3'600'000);
    b.clocks.wall_ms += step;
    CHECK_FALSE(b.made.now().synchronised);
    CHECK(b.asked == 2);
}

TEST_CASE("stamper: if the clock is set between question and reading, the answer is never better than the time",
          "[gateway][clock]") {
    stamp clocks{5000, 1000, false};
    stamper made([&] { return clocks; },
                 [&] {
                     clocks.wall_ms = 1'790'000'000'000;  // set just when the question is asked
                     return clock_evidence{true, false};
                 });
    CHECK(made.now() == stamp{1'790'000'000'000, 1000, true});
}

TEST_CASE("clock watch: takes the offset when the clock is first right, and tells by how much it was set", "[gateway][clock]") {
    clock_watch watch(std::nullopt);
    CHECK(watch.look({500, 1000, false}) == clock_news{});
    CHECK_FALSE(watch.boot_offset_ms());
    CHECK(watch.look({10'500, 11'000, false}) == clock_news{});
    CHECK(watch.look({1'790'000'012'000, 12'000, true}) == clock_news{1'790'000'000'000, 1'790'000'000'500ms, std::nullopt});
    CHECK(watch.boot_offset_ms() == 1'790'000'000'000);
    SECTION("only once") {
        CHECK(watch.look({1'790'000'013'000, 13'000, false}) == clock_news{});
        CHECK(watch.look({1'790'000'014'300, 14'000, true}) == clock_news{});
    }
    SECTION("and tells of steps, but doesn't follow them") {
        CHECK(watch.look({1'790'000'013'000 - 3'600'000, 13'000, true}) == clock_news{std::nullopt, std::nullopt, -3'600'000ms});
        CHECK(watch.look({1'790'000'014'000, 14'000, false}) == clock_news{std::nullopt, std::nullopt, 3'600'000ms});
        CHECK(watch.look({1'790'000'015'999, 15'000, true}) == clock_news{});
    }
    CHECK(watch.boot_offset_ms() == 1'790'000'000'000);
}

TEST_CASE("clock watch: a clock that is right from the start was set by nobody; one known from before is left alone",
          "[gateway][clock]") {
    clock_watch fresh(std::nullopt);
    CHECK(fresh.look({9000, 1000, true}) == clock_news{8000, std::nullopt, std::nullopt});
    clock_watch again(8000);
    CHECK(again.look({20'000, 2000, true}) == clock_news{});
    CHECK(again.boot_offset_ms() == 8000);
    clock_watch by_hand(std::nullopt);
    CHECK(by_hand.look({0, 1000, false}) == clock_news{});
    CHECK(by_hand.look({60'000, 2000, false}) == clock_news{std::nullopt, std::nullopt, 59'000ms});
    CHECK_FALSE(by_hand.boot_offset_ms());
}
