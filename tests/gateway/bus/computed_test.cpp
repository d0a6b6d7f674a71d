// tests/gateway/bus/computed_test.cpp: when computed points are worked out, and from what.
// Not here: formulas (tests/config/formula_test.cpp).
#include "gateway/bus/computed.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;

namespace {

config::point read_point(std::string name, std::chrono::nanoseconds every) {
    config::point point;
    point.name = std::move(name);
    point.every = every;
    return point;
}
config::point computed_point(std::string name, std::string formula, std::vector<config::computation::input> inputs,
                             std::chrono::nanoseconds every) {
    auto point = read_point(std::move(name), every);
    point.compute.emplace(config::computation{std::move(formula), std::move(inputs), {}});
    return point;
}

/// Device 0: voltage and current every second (0, 1), ratio every minute (2), power (3), scaled (4) and doubled (5) computed.
/// Device 1: power every 10 s (6).
struct plant {
    plant() {
        bus.devices.resize(2);
        bus.devices[0].points = {read_point("voltage", 1s),
                                 read_point("current", 1s),
                                 read_point("ratio", 60s),
                                 computed_point("power", "voltage * current", {{0, 0}, {0, 1}}, 1s),
                                 computed_point("scaled", "power * ratio + b.power", {{0, 3}, {0, 2}, {1, 0}}, 1s),
                                 computed_point("doubled", "ratio * 2", {{0, 2}}, 60s)};
        bus.devices[1].points = {read_point("power", 10s)};
        check.emplace(bus);
        computed.emplace(bus);
    }
    std::vector<reading> follow(std::size_t device, std::vector<reading> readings, std::chrono::nanoseconds at = 0s) {
        failure.clear();
        cycle done;
        done.device = device;
        done.readings = std::move(readings);
        done.taken_steady = std::chrono::steady_clock::time_point(1000s) + at;
        return computed->follow(done, *check, failure);
    }
    config::bus bus;
    std::optional<plausibility> check;
    std::optional<computed_points> computed;
    std::string failure;
};

using readings = std::vector<reading>;

}  // namespace

TEST_CASE("computed: goes with the readings that complete it", "[gateway][computed]") {
    plant p;
    CHECK(p.follow(0, {{0, 230.0}, {1, 2.0}}) == readings{{3, 460.0}});
    CHECK(p.follow(0, {{2, std::uint64_t{10}}}) == readings{{5, 20.0}});
    CHECK(p.follow(1, {{6, std::int64_t{-5}}}).empty());  // it isn't of this device
    CHECK(p.follow(0, {{0, 230.0}, {1, 3.0}}, 1s) == readings{{3, 690.0}, {4, 6895.0}});
    CHECK(p.failure.empty());
    SECTION("also when they come in two parts, or one of them is missing for once") {
        CHECK(p.follow(0, {{0, 231.0}}, 2s).empty());
        CHECK(p.follow(0, {{1, 4.0}}, 2s) == readings{{3, 924.0}, {4, 9235.0}});
        CHECK(p.follow(0, {{1, 5.0}}, 3s).empty());
        CHECK(p.follow(0, {{0, 100.0}, {1, 6.0}}, 4s) == readings{{3, 600.0}, {4, 5995.0}});
    }
    SECTION("not with what is too old: three periods and ten seconds") {
        CHECK(p.follow(0, {{0, 1.0}, {1, 1.0}}, 40s) == readings{{3, 1.0}, {4, 5.0}});
        CHECK(p.follow(0, {{0, 1.0}, {1, 1.0}}, 40s + 1ns) == readings{{3, 1.0}});  // device 1 said something 40 s ago
        CHECK(p.follow(1, {{6, 5.0}}, 189s).empty());
        CHECK(p.follow(0, {{0, 1.0}, {1, 1.0}}, 190s) == readings{{3, 1.0}, {4, 15.0}});
        CHECK(p.follow(0, {{0, 1.0}, {1, 1.0}}, 190s + 1ns) == readings{{3, 1.0}});  // and ratio 190 s ago
        CHECK(p.follow(0, {{0, 1.0}}, 200s).empty());
        CHECK(p.follow(0, {{1, 1.0}}, 213s + 1ns).empty());
    }
}

TEST_CASE("computed: what isn't a number", "[gateway][computed]") {
    plant p;
    CHECK(p.follow(0, {{0, no_value{}}, {1, 2.0}}) == readings{{3, no_value{}}});
    CHECK(p.failure.empty());
    CHECK(p.follow(0, {{0, 230.0}, {1, std::string("off")}}) == readings{{3, no_value{}}});
    CHECK(p.failure == "power can't be computed: current is a text");
    CHECK(p.follow(0, {{0, true}, {1, 2.5f}}) == readings{{3, 2.5}});
    CHECK(p.follow(0, {{0, 1e200}, {1, 1e200}}) == readings{{3, no_value{}}});
    CHECK(p.failure.empty());
}

TEST_CASE("computed: is checked and rounded like what is read", "[gateway][computed]") {
    plant p;
    p.bus.devices[0].points[3].plausible.emplace().most = 1000;
    p.bus.devices[0].points[3].plausible->round = 1;
    p.check.emplace(p.bus);
    p.follow(0, {{2, 2.0}});
    p.follow(1, {{6, 0.0}});
    CHECK(p.follow(0, {{0, 2.04}, {1, 1.0}}) ==
          readings{{3, 2.0}, {4, 4.0}});  // further ones are computed from what is published
    CHECK(p.follow(0, {{0, 1001.0}, {1, 1.0}}).empty());
    CHECK(p.failure == "power: 1001 is more than 1000");
}
