// tests/mqtt/session_delivery_test.cpp: stories of messages on one connection: what is sent when, saved when, settled how.
// Not here: reconnects (session_resume_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q0 = qos::at_most_once;
constexpr auto q1 = qos::at_least_once;
constexpr auto q2 = qos::exactly_once;

/// Online, with messages 1 to `count` sent and nothing left to read.
void send(driver& d, int count, qos level) {
    for (int i = 1; i <= count; ++i) d.publish(i, level);
    d.durable();
    d.packets();
    d.effects();
}

}  // namespace

TEST_CASE("session: QoS 1", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.publish(1, q1);
    d.publish(2, q1);
    d.publish(3, q1);
    CHECK(d.session().in_flight() == 3);
    CHECK(d.session().next() == sequence{4});
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'", "PUBLISH 3 q1 't' 'm2'", "PUBLISH 4 q1 't' 'm3'"});
    d.effects();
    SECTION("acknowledgements of one read are one lazy save") {
        d.broker(answer<puback>(2), answer<puback>(3));
        CHECK(d.effects() == lines{"save 3 lazy acked 2 released 2 maybe 256 +2 acknowledged"});
        CHECK(d.session().in_flight() == 1);
    }
    SECTION("out of order: listed until the gap closes") {
        d.broker(answer<puback>(4));
        CHECK(d.effects() == lines{"save 3 lazy acked 0 released 0 maybe 256 acked beyond 3 +1 acknowledged"});
        d.broker(answer<puback>(2));
        d.broker(answer<puback>(3));
        CHECK(d.effects() == lines{"save 4 lazy acked 1 released 1 maybe 256 acked beyond 3 +1 acknowledged",
                                   "save 5 lazy acked 3 released 3 maybe 256 +1 acknowledged"});
    }
    SECTION("an unknown or repeated PUBACK, and any PUBCOMP, are ignored") {
        d.broker(answer<puback>(2));
        d.effects();
        d.broker(answer<puback>(2), answer<puback>(77), answer<puback>(60100), answer<pubcomp>(3), answer<pubcomp>(99));
        CHECK(d.effects().empty());
        CHECK(d.packets().empty());
    }
    SECTION("PUBREC for it closes the connection") {
        d.broker(answer<pubrec>(2));
        CHECK(d.packets() == (how == v5 ? lines{"DISCONNECT 0x82"} : lines{}));
        CHECK(d.effects() == lines{"close"});
    }
}

TEST_CASE("session: QoS 2", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    send(d, 3, q2);
    SECTION("PUBREL waits until the release is durable; one save for a whole burst") {
        d.broker(answer<pubrec>(2), answer<pubrec>(3));
        CHECK(d.effects() == lines{"save 3 barrier acked 0 released 2 maybe 256"});
        CHECK(d.packets().empty());
        CHECK(d.session().in_flight() == 3);
        d.broker(answer<pubrec>(4));
        CHECK(d.packets().empty());
        d.durable(3);
        CHECK(d.packets() == lines{"PUBREL 2", "PUBREL 3"});
        d.durable(4);
        CHECK(d.packets() == lines{"PUBREL 4"});
        d.effects();
        d.broker(answer<pubcomp>(2), answer<pubcomp>(3));
        CHECK(d.effects() == lines{"save 5 lazy acked 2 released 3 maybe 256 +2 acknowledged"});
        CHECK(d.session().in_flight() == 1);
    }
    SECTION("a repeated PUBREC gets PUBREL again, for the same position") {
        d.broker(answer<pubrec>(2));
        d.broker(answer<pubrec>(2));
        CHECK(d.effects() == lines{"save 3 barrier acked 0 released 1 maybe 256"});
        CHECK(d.packets().empty());
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 2", "PUBREL 2"});
        d.broker(answer<pubrec>(2));
        CHECK(d.packets() == lines{"PUBREL 2"});
    }
    SECTION("PUBRELs go in the order of the PUBRECs") {
        d.broker(answer<pubrec>(4));
        d.broker(answer<pubrec>(2));
        CHECK(d.effects() == lines{"save 3 barrier acked 0 released 0 maybe 256 released beyond 3",
                                   "save 4 barrier acked 0 released 0 maybe 256 released beyond 3,1"});
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 4", "PUBREL 2"});
    }
    SECTION("a new message doesn't wait for PUBRELs that wait") {
        d.broker(answer<pubrec>(2));
        d.publish(4, q2);
        CHECK(d.packets() == lines{"PUBLISH 5 q2 't' 'm4'"});
    }
    SECTION("PUBREC of what we never sent gets PUBREL, with the reason in 5.0") {
        d.broker(answer<pubrec>(900), answer<pubrec>(60001));
        CHECK(d.packets() == (how == v5 ? lines{"PUBREL 900 0x92", "PUBREL 60001 0x92"} : lines{"PUBREL 900", "PUBREL 60001"}));
        CHECK(d.effects().empty());
    }
    SECTION("PUBCOMP before PUBREC is ignored") {
        d.broker(answer<pubcomp>(2));
        CHECK(d.effects().empty());
    }
    SECTION("PUBACK for it closes the connection, before and after PUBREC") {
        // In 3.1.1 a broker that answers so from the first message on is known to be one without QoS 2.
        if (how == v3 || GENERATE(true, false)) d.broker(answer<pubrec>(2));
        d.effects();
        d.broker(answer<puback>(2));
        CHECK(d.packets() == (how == v5 ? lines{"DISCONNECT 0x82"} : lines{}));
        CHECK(d.effects() == lines{"close"});
        d.durable();
        CHECK(d.packets().empty());
    }
}

