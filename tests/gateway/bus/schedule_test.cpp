// tests/gateway/bus/schedule_test.cpp: the order of requests, phases, and what happens when the bus can't keep up.
// Not here: devices and buses that fail (schedule_failure_test.cpp).
#include "gateway/bus/schedule.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/gateway/bus/schedule_simulation.hpp"

using namespace gateway;
using namespace gateway::simulation;

namespace {

std::vector<std::size_t> order_of(const bus& line) {
    std::vector<std::size_t> order;
    for (const request& one : line.requests) order.push_back(one.group);
    return order;
}

std::vector<nanoseconds> begins_of(const bus& line, std::size_t group) {
    std::vector<nanoseconds> begins;
    for (const request& one : line.requests)
        if (one.group == group) begins.push_back(one.began - origin);
    return begins;
}

std::vector<point_index> points_of(const schedule::turn& turn) {
    std::vector<point_index> points;
    for (const tidegate_candidate& candidate : turn.candidates) points.push_back(candidate.point);
    return points;
}

}  // namespace

TEST_CASE("schedule: a turn offers what a cycle still lacks, with its urgency", "[gateway][schedule]") {
    schedule plan({{0, 1s, {4, 5, 6}}}, 1, origin);
    const auto first = plan.next(origin + 20ms);
    REQUIRE(first);
    CHECK(points_of(*first) == std::vector<point_index>{4, 5, 6});
    CHECK_FALSE(first->probe);
    CHECK(first->candidates[0].due_in == nanoseconds(-20ms).count());
    CHECK(first->candidates[0].period == nanoseconds(1s).count());

    SECTION("a request may cover any of them; the rest are offered next, and the cycle ends with the last") {
        const std::vector<point_index> covered = {4, 6};
        const auto part = plan.finished(*first, TIDEGATE_DONE, covered, origin + 20ms, origin + 30ms);
        CHECK_FALSE(part.cycle_complete);
        const auto second = plan.next(origin + 30ms);
        REQUIRE(second);
        CHECK(points_of(*second) == std::vector<point_index>{5});
        const auto whole = plan.finished(*second, TIDEGATE_DONE, std::vector<point_index>{5}, origin + 30ms, origin + 40ms);
        CHECK(whole.cycle_complete);
        CHECK_FALSE(plan.next(origin + 40ms));
        CHECK(plan.wake() == origin + 1s);
    }
    SECTION("a first point that an adapter doesn't cover isn't asked for ever") {
        plan.finished(*first, TIDEGATE_DONE, {}, origin + 20ms, origin + 30ms);
        CHECK(points_of(*plan.next(origin + 30ms)) == std::vector<point_index>{5, 6});
    }
    SECTION("a point that nobody asked for is passed over") {
        const std::vector<point_index> covered = {4, 99, 3};
        plan.finished(*first, TIDEGATE_DONE, covered, origin + 20ms, origin + 30ms);
        CHECK(points_of(*plan.next(origin + 30ms)) == std::vector<point_index>{5, 6});
    }
    SECTION("an interruption changes nothing") {
        const auto result = plan.finished(*first, TIDEGATE_INTERRUPTED, {}, origin + 20ms, origin + 400ms);
        CHECK_FALSE(result.cycle_complete);
        CHECK_FALSE(result.changed);
        CHECK(points_of(*plan.next(origin + 400ms)) == std::vector<point_index>{4, 5, 6});
        CHECK(plan.state(0) == device_state::unknown);
    }
}

