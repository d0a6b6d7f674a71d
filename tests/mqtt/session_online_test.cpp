// tests/mqtt/session_online_test.cpp: stories of an open connection without messages: keep-alive, violations, leaving.
// Not here: how it came to be open (session_connection_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q1 = qos::at_least_once;

}  // namespace

TEST_CASE("session: keep-alive", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    SECTION("PINGREQ when nothing was written for that long") {
        d.pass(59s);
        CHECK(d.publish_unlogged("x"));
        CHECK(d.packets().size() == 1);
        d.broker(answer<puback>(60001));
        d.pass(59'999ms);
        CHECK(d.packets().empty());
        d.pass(1ms);
        CHECK(d.packets() == lines{"PINGREQ"});
        d.broker(pingresp{});
        d.pass(59s);
        CHECK(d.packets().empty());
        CHECK(d.effects().empty());
        d.pass(1s);
        CHECK(d.packets() == lines{"PINGREQ"});
    }
    SECTION("also when nothing was read for that long, however much is written") {
        for (int i = 1; i <= 6; ++i) {
            d.pass(10s);
            CHECK(d.packets() == (i == 6 ? lines{"PINGREQ"} : lines{}));
            CHECK(d.publish_unlogged("x", qos::at_most_once));
            d.packets();
        }
        SECTION("and nobody answers: the broker is gone, whoever takes what we write") {
            for (int i = 1; i < 3; ++i) {
                d.pass(10s);
                CHECK(d.publish_unlogged("x", qos::at_most_once));
                CHECK(d.packets().size() == 1);  // one ping is enough
            }
            d.pass(10s);
            CHECK(d.effects() == lines{"close"});
        }
        SECTION("and it is answered") {
            d.broker(pingresp{});
            d.pass(59s);
            CHECK(d.packets().empty());
        }
    }
    SECTION("no answer: closed after half of it, told in words") {
        d.pass(60s);
        CHECK(d.packets() == lines{"PINGREQ"});
        d.pass(29'999ms);
        CHECK(d.effects().empty());
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"close"});
        CHECK(d.packets().empty());
        d.closed("closed");
        CHECK(d.effects() == lines{"offline: no answer to PINGREQ in 30 s"});
    }
    SECTION("any byte is an answer") {
        d.pass(60s);
        d.packets();
        d.broker_bytes(std::string_view("\xd0", 1));
        d.pass(59s);
        CHECK(d.effects().empty());
    }
    SECTION("a PINGREQ that can't be written isn't repeated") {
        d.pass(60s);
        for (int i = 0; i < 10; ++i) d.pass(1s);
        CHECK(d.packets() == lines{"PINGREQ"});
    }
}

TEST_CASE("session: short and no keep-alive, and the server's", "[mqtt][session]") {
    options how = plain_options(v5);
    property_set properties;
    SECTION("patience is at least 5 s, and PINGREQs go on meanwhile: the broker counts them") {
        how.keepalive = 2s;
        driver d(how);
        d.begin();
        for (int i = 0; i < 3; ++i) {
            d.pass_to_deadline();
            CHECK(d.packets() == lines{"PINGREQ"});
        }
        CHECK(d.now() == driver(how).now() + 6s);
        CHECK(*d.session().next_deadline() == d.now() + 1s);
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"close"});
    }
    SECTION("longer than CONNECT can say: as long as it can") {
        how.keepalive = 100'000s;
        driver d(how);
        d.begin();
        d.pass(65'534s);
        CHECK(d.packets().empty());
        d.pass(1s);
        CHECK(d.packets() == lines{"PINGREQ"});
    }
    SECTION("off") {
        how.keepalive = 0s;
        driver d(how);
        d.begin();
        CHECK(d.session().next_deadline() == std::nullopt);
        d.pass(24h);
        CHECK(d.packets().empty());
    }
    SECTION("the server's counts") {
        properties.server_keep_alive = static_cast<std::uint16_t>(10);
        driver d(how);
        d.begin(properties);
        d.pass(10s);
        CHECK(d.packets() == lines{"PINGREQ"});
    }
    SECTION("also when it is none") {
        properties.server_keep_alive = static_cast<std::uint16_t>(0);
        driver d(how);
        d.begin(properties);
        CHECK(d.session().next_deadline() == std::nullopt);
    }
}

