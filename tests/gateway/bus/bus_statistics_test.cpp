// tests/gateway/bus/bus_statistics_test.cpp: what is counted of a bus, on virtual time.
// Not here: the message that tells of it (bus_news_test.cpp).
#include "gateway/bus/bus_statistics.hpp"

#include <catch2/catch.hpp>

#include "tests/gateway/bus/schedule_simulation.hpp"

using namespace gateway;
using namespace gateway::simulation;

namespace {

tidegate_exchange exchange(std::uint32_t result, std::int64_t turnaround = 0) {
    return {sizeof(tidegate_exchange), 0, result, 0, turnaround};
}

}  // namespace

TEST_CASE("bus_statistics: requests by what became of them", "[gateway][bus_statistics]") {
    const auto groups = one_group_each(2, 1s);
    schedule plan(groups, 2, origin);
    bus_gauge gauge(3, groups, 2, origin);
    adapter_bus::poll_result seen, silent;
    silent.outcome = TIDEGATE_DEVICE_SILENT;  // of an adapter that doesn't say more
    seen.exchanges = {exchange(TIDEGATE_ANSWERED, 8'000'000), exchange(TIDEGATE_EXCEPTION, 16'000'000),
                      exchange(TIDEGATE_TIMED_OUT), exchange(TIDEGATE_DAMAGED), exchange(TIDEGATE_UNREACHABLE)};
    gauge.took(1, seen, origin, origin + 2s);
    gauge.took(0, silent, origin + 2s, origin + 3s);
    auto now = gauge.take(plan, origin + 10s);
    CHECK(now.bus == 3);
    CHECK(now.exchanges == exchange_counts{5, 1, 1, 2, 1, 1});
    CHECK(now.devices[1].exchanges == exchange_counts{4, 1, 1, 1, 1, 1});
    CHECK(now.devices[0].exchanges == exchange_counts{1, 0, 0, 1, 0, 0});
    CHECK(now.devices[1].turnaround == nanoseconds(9ms));
    CHECK_FALSE(now.devices[0].turnaround);
    CHECK(now.busy == Approx(0.3));
    CHECK(now.requests_per_second == Approx(0.5));
    CHECK_FALSE(now.down);
    now = gauge.take(plan, origin + 20s);
    CHECK(now.busy == 0);  // of the last stretch alone
    CHECK(now.requests_per_second == 0);
    CHECK(now.exchanges.requests == 5);
}

TEST_CASE("bus_statistics: load, sweep, and whose interval isn't met", "[gateway][bus_statistics]") {
    const std::vector<poll_group> groups = {{0, 100ms, {0}}, {1, 1s, {1, 2}}, {1, 0s, {3}}};
    std::vector<device_model> devices = {{.cost = 30ms}, {.cost = 50ms, .points_per_request = 1}};
    bus line(groups, devices);
    bus_gauge gauge(0, groups, 2, origin);
    line.run_until(origin + 10s);
    auto now = gauge.take(line.plan, line.now);
    CHECK(now.load == Approx(0.3 + 0.1));
    CHECK(now.sweep == nanoseconds(30ms + 100ms + 50ms));
    CHECK(now.missed_cycles == 0);
    CHECK_FALSE(now.devices[0].overdue);
    line.devices[0].cost = 140ms;
    line.run_until(origin + 20s);
    now = gauge.take(line.plan, line.now);
    CHECK(now.devices[0].overdue);
    CHECK(now.devices[0].missed_cycles > 20);
    CHECK(now.missed_cycles >= now.devices[0].missed_cycles);
    line.devices[0].cost = 20ms;
    line.run_until(origin + 30s);
    gauge.take(line.plan, line.now);
    line.run_until(origin + 40s);
    CHECK_FALSE(gauge.take(line.plan, line.now).devices[0].overdue);
}
