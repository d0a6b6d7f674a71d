// tests/conformance/session_resume.cpp: what is sent again on a resumed session, and when (4.4); which order is kept (4.6).
// Not here: when a session is resumed (session_state.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

TEST_CASE(
    "session: on a resumed session every unacknowledged PUBLISH and PUBREL is sent again under its own identifier "
    "[3.1.1 MQTT-4.4.0-1; 5.0 MQTT-4.4.0-1]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    for (int i = 1; i <= 6; ++i) d.publish(i, i % 2 == 0 ? q1 : q2);
    d.durable();
    d.packets();
    d.broker(answer<pubrec>(2), answer<puback>(5), answer<pubrec>(6));  // 1 and 5 released, 4 done
    d.durable();
    d.broker(answer<pubcomp>(6));
    d.durable();
    d.packets();
    if (GENERATE(false, true)) {
        d.know_newest(6);
        d.crash();
        d.start();
        d.connect_keeping_output(true);
    } else {
        d.reconnect(true);
    }
    while (d.session().accepts() && number(d.session().next()) <= 6) {
        const auto at = number(d.session().next());
        d.publish(at, at % 2 == 0 ? q1 : q2);
    }
    CHECK(d.packets() ==
          lines{"PUBREL 2", "PUBLISH 3 q1 dup 't' 'm2'", "PUBLISH 4 q2 dup 't' 'm3'", "PUBLISH 7 q1 dup 't' 'm6'"});
}

TEST_CASE(
    "session: while a connection lasts nothing is sent again, however long the answer takes [3.1.1 (4.4); 5.0 MQTT-4.4.0-1]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    send(d, 1, 3, q2);
    d.broker(answer<pubrec>(2));
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 2"});
    for (int minute = 0; minute < 100; ++minute) {
        d.pass(60s);
        d.broker(pingresp{});
        d.durable();
        CHECK(d.packets() == lines{"PINGREQ"});
    }
    CHECK(d.session().in_flight() == 3);
}

TEST_CASE("session: PUBLISHes are sent again in the order in which they were sent [3.1.1 MQTT-4.6.0-1; 5.0 MQTT-4.6.0-1]",
          "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    const auto level = GENERATE(q1, q2);
    const std::string q = level == q1 ? " q1" : " q2";
    d.begin();
    send(d, 1, 9, level);
    for (const unsigned id : {9u, 4u, 6u}) level == q1 ? d.broker(answer<puback>(id)) : d.broker(answer<pubrec>(id));
    d.durable();
    d.reconnect(true);
    feed(d, 9, level);
    lines expected;
    for (const int at : {1, 2, 4, 6, 7, 9})
        expected.push_back("PUBLISH " + std::to_string(at + 1) + q + " dup 't' 'm" + std::to_string(at) + "'");
    CHECK(starting_with("PUBLISH", d.packets()) == expected);
}

TEST_CASE(
    "session: PUBACKs and PUBRECs go in the order of the messages, however the disk splits them "
    "[3.1.1 MQTT-4.6.0-2, MQTT-4.6.0-3; 5.0 MQTT-4.6.0-2, MQTT-4.6.0-3]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    const unsigned up_to = GENERATE(range(1u, 8u));  // this many saves are durable first
    d.broker(incoming(q2, 4));
    d.broker(incoming(q1, 9), incoming(q1, 2));
    d.broker(incoming(q2, 1));
    d.broker(incoming(q2, 4));  // a repetition: needs nothing new, and doesn't overtake
    d.broker(incoming(q1, 3));
    d.broker(incoming(q2, 7));
    d.durable(up_to);
    lines sent = d.packets();
    CHECK((sent.size() == 7) == (up_to >= 6));
    d.durable();
    for (const auto& each : d.packets()) sent.push_back(each);
    CHECK(starting_with("PUBACK", sent) == lines{"PUBACK 9", "PUBACK 2", "PUBACK 3"});
    CHECK(starting_with("PUBREC", sent) == lines{"PUBREC 4", "PUBREC 1", "PUBREC 4", "PUBREC 7"});
}

TEST_CASE(
    "session: PUBRELs go in the order of the PUBRECs, also after a reconnect or a crash [3.1.1 MQTT-4.6.0-4; 5.0 MQTT-4.6.0-4]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    const int how = GENERATE(0, 1, 2);
    d.begin();
    send(d, 1, 5, q2);
    const lines expected{"PUBREL 6", "PUBREL 2", "PUBREL 5", "PUBREL 3"};
    d.broker(answer<pubrec>(6));
    d.broker(answer<pubrec>(2), answer<pubrec>(5));
    d.broker(answer<pubrec>(3));
    d.durable(4);
    if (how == 0) {
        lines sent = d.packets();
        CHECK(sent.size() == 3);
        d.durable();
        for (const auto& each : d.packets()) sent.push_back(each);
        CHECK(sent == expected);
        return;
    }
    d.durable();
    if (how == 1) {
        d.reconnect(true);
    } else {
        d.crash();
        d.start();
        d.connect_keeping_output(true);
    }
    CHECK(d.packets() == expected);
}

TEST_CASE("session: what is sent again bears no topic alias but one of this connection [5.0 (4.4), MQTT-3.3.2-7]",
          "[conformance]") {
    driver d(plain_options(v5));
    const auto five = properties([](auto& p) { p.topic_alias_maximum = std::uint16_t{5}; });
    d.begin(five);
    d.publish(1, q1);
    d.durable();
    d.publish(2, q1);
    d.publish(3, q1);
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'", "PUBLISH 3 q1 't' 'm2' alias 1", "PUBLISH 4 q1 '' 'm3' alias 1"});
    SECTION("the new connection allows as many: it is told the topic first") {
        d.reconnect(true, five);
        feed(d, 3, q1);
        CHECK(d.packets() ==
              lines{"PUBLISH 2 q1 dup 't' 'm1' alias 1", "PUBLISH 3 q1 dup '' 'm2' alias 1", "PUBLISH 4 q1 dup '' 'm3' alias 1"});
    }
    SECTION("it allows none") {
        d.reconnect(true);
        feed(d, 3, q1);
        CHECK(d.packets() == lines{"PUBLISH 2 q1 dup 't' 'm1'", "PUBLISH 3 q1 dup 't' 'm2'", "PUBLISH 4 q1 dup 't' 'm3'"});
    }
}
