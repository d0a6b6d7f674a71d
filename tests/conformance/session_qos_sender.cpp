// tests/conformance/session_qos_sender.cpp: our half of the three QoS flows as the sender (4.3), and the publisher's flags
// (3.3.1). Not here: what is sent again after a reconnect in which order (session_resume.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

TEST_CASE("session: QoS 0 is sent once, without DUP, and expects nothing [3.1.1 MQTT-4.3.1-1; 5.0 MQTT-4.3.1-1]",
          "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.publish(1, q0);
    CHECK(d.publish_unlogged("u", q0));
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH q0 't' 'm1'", "PUBLISH q0 's' 'u'"});
    d.durable();
    CHECK(d.session().finished() == sequence{1});
    d.reconnect(true);
    feed(d, 1, q0);
    CHECK(d.packets().empty());
}

TEST_CASE(
    "session: QoS 1: a new message has an identifier that isn't in use and no DUP, and is unacknowledged until PUBACK "
    "[3.1.1 MQTT-4.3.2-1; 5.0 MQTT-4.3.2-1, MQTT-4.3.2-2, MQTT-4.3.2-3]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.publish(1, q1);
    d.publish(2, q1);
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'", "PUBLISH 3 q1 't' 'm2'"});
    CHECK(d.session().in_flight() == 2);
    d.broker(answer<pubcomp>(2), answer<puback>(77));  // not this
    CHECK(d.session().finished() == sequence{0});
    d.broker(answer<puback>(2));
    CHECK(d.session().finished() == sequence{1});
    CHECK(d.session().in_flight() == 1);
    d.reconnect(true);
    feed(d, 2, q1);
    CHECK(d.packets() == lines{"PUBLISH 3 q1 dup 't' 'm2'"});
}

TEST_CASE(
    "session: QoS 2: PUBLISH without DUP until PUBREC, PUBREL until PUBCOMP, and never PUBLISH again after PUBREL "
    "[3.1.1 MQTT-4.3.3-1; 5.0 MQTT-4.3.3-1, MQTT-4.3.3-2, MQTT-4.3.3-3, MQTT-4.3.3-5, MQTT-4.3.3-6]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.publish(1, q2);
    d.publish(2, q2);
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q2 't' 'm1'", "PUBLISH 3 q2 't' 'm2'"});
    d.broker(answer<pubcomp>(2));  // not this
    CHECK(d.session().in_flight() == 2);
    CHECK(d.packets().empty());
    d.broker(answer<pubrec>(2));
    CHECK(d.packets().empty());  // not before it is known to a later process, which must not send PUBLISH
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 2"});
    const bool crashed = GENERATE(false, true);
    for (int i = 0; i < 3; ++i) {
        CHECK(d.session().finished() == sequence{0});
        if (crashed) {
            d.crash();
            d.start();
            d.connect_keeping_output(true);
        } else {
            d.reconnect(true);
        }
        feed(d, 2, q2);
        CHECK(d.packets() == lines{"PUBREL 2", "PUBLISH 3 q2 dup 't' 'm2'"});
    }
    d.broker(answer<pubcomp>(2));
    d.durable();
    CHECK(d.session().finished() == sequence{1});
    d.reconnect(true);
    feed(d, 2, q2);
    CHECK(d.packets() == lines{"PUBLISH 3 q2 dup 't' 'm2'"});
}

TEST_CASE("session: PUBREL answers only a PUBREC below 0x80; a refused message is done with [5.0 MQTT-4.3.3-4, MQTT-4.4.0-2]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    send(d, 1, 3, q2);
    const auto [code, words] = GENERATE(table<reason, std::string>(
        {{reason::unspecified_error, "0x80: unspecified error"}, {reason::quota_exceeded, "0x97: quota exceeded"}}));
    d.broker(answer<pubrec>(2, code), answer<pubrec>(3, reason::no_matching_subscribers), answer<pubrec>(900, code));
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 3"});
    CHECK(d.effects()[0] == "refused 1 " + words);
    d.reconnect(true);
    feed(d, 3, q2);
    CHECK(d.packets() == lines{"PUBREL 3", "PUBLISH 4 q2 dup 't' 'm3'"});
}