TEST_CASE("session: an answer to a PUBLISH that still waits is an answer to nothing", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.publish(1, q1);
    d.publish(2, q2);
    d.effects();
    d.broker(answer<puback>(2), answer<pubrec>(3));
    CHECK(d.effects().empty());
    CHECK(d.packets() == lines{"PUBREL 3 0x92"});
    CHECK(d.session().in_flight() == 2);
}

TEST_CASE("session 5.0: refusals settle a message, once", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    SECTION("in PUBACK") {
        send(d, 2, q1);
        puback no = answer<puback>(2, reason::quota_exceeded);
        no.properties.reason_string = "too many";
        d.broker(no);
        CHECK(d.effects() ==
              lines{"refused 1 0x97: quota exceeded (too many)", "save 3 lazy acked 1 released 1 maybe 256 +1 refused"});
        d.broker(no);
        CHECK(d.effects().empty());
    }
    SECTION("in PUBREC: no PUBREL follows") {
        send(d, 2, q2);
        d.broker(answer<pubrec>(2, reason::not_authorized), answer<pubrec>(3));
        CHECK(d.effects() == lines{"refused 1 0x87: not authorized", "save 3 barrier acked 1 released 2 maybe 256 +1 refused"});
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 3"});
    }
    SECTION("no matching subscribers is no refusal; PUBCOMP 0x92 is an end") {
        send(d, 2, q2);
        d.broker(answer<pubrec>(2, reason::no_matching_subscribers));
        d.durable();
        d.effects();
        d.broker(answer<pubcomp>(2, reason::packet_identifier_not_found));
        CHECK(d.effects() == lines{"save 4 lazy acked 1 released 1 maybe 256 +1 acknowledged"});
    }
}

TEST_CASE("session: the mark of what may have been sent is durable before", "[mqtt][session]") {
    options how = plain_options(v5);
    how.window = 1000;
    driver d(how);
    d.begin();
    d.publish(1, q1);
    CHECK(d.effects() == lines{"save 2 barrier acked 0 released 0 maybe 256"});
    CHECK(d.packets().empty());
    d.durable();
    CHECK(d.packets().size() == 1);
    for (int i = 2; i <= 128; ++i) d.publish(i, q1);
    CHECK(d.effects().empty());
    d.publish(129, q1);  // fewer than 128 left: raised early, and this one doesn't wait
    CHECK(d.effects() == lines{"save 3 barrier acked 0 released 0 maybe 384"});
    for (int i = 130; i <= 256; ++i) d.publish(i, q1);
    CHECK(d.packets().size() == 255);
    d.publish(257, q1);
    CHECK(d.packets().empty());
    d.durable(3);
    CHECK(d.packets().size() == 1);
    CHECK(d.session().highest_sent() == sequence{257});
}

TEST_CASE("session: messages that the log has no more are passed over", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.publish(1, q1);
    d.publish(5, q1);
    d.durable();
    d.effects();
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'", "PUBLISH 6 q1 't' 'm5'"});
    d.broker(answer<puback>(3), answer<puback>(2));
    CHECK(d.effects() == lines{"save 3 lazy acked 4 released 4 maybe 256 +1 acknowledged"});
    d.broker(answer<puback>(6));
    CHECK(d.effects() == lines{"save 4 lazy acked 5 released 5 maybe 256 +1 acknowledged"});
}

