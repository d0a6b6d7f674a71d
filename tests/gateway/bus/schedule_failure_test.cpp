// tests/gateway/bus/schedule_failure_test.cpp: dead devices and dead buses: what they cost the others, and how they come back.
// Not here: the order of requests on a healthy bus (schedule_test.cpp).
#include <algorithm>
#include <catch2/catch.hpp>

#include "gateway/bus/schedule.hpp"
#include "tests/gateway/bus/schedule_simulation.hpp"

using namespace gateway;
using namespace gateway::simulation;

namespace {

const time_point minute = origin + 60s;

std::vector<poll_group> without(std::vector<poll_group> groups, std::size_t device) {
    std::erase_if(groups, [&](const poll_group& group) { return group.device == device; });
    return groups;
}

}  // namespace

TEST_CASE("schedule: a dead device leaves the others at least 95 % of their rate", "[gateway][schedule]") {
    struct death {
        const char* name;
        time_point from;
        nanoseconds probe_timeout;
    };
    const auto how = GENERATE(death{"dead from the start, never met: its probes last the whole time-out", origin, 500ms},
                              death{"dies mid-way, with shortened probes", origin + 20s, 100ms},
                              death{"dies mid-way, with the shortest probes", origin + 20s, 50ms});
    const auto period = GENERATE(nanoseconds(0), nanoseconds(1s), nanoseconds(100ms), nanoseconds(50ms));
    const auto window = GENERATE(nanoseconds(25s), nanoseconds(60s));
    const auto dead = GENERATE(range(0u, 3u));
    CAPTURE(how.name, period.count(), window.count(), dead);
    const time_point end = how.from + window;

    const auto groups = one_group_each(3, period, 20);
    std::vector<device_model> devices(3, {.cost = 34ms});
    bus healthy(without(groups, dead), devices);
    healthy.run_until(end);
    devices[dead].dead_from = how.from;
    devices[dead].probe_timeout = how.probe_timeout;
    bus line(groups, devices);
    line.run_until(end);

    CHECK(line.plan.state(dead) == device_state::offline);
    CHECK(line.lost_on(dead) <= window / 20);
    std::size_t other = 0;
    for (std::size_t group = 0; group < 3; ++group) {
        if (group == dead) continue;
        CAPTURE(group);
        const auto alone = healthy.answers(other++, how.from, end);
        const auto beside = line.answers(group, how.from, end);
        CHECK(beside * 100 >= alone * 95);
        CHECK(line.plan.state(group) == device_state::online);
        if (period == 1s) CHECK(line.plan.missed_cycles(group) == 0);
    }
    CHECK(line.plan.missed_cycles(dead) <= 2 * line.plan.missed_cycles((dead + 1) % 3) + 1);
}

TEST_CASE("schedule: many dead devices together leave a working bus its rate", "[gateway][schedule]") {
    std::vector<device_model> devices(10, {.cost = 34ms});
    for (std::size_t device = 3; device < 10; ++device) devices[device].dead_from = origin;
    bus line(one_group_each(10, 0s), devices);
    line.run_until(origin + 10min);
    nanoseconds lost{0};
    for (std::size_t device = 3; device < 10; ++device) lost += line.lost_on(device);
    // Each is asked twice at first, at its full time-out; what follows is probes.
    CHECK(lost - 7 * 2 * 500ms <= nanoseconds(10min) / 20);
    for (std::size_t device = 3; device < 10; ++device) CHECK(line.plan.state(device) == device_state::offline);
}

TEST_CASE("schedule: probes get through", "[gateway][schedule]") {
    const auto period = GENERATE(nanoseconds(0), nanoseconds(50ms), nanoseconds(5s));
    CAPTURE(period.count());
    std::vector<poll_group> groups = one_group_each(3, 50ms, 4);  // 34 ms × 3 each 50 ms: overloaded
    groups[1].period = period;
    std::vector<device_model> devices(3, {.cost = 34ms});
    devices[1].dead_from = origin;
    devices[1].dead_until = origin + 30s;
    bus line(groups, devices);
    line.run_until(minute + 30s);
    CHECK(line.plan.state(1) == device_state::online);
    REQUIRE(line.changes.size() == 4);
    CHECK(line.changes[3].second == std::pair{std::size_t{1}, device_state::online});
    CHECK(line.changes[3].first < origin + 30s + 26s);
    std::size_t probes = 0;
    for (const request& one : line.requests) probes += one.probe ? 1 : 0;
    CHECK(probes >= 2);
    CHECK(probes <= 5);
}

