// tests/mqtt/session_resume_test.cpp: stories of reconnects and crashes: what is repeated, and what a lost session means.
// Not here: random ones by the thousand (model_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q1 = qos::at_least_once;
constexpr auto q2 = qos::exactly_once;

/// Five messages of QoS 2 sent; 1 finished, 2 and 4 released in the order 4, 2.
void half_way(driver& d) {
    d.begin();
    for (int i = 1; i <= 5; ++i) d.publish(i, q2);
    d.durable();
    d.packets();
    d.broker(answer<pubrec>(2));
    d.broker(answer<pubrec>(5));
    d.broker(answer<pubrec>(3));
    d.durable();
    d.broker(answer<pubcomp>(2));
    d.durable();
    d.packets();
    d.effects();
}

void feed(driver& d, int last, qos level = q2) {
    while (d.session().accepts() && number(d.session().next()) <= last) d.publish(number(d.session().next()), level);
}

}  // namespace

TEST_CASE("session: resume", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    half_way(d);
    SECTION("PUBRELs in the order of their PUBRECs, then the unanswered with DUP, then what is new") {
        d.reconnect(true);
        CHECK(d.effects() == lines{"online resumed epoch 1 server 0"});
        CHECK(d.session().next() == sequence{3});
        CHECK(d.session().in_flight() == 2);
        feed(d, 6);
        CHECK(d.packets() ==
              lines{"PUBREL 5", "PUBREL 3", "PUBLISH 4 q2 dup 't' 'm3'", "PUBLISH 6 q2 dup 't' 'm5'", "PUBLISH 7 q2 't' 'm6'"});
    }
    SECTION("after a crash the same") {
        d.know_newest(6);
        d.crash();
        d.start();
        d.connect_keeping_output(true);
        CHECK(d.effects() == lines{"online resumed epoch 1 server 0"});
        feed(d, 7);
        CHECK(d.packets() == lines{"PUBREL 5", "PUBREL 3", "PUBLISH 4 q2 dup 't' 'm3'", "PUBLISH 6 q2 dup 't' 'm5'",
                                   "PUBLISH 7 q2 dup 't' 'm6'", "PUBLISH 8 q2 't' 'm7'"});
    }
    SECTION("after a crash with a late PUBCOMP: PUBREL again, and it is counted once") {
        d.broker(answer<pubcomp>(5));  // its save is lost
        d.crash();
        d.start();
        d.connect_keeping_output(true);
        CHECK(d.packets() == lines{"PUBREL 5", "PUBREL 3"});
        d.broker(answer<pubcomp>(5, how == v5 ? reason::packet_identifier_not_found : reason::success));
        d.durable();
        CHECK(d.on_disk().acknowledged == 2);
    }
    SECTION("a release that isn't durable yet keeps its PUBREL waiting, on the next connection, too") {
        d.broker(answer<pubrec>(4));
        d.reconnect(true);
        CHECK(d.packets() == lines{"PUBREL 5", "PUBREL 3"});
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 4"});
    }
    SECTION("a smaller Receive Maximum holds back PUBLISHes, never PUBRELs") {
        if (how == v3) return;
        property_set properties;
        properties.receive_maximum = static_cast<std::uint16_t>(1);
        d.reconnect(true, properties);
        CHECK(d.packets() == lines{"PUBREL 5", "PUBREL 3"});
        CHECK_FALSE(d.session().accepts());
        d.broker(answer<pubcomp>(5));
        CHECK_FALSE(d.session().accepts());
        d.broker(answer<pubcomp>(3));
        CHECK(d.session().accepts());
        feed(d, 6);
        CHECK(d.packets() == lines{"PUBLISH 4 q2 dup 't' 'm3'"});
    }
    SECTION("a PUBREC that the broker repeats before we repeat the PUBLISH is taken") {
        d.reconnect(true);
        d.packets();
        d.effects();
        d.broker(answer<pubrec>(4));
        CHECK(d.effects() == lines{"save 7 barrier acked 1 released 1 maybe 256 released beyond 4,2,3"});
        CHECK(d.session().next() == sequence{5});
        d.durable();
        CHECK(d.packets() == lines{"PUBREL 4"});
    }
    SECTION("a PUBACK for what isn't sent on this connection is ignored") {
        d.reconnect(true);
        d.effects();
        d.broker(answer<puback>(4));
        CHECK(d.effects().empty());
        CHECK(d.session().is_online());
    }
    SECTION("what the log has lost in between is passed over, around what is settled") {
        d.reconnect(true);
        d.packets();
        d.publish(7, q2);
        d.durable();
        CHECK(d.session().next() == sequence{8});
        CHECK(d.session().in_flight() == 3);
        d.broker(answer<pubcomp>(3), answer<pubcomp>(5), answer<pubrec>(8));
        d.durable();
        d.broker(answer<pubcomp>(8));
        d.durable();
        CHECK(d.on_disk().acknowledged == 4);
        CHECK(in_words(d.on_disk().state.lane) == "acked 7 released 7 maybe 256");
    }
}