TEST_CASE("session: an identifier is used again only when its last owner is durably finished", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    options o = plain_options(how);
    o.lane = {100, 4};
    driver d(o);
    d.begin();
    send(d, 4, q2);
    CHECK_FALSE(d.session().accepts());
    d.broker(answer<pubrec>(101), answer<pubrec>(102));
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 101", "PUBREL 102"});
    d.broker(answer<pubcomp>(101));
    CHECK_FALSE(d.session().accepts());
    d.durable();
    REQUIRE(d.session().accepts());
    d.publish(5, q2);
    CHECK(d.packets() == lines{"PUBLISH 101 q2 't' 'm5'"});
    CHECK_FALSE(d.session().accepts());

    SECTION("a message far ahead waits until all before it are finished") {
        d.broker(answer<pubcomp>(102));
        d.durable();
        d.publish(1001, q2);  // the log has lost 6 to 1000
        CHECK(d.packets().empty());
        CHECK_FALSE(d.session().accepts());
        CHECK(d.session().in_flight() == 4);
        d.broker(answer<pubrec>(103), answer<pubrec>(100), answer<pubrec>(101));
        d.durable();
        d.broker(answer<pubcomp>(103), answer<pubcomp>(100));
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 103", "PUBREL 100", "PUBREL 101"});
        d.broker(answer<pubcomp>(101));
        CHECK(d.packets().empty());
        CHECK_FALSE(d.session().accepts());
    }
}

TEST_CASE("session: a message far ahead is sent once the lane is empty", "[mqtt][session]") {
    options o = plain_options(v5);
    o.lane = {100, 4};
    driver d(o);
    d.begin();
    send(d, 1, q2);
    d.publish(1000, q2);
    CHECK(d.session().in_flight() == 2);
    d.broker(answer<pubrec>(101));
    d.durable();
    d.broker(answer<pubcomp>(101));
    d.effects();
    d.durable();
    CHECK(d.session().in_flight() == 1);
    CHECK(d.session().next() == sequence{1001});
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 101", "PUBLISH 100 q2 't' 'm1000'"});
    d.broker(answer<pubrec>(100));
    d.durable();
    d.broker(answer<pubcomp>(100));
    d.durable();
    CHECK(d.on_disk().state.lane.acked == sequence{1000});
    CHECK(d.on_disk().acknowledged == 2);
}

TEST_CASE("session: logged messages of QoS 0 are settled when they are written", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.publish(1, q0);
    d.durable();
    CHECK(d.session().in_flight() == 1);
    const std::size_t size = d.session().unsent().size();
    d.effects();
    d.session().sent(size - 1, d.now());
    CHECK(d.effects().empty());
    SECTION("written") {
        d.session().sent(1, d.now());
        CHECK(d.effects() == lines{"save 3 lazy acked 1 released 1 maybe 256 +1 acknowledged"});
        CHECK(d.session().in_flight() == 0);
    }
    SECTION("not written to the end: sent again, not as a repetition") {
        d.reconnect(true);
        CHECK(d.session().next() == sequence{1});
        d.publish(1, q0);
        CHECK(d.packets() == lines{"PUBLISH q0 't' 'm1'"});
    }
}