TEST_CASE("schedule: a device that fails once", "[gateway][schedule]") {
    std::vector<poll_group> groups = {{0, 5s, {0, 1, 2}}, {0, 1min, {3, 4}}, {1, 5s, {5}}};
    schedule plan(groups, 2, origin);
    const auto ask = [&](time_point now, tidegate_outcome outcome, std::vector<point_index> covered, nanoseconds cost) {
        const auto turn = plan.next(now);
        REQUIRE(turn);
        const auto result = plan.finished(*turn, outcome, covered, now, now + cost);
        return std::pair{*turn, result};
    };
    REQUIRE(ask(origin, TIDEGATE_DONE, {0}, 10ms).first.group == 0);
    REQUIRE(ask(origin + 10ms, TIDEGATE_DONE, {5}, 10ms).first.group == 2);
    const auto [failing, result] = ask(origin + 20ms, TIDEGATE_DEVICE_SILENT, {}, 500ms);
    REQUIRE(failing.group == 0);

    SECTION("hands on what its cycle has, and is asked again for what is missing, when its late answer can't come any more") {
        CHECK(result.cycle_complete);
        CHECK_FALSE(result.changed);
        CHECK_FALSE(plan.next(origin + 520ms));
        CHECK(plan.wake() == origin + 1020ms);
        const auto again = plan.next(origin + 1520ms);
        REQUIRE(again);
        CHECK(again->group == 0);
        CHECK(again->probe);
        REQUIRE(again->candidates.size() == 1);
        CHECK(again->candidates[0].point == 1);
        const auto part = plan.finished(*again, TIDEGATE_DONE, std::vector<point_index>{1}, origin + 1520ms, origin + 1530ms);
        CHECK_FALSE(part.cycle_complete);
        const auto rest = plan.next(origin + 1530ms);
        REQUIRE(rest);
        CHECK_FALSE(rest->probe);
        REQUIRE(rest->candidates.size() == 3);  // and its one-minute group's
        CHECK(rest->candidates[0].point == 2);
        const auto whole = plan.finished(*rest, TIDEGATE_DONE, std::vector<point_index>{2}, origin + 1530ms, origin + 1540ms);
        CHECK(whole.cycle_complete);
        CHECK(plan.missed_cycles() == 0);
        CHECK(plan.suspended_cycles(0) == 0);
    }
    SECTION("answering only after the next phase point, it begins a new cycle with that answer") {
        const auto again = plan.next(origin + 5001ms);
        REQUIRE(again);
        REQUIRE(again->probe);
        plan.finished(*again, TIDEGATE_DONE, std::vector<point_index>{1}, origin + 5001ms, origin + 5010ms);
        CHECK(plan.next(origin + 5010ms)->group == 2);  // device 1's turn of that phase point
        plan.finished(*plan.next(origin + 5010ms), TIDEGATE_DONE, std::vector<point_index>{5}, origin + 5010ms, origin + 5020ms);
        const auto rest = plan.next(origin + 5020ms);
        REQUIRE(rest);
        CHECK(rest->group == 0);
        REQUIRE(rest->candidates.size() == 4);
        CHECK(rest->candidates[0].point == 0);
        CHECK(rest->candidates[1].point == 2);
        CHECK(plan.suspended_cycles(0) == 0);
    }
    SECTION("fails again: is left alone for ten times the cost, for the other's sake") {
        ask(origin + 1520ms, TIDEGATE_DEVICE_SILENT, {}, 500ms);
        CHECK_FALSE(plan.next(origin + 2020ms));
        CHECK(plan.wake() == origin + 5s);  // device 1
        const auto other = plan.next(origin + 5s);
        plan.finished(*other, TIDEGATE_DONE, std::vector<point_index>{5}, origin + 5s, origin + 5010ms);
        CHECK_FALSE(plan.next(origin + 5010ms));
        CHECK(plan.wake() == origin + 7020ms);
        const auto probe = plan.next(origin + 7020ms);
        REQUIRE(probe);
        CHECK(probe->probe);
        CHECK(probe->group == 0);
        CHECK(probe->candidates.size() == 1);

        const auto back = plan.finished(*probe, TIDEGATE_DONE, std::vector<point_index>{1}, origin + 7020ms, origin + 7030ms);
        CHECK_FALSE(back.cycle_complete);  // the cycle of the phase point at 5 s has begun with this reading
        const auto rest = plan.next(origin + 7030ms);
        REQUIRE(rest);
        CHECK(rest->group == 0);
        CHECK_FALSE(rest->probe);
        REQUIRE(rest->candidates.size() == 4);
        CHECK(rest->candidates[0].point == 0);
        CHECK(rest->candidates[1].point == 2);
        CHECK(plan.missed_cycles() == 0);
    }
}

