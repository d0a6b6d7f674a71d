// tests/gateway/bus/bus_news_test.cpp: a bus's retained status, and when it is told again.
#include "gateway/bus/bus_news.hpp"

#include <catch2/catch.hpp>

#include "tests/gateway/bus/news.hpp"

using namespace gateway;
using namespace std::chrono_literals;

TEST_CASE("bus news: a status at first, once a minute, and when something turns", "[gateway][bus_news]") {
    config::file config;
    config.gateway_id = "plant7";
    config.buses.resize(2);
    config.buses[1].name = "line";
    config.buses[1].devices.resize(2);
    config.buses[1].devices[0].name = "boiler";
    config.buses[1].devices[1].name = "meter";
    gateway_test::told told;
    bus_news news(config, told.set_status());
    bus_statistics now;
    now.bus = 1;
    now.exchanges = {12, 8, 1, 2, 1, 3};
    now.missed_cycles = 5;
    now.busy = 0.61234;
    now.load = 0.25;
    now.sweep = 71'500us;
    now.requests_per_second = 1.2;
    now.devices = {{{10, 7, 0, 2, 1, 3}, 12'345us, 5, true}, {{2, 1, 1, 0, 0, 0}, std::nullopt, 0, false}};
    const time_point start{};
    const std::string topic = "tidegate/plant7/bus/line/status";
    const auto told_at = [&](nanoseconds at) {
        told.topics.clear();
        news.tell(now, start + at);
        return told.topics.count(topic) == 1;
    };
    REQUIRE(told_at(10s));
    CHECK(told.topics[topic] ==
          R"({"state":"up","load":0.25,"busy":0.612,"requests_per_second":1.2,"sweep_ms":71.5,"missed_cycles":5,"requests":12,)"
          R"("answers":8,"exceptions":1,"time_outs":2,"damaged":1,"unreachable":3,"devices":{"boiler":{"overdue":true,)"
          R"("turnaround_ms":12.35,"missed_cycles":5,"requests":10,"answers":7,"exceptions":0,"time_outs":2,"damaged":1,)"
          R"("unreachable":3},"meter":{"overdue":false,"turnaround_ms":null,"missed_cycles":0,"requests":2,"answers":1,)"
          R"("exceptions":1,"time_outs":0,"damaged":0,"unreachable":0}}})");
    CHECK_FALSE(told_at(20s));
    CHECK_FALSE(told_at(69s));
    CHECK(told_at(70s));
    now.devices[0].overdue = false;
    CHECK(told_at(80s));
    now.down = true;
    CHECK(told_at(90s));
    CHECK(told.topics[topic].substr(0, 15) == R"({"state":"down")");
    CHECK_FALSE(told_at(100s));
}
