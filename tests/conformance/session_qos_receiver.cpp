// tests/conformance/session_qos_receiver.cpp: our half of the three QoS flows as the receiver (4.3): told once, answered when
// kept. Not here: the order of the answers (session_resume.cpp), and the broker's mistakes (session_check_server.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

/// How often a message was told since the last call.
std::size_t told(driver& d) {
    const lines got = d.effects();
    return static_cast<std::size_t>(
        std::count_if(got.begin(), got.end(), [](const std::string& line) { return line.starts_with("received"); }));
}

}  // namespace

TEST_CASE("session: a message is answered as its QoS demands [3.1.1 MQTT-3.3.4-1; 5.0 MQTT-3.3.4-1]", "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    d.broker(incoming(q0), incoming(q1, 5), incoming(q2, 6));
    CHECK(d.effects() == lines{"received q0 'in' 'x'", "received q1 'in' 'x'", "received q2 'in' 'x'",
                               "save 2 barrier acked 0 released 0 maybe 0 held 6"});
    d.durable();
    CHECK(d.packets() == lines{"PUBACK 5", "PUBREC 6"});
}

TEST_CASE(
    "session: QoS 1: PUBACK once the message is ours, and the same identifier is a new message then "
    "[3.1.1 MQTT-4.3.2-2; 5.0 MQTT-4.3.2-4, MQTT-4.3.2-5]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    d.broker(incoming(q1, 5));
    CHECK(told(d) == 1);
    CHECK(d.packets().empty());  // ours is what would outlive a power cut
    d.durable();
    CHECK(d.packets() == lines{"PUBACK 5"});
    publish again = incoming(q1, 5);
    again.dup = GENERATE(false, true);
    d.broker(again);
    CHECK(told(d) == 1);
    d.durable();
    CHECK(d.packets() == lines{"PUBACK 5"});
}

TEST_CASE(
    "session: QoS 2: PUBREC once the message is ours; until PUBREL repetitions are answered, not told; PUBCOMP, and then the "
    "identifier is a new message's [3.1.1 MQTT-4.3.3-2; 5.0 MQTT-4.3.3-8, MQTT-4.3.3-10, MQTT-4.3.3-11, MQTT-4.3.3-12]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    publish message = incoming(q2, 5);
    message.dup = GENERATE(false, true);  // proves nothing
    const bool crash_at_the_end = GENERATE(false, true);
    d.broker(message);
    CHECK(told(d) == 1);
    CHECK(d.packets().empty());
    SECTION("on one connection") {
        d.broker(message);  // not kept yet: neither is answered
        CHECK(d.packets().empty());
        d.durable();
        CHECK(d.packets() == lines{"PUBREC 5", "PUBREC 5"});
        d.broker(message);
        CHECK(d.packets() == lines{"PUBREC 5"});
        CHECK(told(d) == 0);
    }
    SECTION("over reconnects") {
        d.durable();
        d.packets();
        for (int i = 0; i < 3; ++i) {
            d.reconnect(true);
            d.packets();
            d.broker(message);
            CHECK(d.packets() == lines{"PUBREC 5"});
            CHECK(told(d) == 0);
        }
    }
    SECTION("over a crash after it was kept") {
        message.dup = true;  // a repetition; without it, it may be of a session that began while nobody here looked
        d.durable();
        d.crash();
        d.subscribe("in");
        d.start();
        d.connect(true);
        d.broker(message);
        CHECK(d.packets() == lines{"PUBREC 5"});
        CHECK(told(d) == 0);
    }
    SECTION("a crash before it was kept, and so before PUBREC: it is told to the process that has not seen it") {
        d.crash();
        d.subscribe("in");
        d.start();
        d.connect(true);
        d.broker(message);
        CHECK(told(d) == 1);
        d.durable();
        CHECK(d.packets() == lines{"PUBREC 5"});
    }
    d.broker(answer<pubrel>(5));
    CHECK(d.packets().empty());  // were the identifier still kept after a crash, a new message would be taken for this one
    d.durable();
    CHECK(d.packets() == lines{"PUBCOMP 5"});
    CHECK(told(d) == 0);
    if (crash_at_the_end) {
        d.crash();
        d.subscribe("in");
        d.start();
        d.connect(true);
    }
    d.broker(message);
    CHECK(told(d) == 1);
}

TEST_CASE("session: PUBREL of what isn't held is answered by PUBCOMP as well [3.1.1 MQTT-4.3.3-2; 5.0 MQTT-4.3.3-11]",
          "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.listen("in");
    const lines unknown{how == v5 ? "PUBCOMP 5 0x92" : "PUBCOMP 5"};
    d.broker(answer<pubrel>(5));
    CHECK(d.packets() == unknown);
    d.broker(incoming(q2, 5));
    d.durable();
    d.broker(answer<pubrel>(5), answer<pubrel>(5));  // the second is unknown only if the first is durable
    CHECK(d.packets() == lines{"PUBREC 5"});
    d.durable();
    CHECK(d.packets() == lines{"PUBCOMP 5", unknown[0]});
}

TEST_CASE("session: a refused PUBLISH leaves no identifier behind; no PUBLISH is refused by us [5.0 MQTT-4.3.3-9]",
          "[conformance]") {
    // We take every message; 0x80 and above would free the identifier. What could tempt a client to refuse:
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    publish odd = incoming(q2, 5, GENERATE("in", "not/asked"));
    odd.properties.payload_format_indicator = std::uint8_t{1};
    odd.payload = "\xff";  // no UTF-8
    d.broker(odd);
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 5"});
    d.effects();
    d.broker(odd);
    CHECK(told(d) == 0);
    CHECK(d.packets() == lines{"PUBREC 5"});
}

TEST_CASE("session: the exchange goes on to its end though the message's life is over [5.0 MQTT-4.3.3-13]", "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    publish message = incoming(q2, 5);
    message.properties.message_expiry_interval = 1;
    d.broker(message);
    d.pass(std::chrono::seconds{30});
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 5"});
    d.broker(answer<pubrel>(5));
    d.durable();
    CHECK(d.packets() == lines{"PUBCOMP 5"});
}

TEST_CASE("session: what nobody asked for is answered by its QoS all the same [3.1.1 MQTT-4.5.0-2; 5.0 MQTT-4.5.0-2]",
          "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.broker(incoming(q0), incoming(q1, 5), incoming(q2, 6));
    CHECK(d.effects() ==
          lines{"unexpected 'in'", "unexpected 'in'", "unexpected 'in'", "save 2 barrier acked 0 released 0 maybe 0 held 6"});
    d.durable();
    CHECK(d.packets() == lines{"PUBACK 5", "PUBREC 6"});
    d.broker(incoming(q2, 6), answer<pubrel>(6));
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 6", "PUBCOMP 6"});
}
