// tests/gateway/bus/device_news_test.cpp: what is said of a device, and when it is dated again.
#include "gateway/bus/device_news.hpp"

#include <catch2/catch.hpp>

#include "tests/gateway/bus/news.hpp"

using namespace gateway;
using gateway_test::texts;

namespace {

config::file one_device() {
    config::file made;
    made.gateway_id = "plant7";
    made.buses.resize(1);
    made.buses[0].name = "line";
    made.buses[0].devices.resize(1);
    made.buses[0].devices[0].name = "boiler";
    return made;
}

device_event event(device_state state, std::string error, bool synchronised = true) {
    return {0, 0, state, std::move(error), {.wall_ms = 5'000, .monotonic_ms = 1'000, .synchronised = synchronised}};
}

constexpr char topic[] = "tidegate/plant7/device/boiler/status";

}  // namespace

TEST_CASE("device news: a line and a status for each change", "[gateway][device_news]") {
    gateway_test::told told;
    const config::file config = one_device();
    device_news news(config, told.log, told.set_status());
    news.tell(event(device_state::online, ""));
    CHECK(told.take() == texts{"info device_online bus=line device=boiler"});
    CHECK(told.topics[topic] == R"({"state":"online","since":"1970-01-01T00:00:05.000Z","error":null,"overdue":false})");
    news.tell(event(device_state::online, "exception 2"));
    CHECK(told.take() == texts{"warning device_error bus=line device=boiler error=\"exception 2\""});
    CHECK(told.topics[topic] == R"({"state":"online","since":"1970-01-01T00:00:05.000Z","error":"exception 2","overdue":false})");
    news.tell(event(device_state::offline, "timeout"));
    CHECK(told.take() == texts{"warning device_offline bus=line device=boiler error=timeout"});
    CHECK(told.topics[topic] == R"({"state":"offline","since":"1970-01-01T00:00:05.000Z","error":"timeout","overdue":false})");
    auto late = event(device_state::online, "");
    late.overdue = true;
    news.tell(late);
    told.take();
    CHECK(told.topics[topic] == R"({"state":"online","since":"1970-01-01T00:00:05.000Z","error":null,"overdue":true})");
    auto dropped = event(device_state::online, "");
    dropped.implausible = 3;
    news.tell(dropped);
    CHECK(told.topics[topic] ==
          R"({"state":"online","since":"1970-01-01T00:00:05.000Z","error":null,"overdue":false,"implausible":3})");
    told.take();
    news.tell(missed_event{0, 4});
    CHECK(told.take() ==
          texts{"warning interval_not_met bus=line missed_cycles=4 remedy=\"tidegate check shows the load of each bus\""});
}

TEST_CASE("device news: a status that a wrong clock has dated is told again, once", "[gateway][device_news]") {
    gateway_test::told told;
    const config::file config = one_device();
    device_news news(config, told.log, told.set_status());
    news.tell(event(device_state::online, "", false));
    CHECK(told.topics[topic] ==
          R"({"state":"online","since":"1970-01-01T00:00:05.000Z","ts_quality":"unsynchronised","error":null,"overdue":false})");
    news.set_boot_offset(1'795'378'500'000);
    CHECK(told.topics[topic] == R"({"state":"online","since":"2026-11-22T20:15:01.000Z","error":null,"overdue":false})");
    CHECK(told.take().size() == 1);
    told.topics.clear();
    news.set_boot_offset(0);
    CHECK(told.topics.empty());
    news.tell(event(device_state::offline, "timeout", false));
    CHECK(told.topics[topic].find("ts_quality") == std::string::npos);
}