TEST_CASE("session: an unlogged message of QoS 1 waits until the interrupted ones have been fed again", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    half_way(d);
    SECTION("after a broken link, and after a crash") {
        if (GENERATE(false, true)) {
            d.know_newest(6);
            d.crash();
            d.start();
            d.connect_keeping_output(true);
            d.durable();
        } else {
            d.reconnect(true);
        }
        d.packets();
        const std::int64_t last = d.on_disk().state.newest ? 6 : 5;
        CHECK_FALSE(d.publish_unlogged("a"));
        CHECK_FALSE(d.publish_unlogged("a", q2));  // goes as QoS 1
        CHECK(d.publish_unlogged("b", qos::at_most_once));
        CHECK(d.packets() == lines{"PUBLISH q0 's' 'b'"});
        d.publish(3, q2);
        CHECK_FALSE(d.publish_unlogged("c"));  // 5 is to come, around 4, which is released
        d.publish(5, q2);
        CHECK(d.publish_unlogged("d") == (last == 5));
        if (last == 6) {
            d.publish(6, q2);
            CHECK(d.publish_unlogged("d"));
        }
        const lines sent = d.packets();
        REQUIRE(sent.size() == static_cast<std::size_t>(last - 2));
        CHECK(sent[0] == "PUBLISH 4 q2 dup 't' 'm3'");
        CHECK(sent[1] == "PUBLISH 6 q2 dup 't' 'm5'");
        CHECK(sent.back() == "PUBLISH 60001 q1 's' 'd'");
        d.broker(answer<puback>(60001));
        CHECK(d.publish_unlogged("e"));  // no longer held back, answered or not
    }
    SECTION("what its PUBREC settles needs no feeding") {
        d.reconnect(true);
        d.broker(answer<pubrec>(4));
        CHECK_FALSE(d.publish_unlogged("a"));
        d.broker(answer<pubrec>(6));
        CHECK(d.publish_unlogged("a"));
    }
    SECTION("what the log has lost is passed over by the next message") {
        d.reconnect(true);
        CHECK_FALSE(d.publish_unlogged("a"));
        d.publish(6, q2);
        CHECK(d.publish_unlogged("a"));
    }
    SECTION("nothing is repeated to a broker that has lost the session") {
        d.reconnect(false);
        CHECK(d.publish_unlogged("a"));
    }
    SECTION("nor when all was answered") {
        d.broker(answer<pubrec>(4), answer<pubrec>(6));
        d.durable();
        d.reconnect(true);
        CHECK(d.publish_unlogged("a"));
    }
}

TEST_CASE("session: a message that waited and never left is new on the next connection", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.publish(1, q1);
    d.reconnect(true);
    d.publish(1, q1);
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'"});
}

TEST_CASE("session: after a crash before the mark was durable nothing had left", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.publish(1, q1);
    d.crash();
    d.start();
    d.connect_keeping_output(true);
    d.publish(1, q1);
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'"});
}