TEST_CASE("schedule: phases stay fixed, whatever the jitter", "[gateway][schedule]") {
    SECTION("a wake that comes late drops no poll and shifts none") {
        bus line({{0, 100ms, {0}}}, {{.cost = 3ms}});
        line.wake_delay = 9ms;
        line.run_until(origin + 10s);
        const auto begins = begins_of(line, 0);
        REQUIRE(begins.size() == 100);
        for (std::size_t k = 1; k < begins.size(); ++k) CHECK(begins[k] == 100ms * k + 9ms);
        CHECK(line.plan.missed_cycles() == 0);
    }
    SECTION("a cycle that lasts a little longer than its period costs a cycle now and then, not every second one") {
        bus line({{0, 1s, {0}}}, {{.cost = 1050ms}});
        line.run_until(origin + 105s);
        CHECK(line.cycles[0].size() == 100);
        CHECK(line.cycles[0].size() + line.plan.missed_cycles(0) == 105);
    }
    SECTION("after a stall there is one poll, not a burst, and what was passed over is counted") {
        schedule plan({{0, 100ms, {0}}}, 1, origin);
        const auto stalled = plan.next(origin);
        plan.finished(*stalled, TIDEGATE_DONE, std::vector<point_index>{0}, origin, origin + 10ms);
        const auto late = plan.next(origin + 3250ms);  // phase points 1 … 32 have passed: this stands for 32
        REQUIRE(late);
        const auto done = plan.finished(*late, TIDEGATE_DONE, std::vector<point_index>{0}, origin + 3250ms, origin + 3260ms);
        CHECK(done.cycle_complete);
        CHECK(plan.missed_cycles(0) == 31);
        CHECK_FALSE(plan.next(origin + 3260ms));
        CHECK(plan.wake() == origin + 3300ms);
    }
    SECTION("devices of one period are served in the config's order, each round") {
        bus line(one_group_each(3, 1s), {3, device_model{}});
        line.run_until(origin + 3s);
        CHECK(order_of(line) == std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0, 1, 2});
    }
}

TEST_CASE("schedule: earliest deadline first", "[gateway][schedule]") {
    SECTION("a shorter period goes first, also between two requests of a longer cycle") {
        bus line({{0, 10s, {0, 1, 2, 3, 4, 5}}, {1, 100ms, {6}}}, {{.cost = 60ms, .points_per_request = 2}, {.cost = 10ms}});
        line.run_until(origin + 300ms);
        CHECK(order_of(line) == std::vector<std::size_t>{1, 0, 0, 1, 0, 1});
    }
    SECTION("units with the same deadline take turns, request by request") {
        bus line(one_group_each(3, 1s, 4), {3, device_model{.cost = 20ms, .points_per_request = 2}});
        line.run_until(origin + 900ms);
        CHECK(order_of(line) == std::vector<std::size_t>{0, 1, 2, 0, 1, 2});
    }
    SECTION("what has no period waits for what has one, and fills the rest of the bus in turn") {
        bus line({{0, 0s, {0}}, {1, 0s, {1}}, {2, 100ms, {2}}}, {3, device_model{.cost = 30ms}});
        line.run_until(origin + 230ms);
        CHECK(order_of(line) == std::vector<std::size_t>{2, 0, 1, 0, 2, 1, 0, 2});
        CHECK(line.plan.missed_cycles() == 0);
    }
}

TEST_CASE("schedule: a saturated bus is shared evenly", "[gateway][schedule]") {
    const auto period = GENERATE(nanoseconds(0), nanoseconds(20ms), nanoseconds(100ms), nanoseconds(300ms));
    CAPTURE(period.count());
    bus line(one_group_each(10, period), {10, device_model{.cost = 34400us}});
    line.run_until(origin + 60s);
    std::size_t least = line.requests.size();
    std::size_t most = 0;
    for (std::size_t unit = 0; unit < 10; ++unit) {
        least = std::min(least, line.cycles[unit].size());
        most = std::max(most, line.cycles[unit].size());
        const auto begins = begins_of(line, unit);
        for (std::size_t k = 1; k < begins.size(); ++k) REQUIRE(begins[k] - begins[k - 1] <= 344ms * 12 / 10);
    }
    CHECK(most - least <= 1);
    CHECK(line.requests.size() == static_cast<std::size_t>(60s / 34400us) + 1);  // never idle
    if (period > 0s) {
        for (std::size_t unit = 0; unit < 10; ++unit) CHECK(line.plan.missed_cycles(unit) > 0);
    } else {
        CHECK(line.plan.missed_cycles() == 0);
    }
}

