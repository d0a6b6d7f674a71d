// tests/mqtt/session_connection_test.cpp: stories of connecting, keeping alive, leaving and trying again, in both versions.
// Not here: messages (session_delivery_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q1 = qos::at_least_once;

disk with_session(std::uint64_t epoch = 4) {
    disk d;
    d.state.session = session_record{"plant", "hub", epoch};
    return d;
}

connack refusal(reason code) {
    connack ack;
    ack.reason = code;
    return ack;
}

}  // namespace

TEST_CASE("session 5.0: the first connection drops a session, the second begins one, on disk before the first message",
          "[mqtt][session]") {
    options how = plain_options(v5);
    how.username = "u";
    how.password = "p";
    how.will = will{"status", "offline"};
    driver d(how);
    d.start();
    CHECK(d.effects() == lines{"open 0"});
    CHECK(d.packets().empty());
    d.opened();
    CHECK(d.packets() == lines{"CONNECT plant clean keepalive 60 user u password p will 'status' 'offline' expiry 0 receive 20 "
                               "packet 1048576"});
    d.broker(connack{});
    CHECK(d.effects() == lines{"close"});
    CHECK(d.packets() == lines{"DISCONNECT"});
    d.closed();
    CHECK(d.effects() == lines{"open 0"});
    d.opened();
    CHECK(d.packets() == lines{"CONNECT plant keepalive 60 user u password p will 'status' 'offline' expiry 604800 receive 20 "
                               "packet 1048576"});
    d.broker(connack{});
    CHECK(d.effects() == lines{"save 1 barrier record plant@hub#1 acked 0 released 0 maybe 0", "online new epoch 1 server 0"});
    REQUIRE(d.session().accepts());
    CHECK(d.session().next() == sequence{1});
    d.publish(1, q1);
    CHECK(d.effects() == lines{"save 2 barrier acked 0 released 0 maybe 256"});
    CHECK(d.publish_unlogged("status"));
    CHECK(d.packets().empty());
    d.durable(1);
    CHECK(d.packets().empty());
    d.durable(2);
    CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'", "PUBLISH 60001 q1 's' 'status'"});
}

TEST_CASE("session 5.0: an unlogged message, too, waits for the session record", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.start();
    d.opened();
    d.broker(connack{});
    d.packets();
    CHECK_FALSE(d.publish_unlogged("on the way out"));
    d.closed();
    CHECK_FALSE(d.publish_unlogged("before CONNECT"));
    d.opened();
    d.packets();
    d.broker(connack{});
    CHECK(d.publish_unlogged("status"));
    CHECK(d.publish_unlogged("plain", qos::at_most_once));
    CHECK(d.packets().empty());
    d.durable();
    CHECK(d.packets() == lines{"PUBLISH 60001 q1 's' 'status'", "PUBLISH q0 's' 'plain'"});
}

TEST_CASE("session: the first connection has the broker drop what it had, the second begins the session", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    const lines dropping = {how == v5 ? "CONNECT plant clean keepalive 60 expiry 0 receive 20 packet 1048576"
                                      : "CONNECT plant clean keepalive 60"};
    const lines lasting = {how == v5 ? "CONNECT plant keepalive 60 expiry 604800 receive 20 packet 1048576"
                                     : "CONNECT plant keepalive 60"};
    options o = plain_options(how);
    o.servers = 2;
    driver d(o);
    d.start();
    d.opened();
    CHECK(d.packets() == dropping);
    CHECK(d.effects() == lines{"open 0"});
    d.broker(connack{});
    CHECK(d.packets() == lines{"DISCONNECT"});
    CHECK(d.effects() == lines{"close"});
    CHECK_FALSE(d.session().accepts());
    d.closed();

    SECTION("at once, on the same server") {
        CHECK(d.effects() == lines{"open 0"});
        d.opened();
        CHECK(d.packets() == lasting);
        d.broker(connack{});
        CHECK(d.effects() ==
              lines{"save 1 barrier record plant@hub#1 acked 0 released 0 maybe 0", "online new epoch 1 server 0"});
    }
    SECTION("when the second fails, both are done again, on the next server") {
        d.closed("refused");
        CHECK(d.effects() == lines{"open 0", "offline: refused"});
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"open 1"});
        d.opened();
        CHECK(d.packets() == dropping);
    }
    SECTION("also when the second is closed before its CONNACK") {
        d.opened();
        CHECK(d.packets() == lasting);
        d.closed("reset");
        CHECK(d.effects() == lines{"open 0", "offline: closed before CONNECT was answered: reset"});
        d.pass_to_deadline();
        d.opened();
        CHECK(d.packets() == dropping);
    }
    SECTION("a crash before the record is durable: both are done again, and nothing is lost") {
        d.opened();
        d.broker(connack{});
        d.crash();
        d.start();
        d.opened();
        CHECK(d.packets() == dropping);
        d.broker(connack{});
        d.packets();
        d.closed();
        d.opened();
        CHECK(d.packets() == lasting);
        d.broker(connack{});
        CHECK(d.effects() == lines{"open 0", "close", "open 0", "save 1 barrier record plant@hub#1 acked 0 released 0 maybe 0",
                                   "online new epoch 1 server 0"});
    }
    SECTION("what is present at the second is the first's, and empty: the session is new all the same") {
        d.opened();
        d.effects();
        connack ack;
        ack.session_present = true;
        d.broker(ack);
        CHECK(d.effects() ==
              lines{"save 1 barrier record plant@hub#1 acked 0 released 0 maybe 0", "online new epoch 1 server 0"});
    }
    SECTION("a stop between the two ends it") {
        d.effects();
        d.session().stop(d.now());
        d.opened();
        CHECK(d.packets().empty());
        d.closed();
        CHECK(d.effects() == lines{"close"});
        CHECK(d.session().next_deadline() == std::nullopt);
    }
    SECTION("after that the session is resumed, and none of this is done") {
        d.connect(false);
        d.closed();
        d.effects();
        d.pass_to_deadline();
        d.opened();
        CHECK(d.packets() == lasting);
    }
}

