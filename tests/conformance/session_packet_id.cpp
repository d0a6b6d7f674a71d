// tests/conformance/session_packet_id.cpp: packet identifiers (2.3.1 of 3.1.1, 2.2.1 of 5.0): whose they are, and when free
// again. Not here: where they stand in a packet (publish_conformance.cpp).
#include <set>

#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

/// The identifier of what we sent; 0: it has none.
unsigned id_of(const packet& what) {
    return std::visit(
        [](const auto& each) -> unsigned {
            if constexpr (requires { each.id; }) return static_cast<unsigned>(each.id);
            return 0;
        },
        what);
}

std::vector<packet> take_packets(driver& d) {
    const std::string bytes(d.session().unsent());
    d.session().sent(bytes.size(), d.now());
    return d.cut(bytes);
}

}  // namespace

TEST_CASE(
    "session: whatever is unanswered at once has different identifiers, and none is 0 [3.1.1 MQTT-2.3.1-2; 5.0 MQTT-2.2.1-3]",
    "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.window = 2000;
    how.assumed_receive_maximum = 65535;
    how.lane = {1, 60000};  // as far as a lane may reach
    disk far;
    far.state.lane.acked = far.state.lane.released = sequence{59'000};  // the range is passed on the way
    driver d(how, far);
    d.begin();
    for (int i = 1; i <= 150; ++i) d.subscribe("in/" + std::to_string(i));
    for (int i = 59'001; i <= 61'000; ++i) d.publish(i, i % 2 == 0 ? q1 : q2);
    int unlogged = 0;
    while (d.publish_unlogged("x")) ++unlogged;
    d.durable();

    std::multiset<unsigned> ids;
    for (const auto& each : take_packets(d)) ids.insert(id_of(each));
    CHECK(ids.size() == 2000u + 100u + static_cast<unsigned>(unlogged));
    CHECK(unlogged == 200);
    CHECK(ids.count(0) == 0);
    for (const unsigned each : ids) REQUIRE(ids.count(each) == 1);
}

TEST_CASE("session: a PUBLISH keeps its identifier when it is sent again; only PUBACK or PUBCOMP frees it [3.1.1 MQTT-2.3.1-3]",
          "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.lane = {100, 3};
    driver d(how);
    d.begin();
    SECTION("QoS 1") {
        send(d, 1, 3, q1);
        CHECK_FALSE(d.session().accepts());
        d.reconnect(true);
        feed(d, 3, q1);
        CHECK(d.packets() == lines{"PUBLISH 101 q1 dup 't' 'm1'", "PUBLISH 102 q1 dup 't' 'm2'", "PUBLISH 100 q1 dup 't' 'm3'"});
        CHECK_FALSE(d.session().accepts());
        d.broker(answer<puback>(101));
        d.durable();
        feed(d, 9, q1);
        CHECK(d.packets() == lines{"PUBLISH 101 q1 't' 'm4'"});
    }
    SECTION("QoS 2: PUBREC doesn't") {
        send(d, 1, 3, q2);
        d.broker(answer<pubrec>(101));
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 101"});
        CHECK_FALSE(d.session().accepts());
        d.broker(answer<pubcomp>(101));
        d.durable();
        feed(d, 9, q2);
        CHECK(d.packets() == lines{"PUBLISH 101 q2 't' 'm4'"});
    }
}

TEST_CASE("session: the identifier of a SUBSCRIBE or UNSUBSCRIBE is free after its answer, and not before [3.1.1 MQTT-2.3.1-3]",
          "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    for (int i = 0; i < 100; ++i) d.subscribe("in/" + std::to_string(i));
    CHECK(take_packets(d).size() == 100);
    d.session().unsubscribe({"in/0"}, {}, d.now());
    d.subscribe("more");
    CHECK(take_packets(d).empty());
    d.broker(granted(60250, {reason::granted_qos_1}));
    CHECK(d.packets() == lines{"UNSUBSCRIBE 60250 'in/0'"});
    d.broker(granted(60203, {reason::granted_qos_1}));
    CHECK(d.packets() == lines{"SUBSCRIBE 60203 'more' q2"});
    d.subscribe("last");
    CHECK(take_packets(d).empty());
    d.broker(departed(60250, {reason::success}));
    CHECK(d.packets() == lines{"SUBSCRIBE 60250 'last' q2"});
}

TEST_CASE("session: what answers a message bears its identifier [3.1.1 MQTT-2.3.1-6; 5.0 MQTT-2.2.1-5]", "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("#");
    const unsigned id = GENERATE(1u, 7u, 60001u, 60201u, 65535u);  // identifiers of ours among them: the two sides are apart
    send(d, 1, 1, q2);
    d.broker(incoming(q1, id));
    d.durable();
    CHECK(d.packets() == lines{"PUBACK " + std::to_string(id)});
    d.broker(incoming(q2, id));
    d.durable();
    CHECK(d.packets() == lines{"PUBREC " + std::to_string(id)});
    d.broker(answer<pubrel>(id));
    d.durable();
    CHECK(d.packets() == lines{"PUBCOMP " + std::to_string(id)});
    d.broker(answer<pubrec>(2));
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 2"});
}
