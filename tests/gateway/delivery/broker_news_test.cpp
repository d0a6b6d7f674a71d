// tests/gateway/delivery/broker_news_test.cpp: what of the broker is logged, and that no outage fills the log.
#include "gateway/delivery/broker_news.hpp"

#include <catch2/catch.hpp>

#include "tests/gateway/bus/news.hpp"

using namespace gateway;
using namespace std::chrono_literals;
using gateway_test::texts;

namespace {

struct bench {
    gateway_test::told told;
    config::file config;
    std::vector<mqtt::connection_settings> servers{1};
    broker_news news{config, servers, told.log};

    bench() { servers[0].endpoint = {mqtt::scheme::mqtt, "broker", 1883, ""}; }
    texts tell(const mqtt::effect& what) {
        news.tell(what);
        return told.take();
    }
};

mqtt::offline lost(std::string reason) { return {std::move(reason), 4s}; }

mqtt::online connected(bool session_present, std::uint64_t epoch) {
    mqtt::online made;
    made.session_present = session_present;
    made.epoch = epoch;
    return made;
}

}  // namespace

TEST_CASE("broker news: an outage is told when it begins, when its reason changes, and when it ends", "[gateway][broker_news]") {
    bench b;
    CHECK(b.tell(lost("refused")) == texts{"warning broker_lost reason=refused retry_in=4s"});
    CHECK(b.tell(lost("refused")).empty());
    CHECK(b.tell(lost("no route")).size() == 1);
    CHECK(b.tell(connected(false, 7)) ==
          texts{"info broker_connected broker=mqtt://broker:1883 session=new epoch=7 failed_attempts=3"});
    CHECK(b.tell(lost("no route")).size() == 1);
    CHECK(b.tell(connected(true, 0)).front().find("session=resumed epoch=0 failed_attempts=1") != std::string::npos);
    SECTION("but not one that the gateway itself brought about") {
        b.news.forget_connection();
        CHECK(b.tell(lost("")).empty());
    }
}

TEST_CASE("broker news: how many QoS 0 messages found no connection", "[gateway][broker_news]") {
    bench b;
    b.news.note_qos0_dropped();
    b.news.note_qos0_dropped();
    CHECK(b.tell(mqtt::online{}).at(1) == "warning qos0_dropped messages=2 reason=\"no connection\"");
    CHECK(b.tell(mqtt::online{}).size() == 1);
}

TEST_CASE("broker news: what is refused again and again is told when its number has doubled", "[gateway][broker_news]") {
    bench b;
    std::size_t lines = 0;
    for (int i = 1; i <= 10; ++i) lines += b.tell(mqtt::message_refused{mqtt::sequence{i}, 0x97, "quota"}).size();
    CHECK(lines == 4);
    CHECK(b.tell(mqtt::message_refused{mqtt::sequence{11}, 0x99, "no UTF-8"}) ==
          texts{"warning message_refused sequence=11 reason=\"no UTF-8\" messages=1 remedy=\"it is kept among the dead letters: "
                "tidegate queue peek --dead-letters\""});
}

TEST_CASE("broker news: what a broker doesn't grant is told until it changes", "[gateway][broker_news]") {
    bench b;
    b.config.mqtt.session_expiry = 3600s;
    mqtt::online granted;
    granted.properties.session_expiry_interval = 60;
    granted.properties.retain_available = 0;
    const texts lines = b.tell(granted);
    REQUIRE(lines.size() == 3);
    CHECK(lines[1].starts_with("warning session_expiry_reduced asked=3600s granted=60s "));
    CHECK(lines[2].starts_with("warning retain_unavailable "));
    CHECK(b.tell(granted).size() == 1);
    granted.properties.session_expiry_interval = 30;
    CHECK(b.tell(granted).size() == 2);
}

TEST_CASE("broker news: single events", "[gateway][broker_news]") {
    bench b;
    CHECK(b.tell(mqtt::session_lost{1, 2, 3}) == texts{"warning session_lost resent=1 dropped=2 epoch=3"});
    CHECK(b.tell(mqtt::redirected{"other:1883", true, false}) ==
          texts{"warning broker_moved to=other:1883 permanent=yes followed=no"});
    CHECK(b.tell(mqtt::qos_lowered{}).front().starts_with("warning qos_lowered to=1 "));
    CHECK(b.tell(mqtt::unexpected_message{"a/b"}) == texts{"debug unexpected_message topic=a/b"});
    CHECK(b.tell(mqtt::unlogged_lost{2}) == texts{"debug unlogged_lost messages=2"});
    CHECK(b.tell(mqtt::save{}).empty());
    b.news.tell_settings();
    CHECK(b.told.take().empty());
    b.config.mqtt.tls.verify = config::tls_verify::none;
    b.news.tell_settings();
    CHECK(b.told.take() == texts{"warning broker_not_verified verify=none remedy=\"set mqtt.tls.verify: full\""});
}