TEST_CASE("session: unlogged messages", "[mqtt][session]") {
    driver d(plain_options(v5));
    CHECK_FALSE(d.publish_unlogged("too early"));
    d.begin();
    SECTION("QoS 2 goes as QoS 1; the identifier is given back") {
        CHECK(d.publish_unlogged("a", q2));
        CHECK(d.publish_unlogged("b", q0));
        CHECK(d.packets() == lines{"PUBLISH 60001 q1 's' 'a'", "PUBLISH q0 's' 'b'"});
        d.broker(answer<puback>(60001));
        CHECK(d.effects().empty());
        d.closed();
        CHECK(d.effects() == lines{"offline: connection reset"});
    }
    SECTION("what has no acknowledgement when the link goes is lost, and counted") {
        CHECK(d.publish_unlogged("a"));
        CHECK(d.publish_unlogged("b"));
        CHECK(d.publish_unlogged("c", q0));
        d.packets();
        CHECK(d.publish_unlogged("d", q0));  // not written
        d.broker(answer<puback>(60002));
        d.closed();
        CHECK(d.effects() == lines{"unlogged lost 2", "offline: connection reset"});
        d.pass_to_deadline();
        d.connect(true);
        CHECK(d.publish_unlogged("e"));
        d.closed();
        CHECK(d.effects() == lines{"unlogged lost 1", "offline: connection reset"});
    }
    SECTION("refused: lost") {
        CHECK(d.publish_unlogged("a"));
        d.packets();
        d.broker(answer<puback>(60001, reason::not_authorized));
        CHECK(d.effects() == lines{"unlogged lost 1"});
    }
    SECTION("at most 200 in flight") {
        for (int i = 0; i < 200; ++i) REQUIRE(d.publish_unlogged("a"));
        CHECK_FALSE(d.publish_unlogged("a"));
        CHECK(d.publish_unlogged("a", q0));
        d.packets();
        d.broker(answer<puback>(60100));
        CHECK(d.publish_unlogged("b"));
        CHECK(d.packets() == lines{"PUBLISH 60100 q1 's' 'b'"});
    }
    SECTION("at most 1 MiB unsent") {
        const std::string large(400'000, 'x');
        CHECK(d.publish_unlogged(large, q0));
        CHECK(d.publish_unlogged(large, q0));
        CHECK_FALSE(d.publish_unlogged(large, q0));
        CHECK(d.session().accepts());
        CHECK(d.publish_unlogged(std::string(240'000, 'x'), q0));
        d.publish(1, q1, large);
        CHECK_FALSE(d.session().accepts());
        d.durable();
        d.packets();
        CHECK(d.session().accepts());
    }
    SECTION("PUBREC for one closes the connection") {
        CHECK(d.publish_unlogged("a"));
        d.packets();
        d.broker(answer<pubrec>(60001));
        CHECK(d.packets() == lines{"DISCONNECT 0x82"});
    }
}

TEST_CASE("session: a broker that only sends and never reads is cut off", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    for (int i = 0; i < 70'000; ++i) d.broker(answer<pubrec>(999));
    CHECK(d.effects() == lines{"close"});
    CHECK(d.session().unsent().size() < 400'000);
}

TEST_CASE("session: a message that waits for its identifier has its place in the broker's window", "[mqtt][session]") {
    options o = plain_options(v5);
    o.lane = {100, 4};
    driver d(o);
    property_set properties;
    properties.receive_maximum = 2;
    d.begin(properties);
    send(d, 1, q2);
    d.publish(1000, q2);  // the log has lost 2 to 999
    CHECK_FALSE(d.publish_unlogged("status"));
    d.broker(answer<pubrec>(101));
    d.durable();
    d.broker(answer<pubcomp>(101));
    d.durable();
    CHECK(d.publish_unlogged("status"));
}

TEST_CASE("session: no message relies on a topic alias whose packet still waits, since that may never go", "[mqtt][session]") {
    driver d(plain_options(v5));
    property_set properties;
    properties.topic_alias_maximum = 5;
    d.begin(properties);
    d.publish(1, q1);  // on topic t, for which it would be the first; it waits for the mark
    CHECK(d.packets().empty());
    publication status;
    status.topic = "t";
    status.payload = "now";
    status.qos = qos::at_most_once;
    REQUIRE(d.session().publish_unlogged(status, d.now()));
    d.session().stop(d.now());
    CHECK(d.packets() == lines{"PUBLISH q0 't' 'now'", "DISCONNECT"});
}

TEST_CASE("session: behind a gap of any size delivery goes on, also if something was finished out of turn", "[mqtt][session]") {
    // As after damage: what came before is lost, and the next numbers are far ahead.
    disk kept;
    kept.state.newest = sequence{std::int64_t{1} << 32};
    kept.state.session = {"plant", "hub", 1};
    kept.state.lane.maybe_sent = sequence{256};
    kept.state.lane.acked_beyond = {sequence{2}, sequence{3}};
    driver d(plain_options(version::v5), kept);
    d.start();
    d.connect(true);
    d.durable();
    d.packets();
    const std::int64_t next = (std::int64_t{1} << 32) + 1;
    REQUIRE(d.session().accepts());
    d.publish(next, qos::at_least_once);
    d.durable();  // that nothing else is to come
    d.durable();  // the mark
    CHECK(d.on_disk().state.lane.acked == sequence{next - 1});
    CHECK(d.packets().size() == 1);
}