TEST_CASE("session: a stop while the first connection closes leaves no second one", "[mqtt][session]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.start();
    d.opened();
    d.broker(connack{});
    d.session().stop(d.now());
    CHECK(d.packets().back() == "DISCONNECT");
    d.closed();
    CHECK(d.effects() == lines{"open 0", "close"});
    CHECK(d.session().next_deadline() == std::nullopt);
}

TEST_CASE("session: a stored record is resumed only if it is of this client and broker", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    SECTION("the same") {
        driver d(plain_options(how), with_session());
        d.start();
        d.opened();
        CHECK(d.packets()[0].find(" clean") == std::string::npos);
        connack ack;
        ack.session_present = true;
        d.broker(ack);
        CHECK(d.effects() == lines{"open 0", "online resumed epoch 4 server 0"});
    }
    SECTION("another client identifier or broker: a new epoch, and the loss is told") {
        disk old = with_session();
        (GENERATE(true, false) ? old.state.session->client_id : old.state.session->broker) = "other";
        old.state.lane = {sequence{3}, sequence{4}, sequence{256}, {}, {}};
        old.state.newest = sequence{6};
        driver d(plain_options(how), old);
        d.start();
        d.opened();
        CHECK(d.packets()[0].find(" clean") != std::string::npos);
        d.broker(connack{});
        CHECK(d.packets() == lines{"DISCONNECT"});
        d.closed();
        d.opened();
        d.packets();
        d.broker(connack{});
        lines got = d.effects();
        got.erase(got.begin(), got.end() - 3);
        CHECK(got == lines{"session lost +2 resent epoch 5",
                           "save 1 barrier record plant@hub#5 acked 4 released 4 maybe 256 +1 acknowledged",
                           "online new epoch 5 server 0"});
        CHECK(d.session().next() == sequence{5});
    }
}

TEST_CASE("session: a broker that keeps a session it was asked to drop", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.start();
    d.opened();
    d.packets();
    connack ack;
    ack.session_present = true;
    d.broker(ack);
    CHECK(d.packets() == (how == v5 ? lines{"DISCONNECT 0x82"} : lines{}));
    d.closed();
    CHECK(d.effects() == lines{"open 0", "close", "offline: the broker kept a session that it was asked to drop"});
}

TEST_CASE("session: refusals are told in words, and retried", "[mqtt][session]") {
    driver d(plain_options(v5), with_session());
    d.start();
    d.opened();
    d.packets();
    SECTION("with the broker's own words") {
        connack ack = refusal(reason::server_busy);
        ack.properties.reason_string = "try later";
        d.broker(ack);
        CHECK(d.packets().empty());
        d.closed();
        CHECK(d.effects() == lines{"open 0", "close", "offline: the broker refused the connection: server busy (try later)"});
        CHECK(*d.session().next_deadline() < d.now() + 1s);
    }
    SECTION("about who we are: slowly") {
        const auto code = GENERATE(reason::bad_user_name_or_password, reason::not_authorized, reason::bad_authentication_method,
                                   reason::client_identifier_not_valid);
        auto longest = 0ms;
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            driver e(plain_options(v5), with_session(), seed);
            e.start();
            e.opened();
            e.broker(refusal(code));
            e.closed();
            longest =
                std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(*e.session().next_deadline() - e.now()));
        }
        CHECK(longest > 12s);
        CHECK(longest < 15s);
    }
    SECTION("an answer in 3.1.1") {
        d.broker_bytes(std::string_view("\x20\x02\x00\x01", 4));
        d.closed();
        CHECK(d.effects() == lines{"open 0", "close", "offline: the broker doesn't speak MQTT 5.0"});
    }
}

