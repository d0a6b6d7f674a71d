// tests/mqtt/session_limits_test.cpp: the broker's limits, our window, and the message at which a broker closes.
// Not here: the limits' effect over many random runs (model_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q1 = qos::at_least_once;
constexpr auto q2 = qos::exactly_once;

int fill(driver& d, qos level) {
    int count = 0;
    while (d.session().accepts()) {
        d.publish(number(d.session().next()), level);
        ++count;
    }
    d.durable();
    d.effects();
    return count;
}

}  // namespace

TEST_CASE("session: the window is ours, or the broker's if that is smaller", "[mqtt][session]") {
    options how = plain_options(v5);
    how.window = 8;
    property_set properties;
    SECTION("ours") {
        driver d(how);
        d.begin(properties);
        CHECK(fill(d, q1) == 8);
    }
    SECTION("3.1.1: ours") {
        how.version = v3;
        driver d(how);
        d.begin(properties);
        CHECK(fill(d, q1) == 8);
    }
    SECTION("the broker's; unlogged messages count, too") {
        properties.receive_maximum = static_cast<std::uint16_t>(5);
        driver d(how);
        d.begin(properties);
        CHECK(d.publish_unlogged("a"));
        CHECK(fill(d, q2) == 4);
        CHECK_FALSE(d.publish_unlogged("b"));
        CHECK(d.publish_unlogged("b", qos::at_most_once));
        d.packets();
        d.broker(answer<pubrec>(2));  // still in flight
        CHECK_FALSE(d.session().accepts());
        d.durable();
        d.broker(answer<pubcomp>(2));
        CHECK(d.session().accepts());
    }
}

TEST_CASE("session 5.0: what the broker can't take is changed or refused", "[mqtt][session]") {
    property_set properties;
    SECTION("Maximum QoS 1") {
        properties.maximum_qos = static_cast<std::uint8_t>(1);
        driver d(plain_options(v5));
        d.begin(properties);
        d.publish(1, q2);
        d.durable();
        CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'"});
        d.effects();
        d.broker(answer<puback>(2));
        CHECK(d.effects() == lines{"save 3 lazy acked 1 released 1 maybe 256 +1 acknowledged"});
    }
    SECTION("Maximum QoS 0: acknowledged when sent") {
        properties.maximum_qos = static_cast<std::uint8_t>(0);
        driver d(plain_options(v5));
        d.begin(properties);
        d.publish(1, q2);
        CHECK(d.publish_unlogged("s"));
        d.durable();
        d.effects();
        CHECK(d.packets() == lines{"PUBLISH q0 't' 'm1'", "PUBLISH q0 's' 's'"});
        CHECK(d.effects() == lines{"save 3 lazy acked 1 released 1 maybe 256 +1 acknowledged"});
    }
    SECTION("no retained messages") {
        properties.retain_available = static_cast<std::uint8_t>(0);
        driver d(plain_options(v5));
        d.begin(properties);
        publication p;
        p.topic = "t";
        p.payload = "x";
        p.retain = true;
        d.session().publish(sequence{1}, p, d.now());
        CHECK(d.session().publish_unlogged(p, d.now()));
        d.durable();
        CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'x'", "PUBLISH 60001 q1 't' 'x'"});
    }
    SECTION("Maximum Packet Size: to the byte") {
        properties.maximum_packet_size = 60;
        driver d(plain_options(v5));
        d.begin(properties);
        d.publish(1, q1, std::string(52, 'x'));
        d.publish(2, q1, std::string(53, 'x'));
        CHECK_FALSE(d.publish_unlogged(std::string(53, 'x')));
        d.publish(3, q1);
        CHECK(d.effects() == lines{"save 2 barrier acked 0 released 0 maybe 256", "refused 2 0x95: packet too large",
                                   "save 3 lazy acked 0 released 0 maybe 256 acked beyond 2 +1 refused"});
        d.durable();
        const lines sent = d.packets();
        REQUIRE(sent.size() == 2);
        CHECK(sent[1] == "PUBLISH 4 q1 't' 'm3'");
    }
}

TEST_CASE("session: a topic that is none is refused, not sent", "[mqtt][session]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    publication p;
    p.topic = GENERATE("", "a/+", "a/#", "\xff");
    d.session().publish(sequence{1}, p, d.now());
    CHECK(d.effects() == lines{"refused 1 0x90: topic name invalid", "save 2 lazy acked 1 released 1 maybe 0 +1 refused"});
    CHECK_FALSE(d.session().publish_unlogged(p, d.now()));
    CHECK(d.packets().empty());
}