TEST_CASE("schedule: what passes while a device is let alone is suspended, not missed", "[gateway][schedule]") {
    bus line({{0, 200ms, {0}}},
             {{.cost = 10ms, .timeout = 50ms, .probe_timeout = 50ms, .dead_from = origin + 1s, .dead_until = origin + 1101ms}});
    line.run_until(origin + 4s);
    // Asked at 1000 ms, silent until 1050, asked again at 1100 (there is nobody else), silent until 1150, let alone until 2150:
    // 1200 … 1800 pass, 2000 is served late.
    CHECK(line.plan.suspended_cycles(0) == 4);
    CHECK(line.plan.missed_cycles(0) == 0);
    CHECK(line.cycles[0].size() == 20 - 4 - 1);
    CHECK(line.plan.state(0) == device_state::online);
}

TEST_CASE("schedule: a probe without an answer misses nothing either", "[gateway][schedule]") {
    // The ten-second group fails; the other, which hadn't begun, is probed in its stead.
    bus line({{0, 10s, {0}}, {0, 1s, {1}}},
             {{.cost = 10ms, .timeout = 50ms, .dead_from = origin + 5ms, .dead_until = origin + 30s}});
    line.run_until(minute);
    CHECK(line.plan.state(0) == device_state::online);
    CHECK(line.plan.missed_cycles() == 0);
    CHECK(line.cycles[1].size() + line.plan.suspended_cycles(1) == 60);
}

TEST_CASE("schedule: a disturbance doesn't wait for the turn of the dead", "[gateway][schedule]") {
    std::vector<device_model> devices(3, {.cost = 10ms});
    devices[1].dead_from = origin;
    devices[2].dead_from = origin + 3s;
    devices[2].dead_until = origin + 3100ms;
    bus line(one_group_each(3, 1s), devices);
    line.run_until(origin + 6s);
    const auto probe =
        std::find_if(line.requests.begin(), line.requests.end(), [](const request& one) { return one.probe && one.group == 2; });
    REQUIRE(probe != line.requests.end());
    CHECK(probe->began < origin + 5s);
    CHECK(probe->answered);
}

TEST_CASE("schedule: a probe asks for what is due anyway", "[gateway][schedule]") {
    bus line({{0, 10min, {0}}, {0, 2s, {1}}}, {{.cost = 10ms, .timeout = 50ms, .dead_from = origin + 1s}});
    line.run_until(minute);
    std::size_t probes = 0;
    for (const request& one : line.requests) {
        if (!one.probe) continue;
        ++probes;
        CHECK(one.group == 1);
    }
    CHECK(probes >= 4);
}

TEST_CASE("schedule: a failure breaks off the other cycles of its device", "[gateway][schedule]") {
    schedule plan({{0, 10s, {0, 1}}, {0, 1s, {2}}, {1, 10s, {3, 4}}}, 2, origin);
    const auto answer = [&](nanoseconds at, std::size_t group, std::vector<point_index> covered) {
        const auto turn = plan.next(origin + at);
        REQUIRE(turn);
        REQUIRE(turn->group == group);
        return plan.finished(*turn, TIDEGATE_DONE, covered, origin + at, origin + at + 1ms);
    };
    answer(0ms, 1, {2});
    CHECK(answer(400ms, 0, {0}).also_ended.empty());
    answer(800ms, 2, {3});
    const auto turn = plan.next(origin + 1s);
    REQUIRE(turn);
    REQUIRE(turn->group == 1);

    SECTION("the device's, if the device is silent") {
        const auto result = plan.finished(*turn, TIDEGATE_DEVICE_SILENT, {}, origin + 1s, origin + 1500ms);
        CHECK(std::vector(result.also_ended.begin(), result.also_ended.end()) == std::vector<std::size_t>{0});
    }
    SECTION("everybody's, if the bus is away") {
        const auto result = plan.finished(*turn, TIDEGATE_BUS_DOWN, {}, origin + 1s, origin + 1500ms);
        CHECK(std::vector(result.also_ended.begin(), result.also_ended.end()) == std::vector<std::size_t>{0, 2});
    }
}

