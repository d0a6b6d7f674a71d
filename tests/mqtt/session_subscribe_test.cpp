// tests/mqtt/session_subscribe_test.cpp: stories of subscriptions over connections, lost sessions and limits.
// Not here: requests and answers by themselves (subscriptions_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q0 = qos::at_most_once;

}  // namespace

TEST_CASE("session: subscriptions are asked for on every connection, on a lost session with what is retained",
          "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.subscribe("before");
    d.start();
    d.opened();
    d.broker(connack{});
    d.closed();
    d.connect_keeping_output(false);
    d.durable();
    CHECK(d.packets() == lines{"SUBSCRIBE 60201 'before' q2"});
    d.broker(granted(60201, {reason::granted_qos_1}));
    CHECK(d.effects().back() == "subscribed 'before' 0x01");
    d.closed();
    d.subscribe("while offline");
    d.effects();
    d.pass_to_deadline();
    d.connect_keeping_output(true);
    CHECK(d.packets() == lines{how == v5 ? "SUBSCRIBE 60202 'before' q2 retain-handling 1" : "SUBSCRIBE 60202 'before' q2",
                               "SUBSCRIBE 60203 'while offline' q2"});
    d.broker(granted(60202, {reason::not_authorized}), granted(60203, {reason::success}));
    CHECK(d.effects() == lines{"online resumed epoch 1 server 0",
                               how == v5 ? "subscribed 'before' 0x87" : "subscribed 'before' 0x80",
                               "subscribed 'while offline'"});
    d.reconnect(false);
    CHECK(d.packets().empty());  // not before the new session is on disk
    d.durable();
    CHECK(d.packets() == lines{"SUBSCRIBE 60204 'before' q2", "SUBSCRIBE 60205 'while offline' q2"});
}

TEST_CASE("session: a hundred calls and more at once: all are asked for, and all are told", "[mqtt][session]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    for (int i = 0; i < 350; ++i) d.subscribe("in/" + std::to_string(i));
    std::size_t asked = 0;
    for (int round = 0; round < 10; ++round) {
        std::vector<suback> answers;
        for (const auto& each : d.cut(d.session().unsent()))
            answers.push_back({std::get<subscribe>(each).id, {reason::granted_qos_2}, {}});
        d.packets();
        CHECK(answers.size() <= 100);
        asked += answers.size();
        d.broker_all(answers);
    }
    CHECK(asked == 350);
    CHECK(d.effects().size() == 350);
    d.broker(incoming(q0, 0, "in/349"));
    CHECK(d.effects() == lines{"received q0 'in/349' 'x'"});
}

TEST_CASE("session: an UNSUBSCRIBE without an answer is said again on the next connection, and nothing is expected by it then",
          "[mqtt][session]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    d.session().unsubscribe({"in"}, {}, d.now());
    CHECK(d.packets() == lines{"UNSUBSCRIBE 60202 'in'"});
    d.reconnect(true);
    CHECK(d.packets() == lines{"UNSUBSCRIBE 60203 'in'"});
    d.effects();
    d.broker(incoming(q0), departed(60203, {reason::success}), incoming(q0));
    CHECK(d.effects() == lines{"received q0 'in' 'x'", "unsubscribed 'in'", "unexpected 'in'"});
}

TEST_CASE("session: subscriptions of an earlier process that nobody asks for again are told as unexpected", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    d.crash();
    d.start();
    d.connect(true);
    CHECK(d.packets().empty());
    d.broker(incoming(qos::exactly_once, 1));
    d.durable();
    CHECK(d.effects()[0] == "unexpected 'in'");
    CHECK(d.packets() == lines{"PUBREC 1"});
}

TEST_CASE("session: several that don't fit one packet are told one by one all the same", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin(properties([](auto& p) { p.maximum_packet_size = 20u; }));
    std::vector<subscription> what(5);
    for (std::size_t i = 0; i < what.size(); ++i) what[i].filter = "in/" + std::to_string(i);
    d.session().subscribe(what, {}, d.now());
    for (const auto& each : d.cut(d.session().unsent())) {
        const auto& asked = std::get<subscribe>(each);
        d.broker(suback{asked.id, std::vector<reason>(asked.subscriptions.size(), reason::success), {}});
    }
    CHECK(d.effects() ==
          lines{"subscribed 'in/0'", "subscribed 'in/1'", "subscribed 'in/2'", "subscribed 'in/3'", "subscribed 'in/4'"});
}

TEST_CASE("session: a lasting request and PINGREQ have their own time, and the owner's timer never spins", "[mqtt][session]") {
    options how = plain_options(GENERATE(v3, v5));
    how.keepalive = GENERATE(1s, 10s, 25s, 29s, 30s, 31s, 50s);
    driver d(how);
    d.begin();
    d.subscribe("in");
    int wakes = 0;
    while (d.session().is_online()) {
        REQUIRE(d.session().next_deadline() > d.now());
        REQUIRE(++wakes < 100);
        d.pass_to_deadline();
        d.packets();
        d.broker_bytes("");  // nothing of the broker
    }
    CHECK(d.now() - driver(how).now() <= 30s);
}
