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

/// The options under which a message at which the broker closes again and again is given up.
options wary_options(version how) {
    options o = plain_options(how);
    o.poison_after = 3;
    return o;
}

/// The broker shows that it takes messages of QoS 2: message 1, under identifier 2.
void prove_qos_2(driver& d) {
    d.publish(1, q2);
    d.durable();
    d.broker(answer<pubrec>(2));
    d.durable();
    d.broker(answer<pubcomp>(2));
    d.durable();
    d.closed();  // a connection with an acknowledgement proves nothing
    d.pass_to_deadline();
    d.connect(true);
}

/// What fill() sends with the usual options.
int usual_window(version how) { return how == v5 ? 100 : 20; }

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
    SECTION("3.1.1: at most 20, since brokers have such a limit without saying so; unlogged messages count, too") {
        how.version = v3;
        how.window = GENERATE(as<std::uint16_t>{}, 20, 21, 100, 65535);
        const auto level = GENERATE(q1, q2);
        driver d(how);
        d.begin(properties);
        CHECK(d.publish_unlogged("a"));
        CHECK(fill(d, level) == 19);
        CHECK(d.session().in_flight() == 19);
        CHECK_FALSE(d.publish_unlogged("b"));
        CHECK(d.publish_unlogged("b", qos::at_most_once));
        d.packets();
        d.broker(answer<puback>(60001));
        CHECK(fill(d, level) == 1);
        CHECK_FALSE(d.publish_unlogged("c"));
        if (level == q2) {
            d.broker(answer<pubrec>(2));  // still in flight
            d.durable();
            CHECK_FALSE(d.session().accepts());
            d.broker(answer<pubcomp>(2));
        } else {
            d.packets();
            d.broker(answer<puback>(2));
        }
        CHECK(fill(d, level) == 1);
        d.reconnect(true);  // the same on a resumed session
        CHECK(fill(d, level) == 20);
    }
    SECTION("5.0: a broker that grants nothing less takes our whole window, beyond 20") {
        how.window = 100;
        driver d(how);
        d.begin(properties);
        CHECK(fill(d, q1) == 100);
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
                                   "save 3 barrier acked 0 released 0 maybe 256 acked beyond 2 +1 refused"});
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
    CHECK(d.effects() == lines{"refused 1 0x90: topic name invalid", "save 2 barrier acked 1 released 1 maybe 0 +1 refused"});
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

TEST_CASE("session: with poison_after 3, the message at which the broker closes three times is refused, the rest goes on",
          "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    const int window = usual_window(how);
    driver d(wary_options(how));
    d.begin();
    prove_qos_2(d);
    CHECK(fill(d, q2) == window);
    d.packets();
    d.reconnect(true);
    CHECK_FALSE(d.session().accepts());  // a suspect: first the link is tried …
    CHECK(d.packets() == lines{"PINGREQ"});
    d.broker(pingresp{});
    CHECK(fill(d, q2) == 1);  // … then it goes alone
    CHECK(d.packets() == lines{"PUBLISH 3 q2 dup 't' 'm2'"});

    SECTION("convicted") {
        d.reconnect(true);
        d.broker(pingresp{});
        CHECK(fill(d, q2) == 1);
        d.packets();
        d.closed("reset");
        CHECK(d.effects() == lines{"refused 2 0x80: the broker closed the connection again and again on this message",
                                   "offline: reset", "save 5 barrier acked 2 released 2 maybe 256 +1 refused"});
        d.pass_to_deadline();
        d.connect_keeping_output(true);
        CHECK(d.session().next() == sequence{3});
        // After a crash that forgets the refusal, message 2 would be sent again: until that is durable the broker has to keep it.
        CHECK(d.packets().empty());
        d.durable();
        // The broker may hold it nevertheless: its identifier is freed, once.
        CHECK(d.packets() == (how == v5 ? lines{"PUBREL 3 0x92"} : lines{"PUBREL 3"}));
        d.broker(answer<pubcomp>(3, how == v5 ? reason::packet_identifier_not_found : reason::success));
        d.durable();
        CHECK(d.on_disk().acknowledged == 1);
        CHECK(d.on_disk().refused == 1);
        CHECK(fill(d, q2) == window);
    }
    SECTION("the innocent one before it is delivered, then the blame falls on the right one") {
        d.broker(answer<pubrec>(3));
        d.durable();
        d.broker(answer<pubcomp>(3));
        for (int round = 0; round < 4; ++round) {  // the first had an acknowledgement, and proves nothing
            CHECK(fill(d, q2) == (round < 2 ? window : 1));
            d.packets();
            d.closed("reset");
            const lines got = d.effects();
            CHECK((got[0].find("refused 3") == 0) == (round == 3));
            d.pass_to_deadline();
            d.connect(true);
        }
        CHECK(d.session().next() == sequence{4});
    }
    SECTION("any acknowledgement clears it") {
        d.reconnect(true);
        d.broker(pingresp{});
        fill(d, q2);
        d.packets();
        d.broker(answer<pubrec>(3));
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
        CHECK(d.effects()[0] == "refused 2 0x80: the broker closed the connection again and again on this message");
    }
}