TEST_CASE("session: a PUBACK that refuses is an acknowledgement: the message isn't sent again [5.0 MQTT-4.4.0-2]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    send(d, 1, 2, q1);
    d.broker(answer<puback>(2, reason::not_authorized));
    CHECK(d.effects()[0] == "refused 1 0x87: not authorized");
    d.durable();
    d.reconnect(true);
    feed(d, 2, q1);
    CHECK(d.packets() == lines{"PUBLISH 3 q1 dup 't' 'm2'"});
    CHECK(d.on_disk().refused == 1);
}

TEST_CASE(
    "session: in 3.1.1 an acknowledgement is all there is: it ends the message, whatever the broker made of it "
    "[3.1.1 MQTT-3.3.5-2]",
    "[conformance]") {
    driver d(plain_options(v3));
    d.begin();
    send(d, 1, 2, q1);
    d.broker(answer<puback>(2), answer<puback>(3));
    d.durable();
    CHECK(d.effects() == lines{"save 3 lazy acked 2 released 2 maybe 256 +2 acknowledged"});
    CHECK(d.on_disk().acknowledged == 2);
}

TEST_CASE(
    "session: DUP is set exactly on what may have been sent before [3.1.1 MQTT-3.3.1-1, MQTT-3.3.1-3; 5.0 MQTT-3.3.1-1, "
    "MQTT-3.3.1-3]",
    "[conformance]") {
    const auto level = GENERATE(q1, q2);
    const std::string q = level == q1 ? " q1" : " q2";
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("t");
    d.publish(1, level);
    d.publish(2, level);
    d.durable();
    const std::string bytes(d.session().unsent());
    d.session().sent(bytes.size() / 2, d.now());  // 2 is shown to the transport, and may have left
    d.reconnect(true);
    publish theirs = incoming(level, 2, "t");
    theirs.dup = true;  // DUP towards us says nothing about ours
    d.broker(theirs);
    feed(d, 3, level);
    CHECK(starting_with("PUBLISH", d.packets()) ==
          lines{"PUBLISH 2" + q + " dup 't' 'm1'", "PUBLISH 3" + q + " dup 't' 'm2'", "PUBLISH 4" + q + " 't' 'm3'"});
}

TEST_CASE("session: what was sent once is sent again until it is answered, though its life is over [5.0 MQTT-4.3.3-7]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    publication p;
    p.topic = "t";
    p.payload = "x";
    p.qos = q2;
    p.expiry = 5s;
    d.session().publish(sequence{1}, p, d.now());
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q2 't' 'x' expiry 5"});
    d.reconnect(true);
    p.expiry = std::chrono::seconds{GENERATE(0, -100)};
    d.session().publish(sequence{1}, p, d.now());
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q2 dup 't' 'x' expiry 1"});
    CHECK(d.on_disk().expired == 0);
}

TEST_CASE("session: a message is sent with what is left of its life, and not at all when that is over [5.0 (3.3.2.3.3)]",
          "[conformance]") {
    options how = plain_options(v5);
    how.lane = {1, 4};
    driver d(how);
    d.begin();
    publication p;
    p.topic = "t";
    p.payload = "x";
    SECTION("as the log says") {
        p.expiry = 0s;
        d.session().publish(sequence{1}, p, d.now());
        CHECK(d.effects() == lines{"save 2 barrier acked 1 released 1 maybe 0 +1 expired"});
        p.expiry = 7s;
        d.session().publish(sequence{2}, p, d.now());
        d.durable();
        CHECK(d.packets() == lines{"PUBLISH 3 q1 't' 'x' expiry 7"});
    }
    SECTION("the time that it waits in the session for its identifier counts") {
        send(d, 1, 1, q1);
        p.expiry = 10s;
        d.session().publish(sequence{1000}, p, d.now());
        d.pass(std::chrono::seconds{GENERATE(3, 9, 10, 11)});
        const auto left = 10 - (d.now() - driver(how).now()) / 1s;
        d.broker(answer<puback>(2));
        d.durable();
        d.durable();
        if (left > 0) {
            CHECK(d.packets() == lines{"PUBLISH 1 q1 't' 'x' expiry " + std::to_string(left)});
        } else {
            CHECK(d.packets().empty());
            CHECK(d.on_disk().expired == 1);
        }
    }
    SECTION("of a message that no log holds, too") {
        p.expiry = 1s;
        CHECK(d.session().publish_unlogged(p, d.now()));
        p.expiry = 0s;
        CHECK_FALSE(d.session().publish_unlogged(p, d.now()));
        CHECK(d.packets() == lines{"PUBLISH 60001 q1 't' 'x' expiry 1"});
    }
}
