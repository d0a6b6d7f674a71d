// tests/gateway/clock_test.cpp: reading this machine's clocks, as far as any machine must agree.
#include "gateway/clock.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/store/folder.hpp"

TEST_CASE("clock: timesyncd's word is a file", "[gateway][clock]") {
    const test::folder here;
    const std::string path = here.file("synchronized");
    const auto without = gateway::read_clock_evidence(path.c_str());
    CHECK_FALSE(without.timesyncd);
    { std::ofstream made(path); }
    const auto with = gateway::read_clock_evidence(path.c_str());
    CHECK(with.timesyncd);
    CHECK(with.kernel == without.kernel);
}

TEST_CASE("clock: a moment is stamped by both clocks, and neither stands still", "[gateway][clock]") {
    const auto first = gateway::stamp_now();
    CHECK(first.wall_ms > 0);
    CHECK(first.monotonic_ms > 0);
    const auto later = first.monotonic_ms + 2;
    while (gateway::stamp_now().monotonic_ms < later) continue;
    gateway::trust_clock(config::clock_trust::trusted);
    CHECK(gateway::stamp_now().synchronised);
    gateway::trust_clock(config::clock_trust::automatic);
}