TEST_CASE("schedule: all groups of a dead device wait together", "[gateway][schedule]") {
    bus line({{0, 1s, {0}}, {0, 100ms, {1}}, {0, 0s, {2}}, {1, 1s, {3}}},
             {{.dead_from = origin, .dead_until = origin + 40s}, {}});
    line.run_until(origin + 40s);
    std::size_t asked = 0;
    for (const request& one : line.requests) asked += one.group < 3 ? 1 : 0;
    CHECK(asked <= 5);  // two polls, then a probe each 15 s, of the device and not of each group
    line.run_until(minute + 30s);
    CHECK(line.plan.state(0) == device_state::online);
    for (std::size_t group = 0; group < 3; ++group) CHECK(line.plan.missed_cycles(group) == 0);
    CHECK(line.plan.suspended_cycles(0) > 40);
    CHECK(line.plan.suspended_cycles(1) > 400);
    CHECK(line.cycles[0].size() + line.plan.suspended_cycles(0) >= 88);
    CHECK(line.cycles[0].size() + line.plan.suspended_cycles(0) <= 90);
    CHECK(line.cycles[3].size() == 90);
}

TEST_CASE("schedule: a bus that is away", "[gateway][schedule]") {
    bus line(one_group_each(2, 1s), {2, device_model{}});
    line.down_from = origin + 10s;
    line.down_until = origin + 40s;
    line.run_until(origin + 10100ms);
    CHECK_FALSE(line.plan.bus_is_down());
    CHECK(line.plan.state(1) == device_state::online);
    line.run_until(origin + 11s);
    CHECK(line.plan.bus_is_down());
    CHECK(line.plan.state(0) == device_state::offline);
    CHECK(line.plan.state(1) == device_state::offline);
    REQUIRE(line.bus_changes.size() == 1);
    line.run_until(minute);

    SECTION("is tried 0.5, 1, 2, 4, 8, 10 s apart") {
        std::vector<nanoseconds> pauses;
        for (std::size_t at = 1; at < line.requests.size(); ++at)
            if (!line.requests[at - 1].answered) pauses.push_back(line.requests[at].began - line.requests[at - 1].ended);
        CHECK(pauses == std::vector<nanoseconds>{500ms, 1s, 2s, 4s, 8s, 10s, 10s});
    }
    SECTION("comes back with its devices as they answer, and counts nothing as missed") {
        CHECK_FALSE(line.plan.bus_is_down());
        CHECK(line.bus_changes.size() == 2);
        CHECK(line.plan.state(0) == device_state::online);
        CHECK(line.plan.state(1) == device_state::online);
        CHECK(line.plan.missed_cycles() == 0);
        CHECK(line.plan.suspended_cycles(0) >= 30);
        CHECK(line.cycles[1].back() > minute - 1s);
    }
}

TEST_CASE("schedule: a bus without groups, and one that nobody answers on", "[gateway][schedule]") {
    SECTION("nothing to do is nothing to wait for") {
        schedule plan({}, 0, origin);
        CHECK_FALSE(plan.next(origin));
        CHECK(plan.wake() == time_point::max());
    }
    SECTION("dead devices among themselves are probed as each deserves") {
        std::vector<device_model> devices(30, {.dead_from = origin, .dead_until = origin + 5min});
        bus line(one_group_each(30, 1s), devices);
        line.run_until(origin + 5min);
        CHECK(line.requests.size() > 30u * 6u);  // nobody is harmed by them: no ration
        line.run_until(origin + 6min);
        for (std::size_t device = 0; device < 30; ++device) CHECK(line.plan.state(device) == device_state::online);
    }
}

