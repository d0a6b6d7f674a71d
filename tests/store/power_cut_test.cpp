// tests/store/power_cut_test.cpp: the real queue on a disk that loses its power at random moments, thousands of times.
// Settings that aren't safe must be found out, or the check is worthless. What is checked after each cut: world.hpp.
#include <catch2/catch.hpp>
#include <string>

#include "tests/store/world.hpp"

namespace {

using test::setting;
using test::world;

// The sanitizers, without optimisation, are some eight times slower.
#if defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif
constexpr std::uint64_t seeds = sanitized ? 40 : 200;

struct outcome {
    std::uint64_t cuts = 0;
    int failures = 0;
    std::uint64_t evicted = 0;
    std::uint64_t commits = 0;
    std::uint64_t received = 0;
    std::uint64_t refused = 0;
    std::uint64_t parked = 0;
    std::uint64_t clocks = 0;
    std::uint64_t aged = 0;
    std::uint64_t thinned = 0;
    std::string first;
};

setting safe() {
    setting made;
    made.tuning.checkpoint_pages = 40;  // often, since that is where things can go wrong
    return made;
}

outcome run(std::uint64_t first_seed, std::uint64_t count, const setting& with, bool stop_at_failure = false) {
    outcome all;
    for (std::uint64_t seed = first_seed; seed < first_seed + count && !(stop_at_failure && all.failures > 0); ++seed) {
        world w(seed, with);
        const std::string wrong = w.live(8);
        all.cuts += w.cuts;
        all.evicted += w.evicted;
        all.commits += w.commits;
        all.received += w.received;
        all.refused += w.refused;
        all.parked += w.parked;
        all.clocks += w.clocks_seen;
        all.aged += w.aged;
        all.thinned += w.thinned;
        all.failures += wrong.empty() ? 0 : 1;
        if (!wrong.empty() && all.first.empty()) all.first = "seed=" + std::to_string(seed) + ": " + wrong;
    }
    return all;
}

}  // namespace

TEST_CASE("power cuts: nothing that was reported durable is lost, nothing is there in part", "[store][power]") {
    const outcome all = run(1, seeds, safe());
    CAPTURE(all.first, all.commits);
    CHECK(all.failures == 0);
    CHECK(all.cuts > 8 * seeds);
    CHECK(all.evicted > seeds / 2);
    CHECK(all.received > 20 * seeds);
    CHECK(all.refused > seeds / 10);
    CHECK(all.parked > 5 * seeds);
    CHECK(all.clocks > 20 * seeds);
    CHECK(all.aged > seeds);
    CHECK(all.thinned > seeds / 4);
}

TEST_CASE("power cuts: also where a torn sector garbles its neighbours", "[store][power]") {
    setting with = safe();
    with.garbles_neighbours = true;
    const outcome all = run(1, seeds / 2, with);
    CAPTURE(all.first);
    CHECK(all.failures == 0);
    CHECK(all.cuts > 4 * seeds);
}

TEST_CASE("power cuts: for a night", "[.][night]") {
    setting with = safe();
    with.garbles_neighbours = GENERATE(false, true);
    const outcome all = run(1000, 5000, with);
    CAPTURE(all.first, with.garbles_neighbours);
    CHECK(all.failures == 0);
    WARN(all.cuts << " cuts, " << all.commits << " commits, " << all.evicted << " messages evicted, " << all.received
                  << " received, " << all.parked << " parked, " << all.aged << " too old, " << all.thinned << " thinned out");
}

TEST_CASE("power cuts: unsafe settings are found out", "[store][power]") {
    setting with = safe();
    SECTION("synchronous=NORMAL") { with.tuning.synchronous = "NORMAL"; }
    SECTION("synchronous=OFF") { with.tuning.synchronous = "OFF"; }
    SECTION("a disk that lies about syncs") { with.lies_about_syncs = true; }
    const outcome all = run(1, 50, with, true);
    CAPTURE(all.cuts);
    CHECK(all.failures > 0);
}