TEST_CASE("schedule: an overloaded bus starves nobody", "[gateway][schedule]") {
    // 0.3 + 1.0 + 0.3 + 0.15 = 175 % of the bus, and one that takes what it gets.
    bus line({{0, 100ms, {0}}, {1, 1s, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, {2, 1s, {11, 12, 13}}, {3, 10s, {14}}, {4, 0s, {15}}},
             {{.cost = 30ms},
              {.cost = 100ms, .points_per_request = 1},
              {.cost = 100ms, .points_per_request = 1},
              {.cost = 1500ms},
              {.cost = 30ms}});
    line.run_until(origin + 120s);
    CHECK(line.cycles[0].size() > 120);
    CHECK(line.cycles[1].size() > 30);
    CHECK(line.cycles[2].size() > 30);
    CHECK(line.cycles[3].size() >= 6);
    CHECK(line.cycles[4].size() >= 45);  // about one a second, less the long requests
    CHECK(line.cycles[4].size() <= 120);

    SECTION("and what has no period, however slow, gets no more than 5 % of it") {
        bus slow({{0, 20ms, {0}}, {1, 0s, {1}}}, {{.cost = 30ms}, {.cost = 200ms}});
        slow.run_until(origin + 120s);
        CHECK(slow.cycles[1].size() >= 25);
        CHECK(slow.cycles[1].size() <= 30);
    }
}

TEST_CASE("schedule: an hourly value gets its turn on an overloaded bus", "[gateway][schedule]") {
    bus line({{0, 20ms, {0}}, {1, 1h, {1}}}, {{.cost = 30ms}, {.cost = 30ms}});
    line.run_until(origin + 61s);
    CHECK(line.cycles[1].size() == 1);
    CHECK(line.cycles[0].size() > 2000);
}

TEST_CASE("schedule: every phase point is served or counted as missed, under any load", "[gateway][schedule]") {
    const auto seed = GENERATE(range(1u, 40u));
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
    std::vector<poll_group> groups;
    std::vector<device_model> devices;
    point_index next = 0;
    for (int device = 0, count = pick(1, 6); device < count; ++device) {
        devices.push_back({.cost = 1ms * pick(1, 120), .points_per_request = static_cast<std::size_t>(pick(1, 4))});
        for (int group = 0, most = pick(1, 3); group < most; ++group) {
            groups.push_back({devices.size() - 1, 10ms * pick(5, 150), {}});
            for (int point = 0, last = pick(1, 8); point < last; ++point) groups.back().points.push_back(next++);
        }
    }
    bus line(groups, devices);
    line.wake_delay = 1ms * pick(0, 20);
    line.run_until(origin + 60s);
    for (std::size_t group = 0; group < groups.size(); ++group) {
        CAPTURE(group);
        // A cycle that begins stands for the phase point before it: no two for the same one, and those between are missed.
        const auto phase_at = [&](time_point at) { return (at - origin) / groups[group].period; };
        std::int64_t last = -1;
        std::int64_t expected = 0;
        for (const time_point began : line.cycle_begins[group]) {
            const std::int64_t phase = phase_at(began);
            REQUIRE(phase > last);
            expected += phase - last - 1;
            last = phase;
        }
        const auto& ended = line.cycles[group];
        if (ended.size() == line.cycle_begins[group].size())
            expected += std::max<std::int64_t>(phase_at(ended.back()) - last - 1, 0);
        CHECK(line.plan.missed_cycles(group) == static_cast<std::uint64_t>(expected));
        CHECK(line.plan.suspended_cycles(group) == 0);
    }
}

TEST_CASE("schedule: a request takes along what its device's other groups lack", "[gateway][schedule]") {
    const auto offered = [](const schedule::turn& turn) {
        std::vector<std::pair<point_index, nanoseconds>> points;
        for (const auto& one : turn.candidates) points.push_back({one.point, nanoseconds(one.due_in)});
        return points;
    };
    using list = std::vector<std::pair<point_index, nanoseconds>>;
    SECTION("what is due, and what will be within a quarter of its period; never of another device or without a period") {
        CHECK(offered(*schedule({{0, 1s, {0}}, {0, 0s, {1}}}, 1, origin).next(origin)) == list{{0, 0s}});
        schedule plan({{0, 1s, {0}}, {0, 10s, {1, 2}}, {1, 1s, {3}}, {0, 1500ms, {4}}, {0, 4s, {5}}}, 2, origin);
        const auto first = plan.next(origin);
        REQUIRE(first);
        CHECK(offered(*first) == list{{0, 0s}, {1, 0s}, {2, 0s}, {4, 0s}, {5, 0s}});
        auto result = plan.finished(*first, TIDEGATE_DONE, std::vector<point_index>{0, 1, 4, 5}, origin, origin + 10ms);
        CHECK(result.cycle_complete);
        REQUIRE(result.also_ended.size() == 2);
        CHECK(result.also_ended[0] == 3);
        CHECK(result.also_ended[1] == 4);
        plan.finished(*plan.next(origin + 10ms), TIDEGATE_DONE, std::vector<point_index>{3}, origin + 10ms, origin + 20ms);
        const auto rest = plan.next(origin + 20ms);  // what the ten-second group still lacks
        CHECK(offered(*rest) == list{{2, -20ms}});
        result = plan.finished(*rest, TIDEGATE_DONE, std::vector<point_index>{2}, origin + 20ms, origin + 30ms);
        CHECK(result.cycle_complete);
        CHECK(result.also_ended.empty());
        CHECK(offered(*plan.next(origin + 1s)) == list{{0, 0s}});
        // At 4 s the first group is due as well: the four-second one waits for it.
        CHECK(offered(*plan.next(origin + 1200ms)) == list{{0, -200ms}, {4, 300ms}});
    }
    SECTION("what is read early counts for the phase point to come, and is not read again for it") {
        bus line({{0, 750ms, {0}}, {0, 1s, {1}}}, {{.cost = 10ms, .takes_company = true}});
        line.run_until(origin + 30s);
        // At 0, 750 (for 1000, too), 1500, 2000, 2250 (for 3000 as well) …; at 3000 only the first is due.
        CHECK(line.cycles[0].size() == 40);
        CHECK(line.cycles[1].size() == 30);
        CHECK(line.plan.missed_cycles() == 0);
        std::size_t own = 0;
        for (const request& one : line.requests) own += one.group == 1 ? 1 : 0;
        CHECK(own == 10);
    }
    SECTION("groups of the same moment need one request") {
        bus line({{0, 1s, {0}}, {0, 2s, {1}}, {0, 5s, {2}}}, {{.cost = 10ms, .takes_company = true}});
        line.run_until(origin + 20s);
        CHECK(line.requests.size() == 20);
        CHECK(line.cycles[2].size() == 4);
        CHECK(line.plan.missed_cycles() == 0);
    }
    SECTION("cycles in the middle of which the device fails are handed on, all of them") {
        schedule plan({{0, 1s, {0, 1}}, {0, 1s, {2, 3}}}, 1, origin);
        plan.finished(*plan.next(origin), TIDEGATE_DONE, std::vector<point_index>{0, 2}, origin, origin + 1ms);
        const auto second = plan.next(origin + 1ms);
        const auto result = plan.finished(*second, TIDEGATE_DEVICE_SILENT, {}, origin + 1ms, origin + 500ms);
        CHECK(result.cycle_complete);
        CHECK(result.also_ended.size() == 1);
    }
}

TEST_CASE("schedule: on overload a class slows down alike, the low ones first", "[gateway][schedule]") {
    using config::priority;
    const auto shares = [](const bus& line) {
        std::vector<double> got;
        for (std::size_t group = 0; group < line.groups.size(); ++group)
            got.push_back(static_cast<double>(line.cycles[group].size()) *
                          static_cast<double>(line.groups[group].period.count()) /
                          static_cast<double>((line.now - origin).count()));
        return got;
    };
    SECTION("of one class, fast and slow ones get the same share of what they want") {
        // 0.6 + 0.6 + 0.3 = 150 %: each can have two thirds.
        bus line({{0, 100ms, {0}}, {1, 1s, {1, 2, 3, 4, 5, 6}}, {2, 10s, {7, 8, 9, 10, 11}}},
                 {{.cost = 60ms}, {.cost = 100ms, .points_per_request = 1}, {.cost = 600ms, .points_per_request = 1}});
        line.run_until(origin + 10min);
        const auto got = shares(line);
        for (const double share : got) {
            CHECK(share > 0.60);
            CHECK(share < 0.76);
        }
        CHECK(line.plan.load() == Approx(1.5).margin(0.02));
        CHECK(line.plan.stretch(priority::normal) == Approx(1.5 / 0.98).margin(0.03));
    }
    SECTION("high and normal ones keep their rate as long as the low ones have something to give") {
        bus line({{0, 1s, {0, 1, 2, 3, 4}, priority::low},
                  {1, 1s, {5, 6, 7}},
                  {2, 1s, {8, 9, 10}, priority::high},
                  {3, 2s, {11, 12}, priority::low}},
                 {4, device_model{.cost = 100ms, .points_per_request = 1}});
        line.run_until(origin + 5min);  // 0.5 + 0.3 + 0.3 + 0.1
        const auto got = shares(line);
        CHECK(got[1] > 0.98);
        CHECK(got[2] > 0.98);
        CHECK(got[0] > 0.55);  // (0.98 - 0.6) / 0.6
        CHECK(got[0] < 0.75);
        CHECK(got[3] > 0.5);
    }
    SECTION("a bus that has time for all is left alone, however full") {
        bus line({{0, 100ms, {0}, priority::low}, {1, 100ms, {1}}}, {{.cost = 50ms}, {.cost = 45ms}});
        line.run_until(origin + 1min);
        CHECK(line.plan.missed_cycles() == 0);
        CHECK(line.plan.stretch(priority::low) == 1);
    }
}

TEST_CASE("schedule: what has no period fills the bus while periods hold", "[gateway][schedule]") {
    bus line({{0, 100ms, {0}}, {1, 1s, {1, 2, 3}}, {2, 0s, {4}}, {3, 0s, {5}}},
             {{.cost = 20ms}, {.cost = 20ms, .points_per_request = 1}, {.cost = 25ms}, {.cost = 25ms}});
    line.run_until(origin + 60s);
    nanoseconds used{0};
    for (const request& one : line.requests) used += one.ended - one.began;
    CHECK(used >= 57s);
    CHECK(line.plan.missed_cycles() == 0);
    CHECK(line.cycles[0].size() >= 599);
    CHECK(line.cycles[1].size() >= 59);
}

TEST_CASE("schedule: a bus that begins later keeps to the phases of the others", "[gateway][schedule]") {
    const auto begin = origin + 12s + 300ms;
    schedule plan({{0, 1s, {0}}, {0, 10s, {1}}}, 1, origin, begin);
    const std::vector<point_index> all = {0, 1};
    std::size_t turns = 0;
    while (const auto turn = plan.next(begin)) {  // at once: nobody waits ten seconds for a first value
        REQUIRE(++turns <= 2);
        std::ignore = plan.finished(*turn, TIDEGATE_DONE, all, begin, begin);
    }
    CHECK(turns > 0);
    CHECK(plan.missed_cycles() == 0);
    CHECK(plan.wake() == origin + 13s);
}