TEST_CASE("session: what a broker must not send closes the connection", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    const auto closes_with = [&](const std::string& words, const std::string& code = "DISCONNECT 0x82") {
        CHECK(d.packets() == (how == v5 ? lines{code} : lines{}));
        CHECK(d.effects() == lines{"close"});
        d.broker(pingresp{}, answer<pubrec>(9));  // ignored
        CHECK(d.packets().empty());
        d.closed();
        CHECK(d.effects() == lines{"offline: " + words});
    };
    SECTION("SUBACK") {
        suback p;
        p.id = packet_id{1};
        p.reasons = {reason::success};
        d.broker(p);
        closes_with("the broker sent SUBACK for what wasn't asked");
    }
    SECTION("a second CONNACK") {
        d.broker(connack{});
        closes_with("the broker sent a second CONNACK");
    }
    SECTION("rubbish") {
        d.broker_bytes("\xd0\x01\x01");
        const lines sent = d.packets();
        CHECK(sent == (how == v5 ? lines{"DISCONNECT 0x81"} : lines{}));
        d.closed();
        const lines got = d.effects();
        REQUIRE(got.size() == 2);
        CHECK(got[1].find("offline: the broker sent what can't be read: ") == 0);
    }
    SECTION("a packet larger than allowed") {
        d.broker_bytes("\x30\xff\xff\xff\x7f");
        CHECK(d.packets() == (how == v5 ? lines{"DISCONNECT 0x95"} : lines{}));
    }
    SECTION("PUBREL of a message that we know nothing of is answered") {
        d.broker(answer<pubrel>(5));
        CHECK(d.packets() == (how == v5 ? lines{"PUBCOMP 5 0x92"} : lines{"PUBCOMP 5"}));
        CHECK(d.effects().empty());
    }
}

TEST_CASE("session: a packet before CONNACK is a violation", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.start();
    d.opened();
    d.packets();
    d.broker(pingresp{});
    CHECK(d.packets() == lines{"DISCONNECT 0x82"});
    d.closed();
    CHECK(d.effects().back() == "offline: the broker sent another packet before CONNACK");
}

TEST_CASE("session 5.0: the broker's DISCONNECT is told in its words", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    disconnect bye;
    bye.reason = reason::server_shutting_down;
    d.broker(bye);
    CHECK(d.effects() == lines{"close"});
    CHECK(d.packets().empty());
    d.closed();
    CHECK(d.effects() == lines{"offline: the broker disconnected: server shutting down"});
}

TEST_CASE("session: stop", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    SECTION("online: DISCONNECT is the last packet, and what is not durable yet is saved without delay") {
        d.begin();
        d.publish(1, q1);
        d.durable();
        d.packets();
        d.effects();
        d.broker(answer<puback>(2));
        d.session().stop(d.now());
        CHECK(d.effects() == lines{"save 3 lazy acked 1 released 1 maybe 256 +1 acknowledged", "close",
                                   "save 4 barrier acked 1 released 1 maybe 256"});
        CHECK(d.packets() == lines{"DISCONNECT"});
        CHECK_FALSE(d.session().accepts());
        CHECK_FALSE(d.publish_unlogged("late"));
        d.closed();
        CHECK(d.effects().empty());
        CHECK(d.session().next_deadline() == std::nullopt);
    }
    SECTION("waiting messages don't follow the DISCONNECT") {
        d.begin();
        d.publish(1, q1);
        d.session().stop(d.now());
        CHECK(d.packets() == lines{"DISCONNECT"});
        d.durable();
        CHECK(d.packets().empty());
    }
    SECTION("while waiting for a retry: nothing is left to do") {
        d.start();
        d.closed("refused");
        d.effects();
        d.session().stop(d.now());
        d.pass(1h);
        CHECK(d.effects().empty());
    }
    SECTION("while opening") {
        d.start();
        d.session().stop(d.now());
        d.opened();
        CHECK(d.packets().empty());
        d.closed();
        CHECK(d.effects() == lines{"open 0", "close"});
        CHECK(d.session().next_deadline() == std::nullopt);
    }
}