TEST_CASE("session: as many connections in a row as poison_after says, and the next message goes in full", "[mqtt][session]") {
    options how = plain_options(GENERATE(v3, v5));
    how.poison_after = GENERATE(1, 2, 7);
    CAPTURE(how.poison_after);
    driver d(how);
    d.begin();
    prove_qos_2(d);
    for (int closes = 1; closes <= how.poison_after; ++closes) {
        CHECK(fill(d, q2) == (closes == 1 ? usual_window(how.version) : 1));
        d.packets();
        d.closed("reset");
        CHECK((d.effects()[0].find("refused 2 ") == 0) == (closes == how.poison_after));
        d.pass_to_deadline();
        d.connect(true);
    }
    CHECK(d.session().next() == sequence{3});
    CHECK(fill(d, q2) == usual_window(how.version));
}

TEST_CASE("session: a broker that closes on every message of QoS 2 gets them with QoS 1", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(wary_options(how));
    d.begin();
    for (int closes = 1; closes <= 3; ++closes) {
        fill(d, q2);
        CHECK(d.packets()[0] == (closes == 1 ? "PUBLISH 2 q2 't' 'm1'" : "PUBLISH 2 q2 dup 't' 'm1'"));
        d.closed("reset");
        CHECK((d.effects()[0] == "qos lowered to 1") == (closes == 3));
        d.pass_to_deadline();
        d.connect(true);
    }
    CHECK(fill(d, q2) == usual_window(how));
    CHECK(d.packets()[0] == "PUBLISH 2 q1 dup 't' 'm1'");
    SECTION("and what it closes on then is a message") {
        for (int closes = 1; closes <= 3; ++closes) {
            fill(d, q2);
            d.packets();
            d.closed("reset");
            CHECK((d.effects()[0].find("refused 1 ") == 0) == (closes == 3));
            d.pass_to_deadline();
            d.connect(true);
        }
    }
    SECTION("by option, from the beginning") {
        options modest = plain_options(how);
        modest.highest_qos = q1;
        driver e(modest);
        e.begin();
        e.publish(1, q2);
        e.durable();
        CHECK(e.packets() == lines{"PUBLISH 2 q1 't' 'm1'"});
    }
}

TEST_CASE("session: a 3.1.1 broker that answers messages of QoS 2 as those of QoS 1 has them, and gets the next with QoS 1",
          "[mqtt][session]") {
    driver d(plain_options(v3));
    d.begin();
    for (const std::int64_t n : {1, 2, 3}) d.publish(n, q2);
    d.durable();
    d.packets();
    d.effects();
    d.broker(answer<puback>(2), answer<puback>(3));
    CHECK(d.effects() == lines{"qos lowered to 1", "save 3 lazy acked 2 released 2 maybe 256 +2 acknowledged"});
    CHECK(d.session().finished() == sequence{2});
    CHECK(d.packets().empty());
    d.publish(4, q2);
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 5 q1 't' 'm4'"});
    SECTION("what is still without an answer goes again with QoS 1") {
        d.closed();
        d.pass_to_deadline();
        d.connect(true);
        for (const std::int64_t n : {3, 4}) d.publish(n, q2);
        CHECK(d.packets() == lines{"PUBLISH 4 q1 dup 't' 'm3'", "PUBLISH 5 q1 dup 't' 'm4'"});
    }
    SECTION("the others are answered likewise, and nothing is said twice") {
        d.broker(answer<puback>(4), answer<puback>(5));
        const lines got = d.effects();
        REQUIRE(got.size() == 1);
        CHECK(got[0].find("+2 acknowledged") != std::string::npos);
    }
}

TEST_CASE("session: a broker that has shown that it knows QoS 2 must not answer it with PUBACK", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    if (how == v3) prove_qos_2(d);  // in 5.0 it would say if it knew none
    d.effects();
    d.publish(2, q2);
    d.durable();
    d.packets();
    d.effects();
    d.broker(answer<puback>(3));
    CHECK(d.effects() == lines{"close"});
    d.closed();
    CHECK(d.effects() == lines{"offline: the broker sent PUBACK for a message of QoS 2"});
}

TEST_CASE("session: by default no message is given up, however often the broker closes at it", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    REQUIRE(plain_options(how).poison_after == 0);
    driver d(plain_options(how));
    d.begin();
    for (int closes = 0; closes < 50; ++closes) {
        CHECK(d.session().next() == sequence{1});
        CHECK(fill(d, q2) == usual_window(how));  // nor is anything suspected
        d.packets();
        d.closed("reset");
        const lines got = d.effects();
        REQUIRE(got == lines{"offline: reset"});
        d.pass_to_deadline();
        d.connect(true);
    }
    CHECK(fill(d, q2) == usual_window(how));
    CHECK(d.packets()[0] == "PUBLISH 2 q2 dup 't' 'm1'");
    d.broker(answer<pubrec>(2));
    d.durable();
    d.broker(answer<pubcomp>(2));
    d.durable();
    CHECK(d.on_disk().acknowledged == 1);
    CHECK(d.on_disk().refused == 0);
}

TEST_CASE("session: acknowledged status messages don't save a message that closes the connection", "[mqtt][session]") {
    driver d(wary_options(v5));
    d.begin();
    prove_qos_2(d);
    for (int i = 0; i < 3; ++i) {
        d.publish(2, q2);
        CHECK(d.publish_unlogged("online"));
        d.durable();
        d.packets();
        d.broker(answer<puback>(static_cast<unsigned>(60001 + i)));
        d.effects();
        if (i == 2) break;
        d.reconnect(true);
        d.broker(pingresp{});
    }
    d.closed("reset");
    CHECK(d.effects()[0].find("refused 2") == 0);
}