TEST_CASE("schedule: a failure is looked into at once if nobody has to wait for that", "[gateway][schedule]") {
    const auto line_with = [](nanoseconds cost_of_other, nanoseconds failure) {
        std::vector<device_model> devices = {{.cost = 10ms, .timeout = failure, .probe_timeout = failure},
                                             {.cost = cost_of_other}};
        devices[0].dead_from = origin + 1s;
        devices[0].dead_until = origin + 1001ms;
        bus line(one_group_each(2, 1s), devices);
        line.run_until(origin + 4s);
        const auto probe = std::find_if(line.requests.begin(), line.requests.end(), [](const auto& one) { return one.probe; });
        REQUIRE(probe != line.requests.end());
        CHECK(probe->answered);
        return probe->began - origin;
    };
    SECTION("a damaged answer on an idle line: after the time that it took") { CHECK(line_with(10ms, 20ms) == 1040ms); }
    SECTION("a time-out on an idle line: when the late answer can't come any more") { CHECK(line_with(10ms, 250ms) == 1500ms); }
    SECTION("a time-out that the next phase point is too near for: after that") { CHECK(line_with(300ms, 400ms) == 2300ms); }
    SECTION("a damaged answer on a full line: at ten times its cost") {
        std::vector<device_model> devices(2, {.cost = 10ms, .timeout = 12ms, .probe_timeout = 12ms});
        devices[0].dead_from = origin + 1s;
        devices[0].dead_until = origin + 1015ms;
        bus line(one_group_each(2, 0s), devices);
        line.run_until(origin + 2s);
        const auto probe = std::find_if(line.requests.begin(), line.requests.end(), [](const auto& one) { return one.probe; });
        REQUIRE(probe != line.requests.end());
        CHECK(probe->began - origin >= 1132ms);
        CHECK(probe->began - origin <= 1150ms);
    }
}

TEST_CASE("schedule: a busy device is alive, asked again soon, and blocks nobody", "[gateway][schedule]") {
    std::vector<device_model> devices(2, {.cost = 10ms});
    devices[0].busy_until = origin + 2s;
    bus line(one_group_each(2, 200ms), devices);
    line.run_until(origin + 4s);
    CHECK(line.plan.state(0) == device_state::online);
    CHECK(line.changes.size() == 2);
    CHECK(line.answers(1, origin, origin + 4s) == 20);
    CHECK(line.plan.missed_cycles(1) == 0);
    std::vector<nanoseconds> asked;
    for (const request& one : line.requests)
        if (one.group == 0 && one.began < origin + 3s) asked.push_back(one.began - origin);
    REQUIRE(asked.size() >= 5);
    CHECK(asked[1] - asked[0] >= 110ms);
    CHECK(asked[1] - asked[0] <= 130ms);
    CHECK(asked[2] - asked[1] >= 210ms);
    CHECK(asked[4] - asked[3] >= 810ms);
    CHECK(line.cycles[0].size() == 8);  // from the first answer on, at 2550 ms
    CHECK(line.cycles[0].size() + line.plan.missed_cycles(0) == 20);
    CHECK(line.plan.suspended_cycles(0) == 0);
    CHECK(line.plan.busy_in_a_row(0) == 0);
}

namespace {

/// Ten units of twenty registers each on a real line: what a request costs by the wire, at 85 % load.
struct loaded_line {
    explicit loaded_line(int baud) {
        const nanoseconds character(11'000'000'000 / baud);
        const nanoseconds gap = baud > 19200 ? nanoseconds(1750us) : character * 7 / 2;
        const nanoseconds turnaround = 20ms;
        cost = character * (8 + 45) + std::max(gap, turnaround) + gap;
        period = cost * 1000 / 85;  // ten of them
        devices.assign(
            10, {.cost = cost, .timeout = 500ms, .probe_timeout = std::max<nanoseconds>(4 * turnaround, 50ms) + character * 20});
    }
    nanoseconds cost{0}, period{0};
    std::vector<device_model> devices;
};

}  // namespace

TEST_CASE("schedule: one and three dead of ten at 85 % load leave the others 97 % of their rate", "[gateway][schedule]") {
    const auto baud = GENERATE(9600, 19200, 115200);
    const auto dead = GENERATE(1u, 3u);
    const auto met = GENERATE(true, false);  // whether they had been alive before
    CAPTURE(baud, dead, met);
    loaded_line how(baud);
    const time_point death = met ? origin + 30s : origin;
    for (unsigned device = 0; device < dead; ++device) {
        how.devices[device * 3].dead_from = death;
    }
    bus line(one_group_each(10, how.period, 20), how.devices);
    line.run_until(death + 10min);
    const auto least_rate = [&](time_point from, time_point to) {
        double least = 1;
        for (std::size_t group = 0; group < 10; ++group) {
            if (how.devices[group].dead_from != time_point::max()) continue;
            const double wanted = static_cast<double>((to - from).count()) / static_cast<double>(how.period.count());
            least = std::min(least, static_cast<double>(line.answers(group, from, to)) / wanted);
        }
        return least;
    };
    CHECK(least_rate(death + 1min, death + 10min) >= 0.995);  // the steady state
    CHECK(least_rate(death, death + 1min) >= 0.97);           // and the first minute
}