TEST_CASE("session: a lost session", "[mqtt][session]") {
    options how = plain_options(GENERATE(v3, v5));
    SECTION("resend: what was released is delivered; the rest goes as new, when the new epoch is durable") {
        driver d(how);
        half_way(d);
        d.reconnect(false);
        CHECK(d.effects() ==
              lines{"session lost +2 resent epoch 2",
                    "save 7 barrier record plant@hub#2 acked 2 released 2 maybe 256 acked beyond 4 +2 acknowledged",
                    "online new epoch 2 server 0"});
        feed(d, 6);
        CHECK(d.packets().empty());
        d.durable();
        CHECK(d.packets() == lines{"PUBLISH 4 q2 't' 'm3'", "PUBLISH 6 q2 't' 'm5'", "PUBLISH 7 q2 't' 'm6'"});
    }
    SECTION("drop: they are skipped and counted") {
        how.session_loss = on_session_loss::drop;
        driver d(how);
        half_way(d);
        const bool crashed = GENERATE(false, true);
        if (crashed) {
            d.know_newest(5);
            d.crash();
            d.start();
            d.connect_keeping_output(false);
        } else {
            d.reconnect(false);
        }
        CHECK(d.effects()[0] == "session lost +2 dropped epoch 2");
        feed(d, 6);
        d.durable();
        CHECK(d.packets() == lines{"PUBLISH 7 q2 't' 'm6'"});
        CHECK(d.on_disk().lost == 2);
        CHECK(d.on_disk().acknowledged == 3);
        CHECK(in_words(d.on_disk().state.lane) == "acked 5 released 5 maybe 256");
    }
    SECTION("also when nothing was in flight") {
        driver d(how);
        d.begin();
        d.reconnect(false);
        CHECK(d.effects() == lines{"session lost epoch 2", "save 2 barrier record plant@hub#2 acked 0 released 0 maybe 0",
                                   "online new epoch 2 server 0"});
    }
    SECTION("after a loss, a resumed session repeats only what was sent in it") {
        driver d(how);
        half_way(d);
        d.reconnect(false);
        d.durable();
        d.publish(3, q2);
        d.packets();
        d.pass(std::chrono::seconds{11});  // long enough that 3 isn't suspected
        d.reconnect(true);
        feed(d, 5);
        CHECK(d.packets() == lines{"PUBLISH 4 q2 dup 't' 'm3'", "PUBLISH 6 q2 't' 'm5'"});
    }
    SECTION("before the new epoch is durable a crash finds the old state: PUBRELs again do no harm") {
        driver d(how);
        half_way(d);
        d.reconnect(false);
        d.crash();
        d.start();
        d.connect_keeping_output(true);
        CHECK(d.packets() == lines{"PUBREL 5", "PUBREL 3"});
    }
}

TEST_CASE("session: an identifier of a message given up is not freed in a session begun since", "[mqtt][session]") {
    options how = plain_options(GENERATE(v3, v5));
    how.poison_after = 1;
    driver d(how);
    const auto finish = [&](unsigned id) {
        d.broker(answer<pubrec>(id));
        d.durable();
        d.broker(answer<pubcomp>(id));
        d.durable();
        d.packets();
    };
    d.begin();
    feed(d, 1);
    d.durable();
    finish(2);
    d.closed();
    d.pass_to_deadline();
    d.connect(true);
    feed(d, 2);
    d.durable();
    d.packets();
    d.closed();
    CHECK(d.effects()[0].starts_with("refused 2 "));
    d.pass_to_deadline();
    const bool lost = GENERATE(false, true);
    d.connect_keeping_output(!lost);
    d.durable();
    CHECK(d.packets().empty() == lost);  // PUBREL, in the session that may hold it
    feed(d, 3);
    d.durable();
    finish(4);
    d.reconnect(true);
    CHECK(d.packets().empty() == lost);
}
