// tests/gateway/write/write_orders_test.cpp: a flood of commands and the polls of a bus, on virtual time: neither stops the
// other.
#include "gateway/write/write_orders.hpp"

#include <catch2/catch.hpp>

#include "tests/gateway/bus/schedule_simulation.hpp"

using namespace gateway;
using namespace gateway::simulation;

namespace {

constexpr nanoseconds cost_of_write = 30ms;

struct flooded {
    bus line;
    write_lane lane;
    std::vector<nanoseconds> writes;  // when each began
    int in_a_row = 0, most_in_a_row = 0;

    /// As the bus thread does it. `waiting`: so many orders are always there.
    void run_until(time_point end, std::size_t waiting) {
        while (line.now < end) {
            while (count < waiting) {
                lane.add({});
                ++count;
            }
            if (lane.may_go()) {
                lane.take();
                --count;
                writes.push_back(line.now - origin);
                most_in_a_row = std::max(most_in_a_row, ++in_a_row);
                line.now += cost_of_write;
                continue;
            }
            const auto turn = line.plan.next(line.now);
            lane.on_poll();
            if (turn) {
                in_a_row = 0;
                line.carry_out(*turn);
            } else if (lane.empty()) {
                line.now = line.plan.wake();
            } else {
                in_a_row = 0;  // no poll was due
            }
        }
    }
    std::size_t count = 0;
};

}  // namespace

TEST_CASE("orders: however many commands come, a due poll follows each of them", "[gateway][write][schedule]") {
    // Ten devices that take 0.3 s of each second, and a bus that never runs out of commands.
    flooded with{bus(one_group_each(10, 1s), std::vector<device_model>(10)), {}, {}};
    with.run_until(origin + 60s, 100);
    CHECK(with.most_in_a_row == 1);
    CHECK(with.line.plan.missed_cycles() == 0);
    for (std::size_t device = 0; device < 10; ++device) CHECK(with.line.cycles[device].size() >= 59);
    CHECK(with.writes.size() > 1300);
}

TEST_CASE("orders: on a bus that polls have filled, half of the turns are left to them", "[gateway][write][schedule]") {
    flooded with{bus(one_group_each(50, 1s), std::vector<device_model>(50)), {}, {}};  // 1.5 s of each second
    with.run_until(origin + 60s, 100);
    CHECK(with.most_in_a_row == 1);
    CHECK(with.line.requests.size() >= 990);  // of 2000 without commands
    for (std::size_t device = 0; device < 50; ++device) CHECK(with.line.cycles[device].size() >= 19);
}

TEST_CASE("orders: a command waits for one poll at most", "[gateway][write][schedule]") {
    flooded with{bus(one_group_each(50, 1s), std::vector<device_model>(50)), {}, {}};
    with.run_until(origin + 10s, 0);
    for (int i = 0; i < 20; ++i) {
        const auto came = with.line.now - origin;
        with.lane.add({});
        ++with.count;
        with.run_until(with.line.now + 31ms, 0);
        REQUIRE(!with.writes.empty());
        CHECK(with.writes.back() - came <= 30ms);
        with.run_until(with.line.now + 100ms, 0);
    }
    CHECK(with.writes.size() == 20);
}