TEST_CASE("session 5.0: expiry and key are sent; 3.1.1 has no room for them", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    publication p;
    p.topic = "t";
    p.payload = "x";
    p.retain = true;
    p.expiry = 30s;
    p.idempotency_key = "plant-1-1";
    d.session().publish(sequence{1}, p, d.now());
    d.durable();
    CHECK(d.packets() ==
          (how == v5 ? lines{"PUBLISH 2 q1 retain 't' 'x' expiry 30 key=plant-1-1"} : lines{"PUBLISH 2 q1 retain 't' 'x'"}));
}

TEST_CASE("session: the message at which the broker closes three times is refused, the rest goes on", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    CHECK(fill(d, q2) == 100);
    d.packets();
    d.reconnect(true);
    CHECK(fill(d, q2) == 1);  // a suspect: one at a time
    CHECK(d.packets() == lines{"PUBLISH 2 q2 dup 't' 'm1'"});

    SECTION("convicted") {
        d.reconnect(true);
        CHECK(fill(d, q2) == 1);
        d.packets();
        d.closed("reset");
        CHECK(d.effects() == lines{"refused 1 0x80: the broker closed the connection three times on this message",
                                   "offline: reset", "save 3 lazy acked 1 released 1 maybe 256 +1 refused"});
        d.pass_to_deadline();
        d.connect_keeping_output(true);
        CHECK(d.session().next() == sequence{2});
        // The broker may hold it nevertheless: its identifier is freed, once.
        CHECK(d.packets() == (how == v5 ? lines{"PUBREL 2 0x92"} : lines{"PUBREL 2"}));
        d.broker(answer<pubcomp>(2, how == v5 ? reason::packet_identifier_not_found : reason::success));
        d.durable();
        CHECK(d.on_disk().acknowledged == 0);
        CHECK(d.on_disk().refused == 1);
        CHECK(fill(d, q2) == 100);
    }
    SECTION("the innocent one before it is delivered, then the blame falls on the right one") {
        d.broker(answer<pubrec>(2));
        d.durable();
        d.broker(answer<pubcomp>(2));
        for (int round = 0; round < 4; ++round) {  // the first had an acknowledgement, and proves nothing
            CHECK(fill(d, q2) == (round < 2 ? 100 : 1));
            d.packets();
            d.closed("reset");
            const lines got = d.effects();
            CHECK((got[0].find("refused 2") == 0) == (round == 3));
            d.pass_to_deadline();
            d.connect(true);
        }
        CHECK(d.session().next() == sequence{3});
    }
    SECTION("any acknowledgement clears it") {
        d.reconnect(true);
        fill(d, q2);
        d.packets();
        d.broker(answer<pubrec>(2));
        CHECK(d.session().accepts());
        d.closed("reset");
        CHECK(d.effects().back().find("offline") == 0);
        d.pass_to_deadline();
        d.connect(true);
        CHECK(fill(d, q2) > 1);
    }
    SECTION("what ends otherwise is no proof") {
        SECTION("our own time-out") {
            d.pass(60s);
            d.packets();
            d.pass(30s);
            d.packets();
        }
        SECTION("a close long after the message") { d.pass(11s); }
        SECTION("the broker's farewell") {
            if (how == v5) {
                disconnect bye;
                bye.reason = reason::session_taken_over;
                d.broker(bye);
            } else {
                d.pass(11s);
            }
        }
        d.reconnect(true);
        CHECK(fill(d, q2) > 1);
        for (int i = 0; i < 2; ++i) {
            d.packets();
            d.closed("reset");
            for (const auto& line : d.effects()) CHECK(line.find("refused") == std::string::npos);
            d.pass_to_deadline();
            d.connect(true);
            fill(d, q2);
        }
    }
    SECTION("connections that can't be made don't count, and don't clear") {
        d.closed("reset");
        d.pass_to_deadline();
        d.closed("refused");
        d.pass_to_deadline();
        d.connect(true);
        CHECK(fill(d, q2) == 1);
        d.packets();
        d.effects();
        d.closed("reset");
        CHECK(d.effects()[0] == "refused 1 0x80: the broker closed the connection three times on this message");
    }
}

TEST_CASE("session: acknowledged status messages don't save a message that closes the connection", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    for (int i = 0; i < 3; ++i) {
        CHECK(d.publish_unlogged("online"));
        d.publish(1, q2);
        d.durable();
        d.packets();
        d.broker(answer<puback>(60001));
        d.effects();
        if (i < 2) d.reconnect(true);
    }
    d.closed("reset");
    CHECK(d.effects()[0].find("refused 1") == 0);
}
