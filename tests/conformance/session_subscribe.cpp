// tests/conformance/session_subscribe.cpp: SUBSCRIBE and UNSUBSCRIBE as the session means them (3.8 to 3.11).
// Not here: whether the broker's answers are right (session_check_answers.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;

TEST_CASE(
    "session: the granted QoS, which may be less than asked for, or a failure, is told [3.1.1 MQTT-3.8.4-6; 5.0 MQTT-3.8.4-7]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    const auto [code, words] = GENERATE(table<reason, std::string>({{reason::success, "subscribed 'in'"},
                                                                    {reason::granted_qos_1, "subscribed 'in' 0x01"},
                                                                    {reason::granted_qos_2, "subscribed 'in' 0x02"},
                                                                    {reason::unspecified_error, "subscribed 'in' 0x80"}}));
    d.subscribe("in", q2);
    d.packets();
    d.broker(granted(60201, {code}));
    CHECK(d.effects() == lines{words});
    d.broker(incoming(q0));  // of the QoS that was granted, and lower than asked for
    CHECK(d.effects() == lines{"received q0 'in' 'x'"});
}

TEST_CASE("session: no local on a shared subscription is refused before it is sent [5.0 MQTT-3.8.3-4]", "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    subscription shared, plain;
    shared.filter = "$share/group/a";
    plain.filter = "b";
    shared.no_local = plain.no_local = true;
    d.session().subscribe({shared, plain}, {}, d.now());
    CHECK(d.effects() == lines{"subscribed '$share/group/a' 0x82"});
    CHECK(d.packets() == lines{"SUBSCRIBE 60201 'b' q0 no-local"});
    d.broker(granted(60201, {reason::success}));
    d.reconnect(false);
    d.durable();
    CHECK(d.packets() == lines{"SUBSCRIBE 60202 'b' q0 no-local"});
}

TEST_CASE(
    "session: exchanges that began before UNSUBSCRIBE are brought to their end "
    "[3.1.1 MQTT-3.10.4-3; 5.0 MQTT-3.10.4-3]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 5));
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 5"});
    d.effects();
    d.session().unsubscribe({"in"}, {}, d.now());
    d.packets();
    d.broker(incoming(q1, 6), incoming(q2, 7));  // it may not have seen UNSUBSCRIBE: they are told
    CHECK(d.effects() ==
          lines{"received q1 'in' 'x'", "received q2 'in' 'x'", "save 3 barrier acked 0 released 0 maybe 0 held 5 7"});
    d.durable();
    CHECK(d.packets() == lines{"PUBACK 6", "PUBREC 7"});
    d.broker(departed(60202, {reason::success}));
    d.effects();
    d.broker(answer<pubrel>(5), incoming(q2, 7), answer<pubrel>(7), incoming(q1, 8));
    d.durable();
    CHECK(d.packets() == lines{"PUBCOMP 5", "PUBREC 7", "PUBCOMP 7", "PUBACK 8"});
    CHECK(d.effects()[0] == "unexpected 'in'");
}

TEST_CASE(
    "session: requests go out once the session record is durable, and after a CONNACK alone [3.1.1 MQTT-3.1.4-5; 5.0 "
    "MQTT-3.1.4-6]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.subscribe("early");
    CHECK(d.packets().empty());
    d.start();
    d.opened();
    d.broker(accepted(false));  // the connection that only drops what the broker had
    for (const auto& each : d.packets()) CHECK_FALSE(each.starts_with("SUBSCRIBE"));
    d.closed();
    d.opened();
    d.broker(accepted(false));
    CHECK(d.packets().size() == 1);
    d.durable();
    CHECK(d.packets() == lines{"SUBSCRIBE 60201 'early' q2"});
}