TEST_CASE("session 3.1.1: a refusal has the words of its return code", "[mqtt][session]") {
    driver d(plain_options(v3), with_session());
    d.start();
    d.opened();
    d.broker_bytes(std::string_view("\x20\x02\x00\x04", 4));
    d.closed();
    CHECK(d.effects() == lines{"open 0", "close", "offline: the broker refused the connection: bad user name or password"});
}

TEST_CASE("session: time-outs of connecting", "[mqtt][session]") {
    driver d(plain_options(v5), with_session());
    d.start();
    d.effects();
    SECTION("the transport") {
        d.pass(9999ms);
        CHECK(d.effects().empty());
        d.pass(1ms);
        CHECK(d.effects() == lines{"close"});
        d.opened();  // too late
        CHECK(d.packets().empty());
        d.closed("cancelled");
        CHECK(d.effects() == lines{"offline: no connection within 10 s"});
    }
    SECTION("CONNACK") {
        d.pass(5s);
        d.opened();
        d.packets();
        d.pass(9999ms);
        CHECK(d.effects().empty());
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"close"});
        d.closed();
        CHECK(d.effects() == lines{"offline: no answer to CONNECT within 10 s"});
    }
    SECTION("closed before CONNACK") {
        d.opened();
        d.closed("reset");
        CHECK(d.effects() == lines{"offline: closed before CONNECT was answered: reset"});
    }
}

TEST_CASE("session: back-off, and servers in turn", "[mqtt][session]") {
    options how = plain_options(v5);
    how.servers = 3;
    driver d(how, with_session());
    d.start();
    CHECK(d.effects() == lines{"open 0"});
    SECTION("each failed attempt goes to the next server; a lost connection to the same") {
        d.closed("refused");
        d.pass_to_deadline();
        d.closed("refused");
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"offline: refused", "open 1", "offline: refused", "open 2"});
        d.connect(true);
        d.closed("lost");
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"offline: lost", "open 2"});
        d.closed("refused");
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"offline: refused", "open 0"});
    }
    SECTION("nothing happens before the time") {
        d.closed("refused");
        d.effects();
        if (*d.session().next_deadline() > d.now() + 1ms) {
            d.pass(1ms);
            CHECK(d.effects().empty());
        }
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"open 1"});
    }
    SECTION("after 30 s online the first retry is within a second, after less it isn't") {
        auto after_long = 0ms, after_short = 0ms;
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            for (const auto online_for : {29s, 30s}) {
                driver e(how, with_session(), seed);
                e.start();
                for (int i = 0; i < 6; ++i) {
                    e.closed("refused");
                    e.pass_to_deadline();
                }
                e.connect(true);
                e.pass(online_for);
                e.closed();
                const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(*e.session().next_deadline() - e.now());
                auto& longest = online_for == 30s ? after_long : after_short;
                longest = std::max(longest, delay);
            }
        }
        CHECK(after_long < 1s);
        CHECK(after_short > 5s);
    }
}

TEST_CASE("session: a first connection that ends at once is tried again within a second", "[mqtt][session]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        driver d(plain_options(v5), with_session(), seed);
        d.start();
        d.connect(true);
        d.closed();
        CHECK(*d.session().next_deadline() - d.now() < 1s);
    }
}

TEST_CASE("session: keep-alive", "[mqtt][session]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    SECTION("PINGREQ when nothing was written for that long") {
        d.pass(59s);
        CHECK(d.publish_unlogged("x"));
        CHECK(d.packets().size() == 1);
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
    SECTION("patience is at least 5 s") {
        how.keepalive = 4s;
        driver d(how);
        d.begin();
        d.pass(4s);
        CHECK(d.packets() == lines{"PINGREQ"});
        CHECK(*d.session().next_deadline() == d.now() + 5s);
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
    SECTION("PUBLISH") {
        mqtt::publish p;
        p.topic = "t";
        d.broker(p);
        closes_with("the broker sent PUBLISH, but nothing is subscribed to");
    }
    SECTION("SUBACK") {
        suback p;
        p.id = packet_id{1};
        p.reasons = {reason::success};
        d.broker(p);
        closes_with("the broker sent SUBACK, but nothing was asked");
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
