// tests/mqtt/session_connection_test.cpp: stories of connecting, being refused and trying again, in both versions.
// Not here: what happens once the connection is open (session_online_test.cpp, session_delivery_test.cpp).
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
    CHECK(d.packets() == lines{"CONNECT plant clean keepalive 60 user u password p will 'status' 'offline' expiry 0 receive 100 "
                               "packet 1048576 aliases 16"});
    d.broker(connack{});
    CHECK(d.effects() == lines{"close"});
    CHECK(d.packets() == lines{"DISCONNECT"});
    d.closed();
    CHECK(d.effects() == lines{"open 0"});
    d.opened();
    CHECK(d.packets() == lines{"CONNECT plant keepalive 60 user u password p will 'status' 'offline' expiry 604800 receive 100 "
                               "packet 1048576 aliases 16"});
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
    const lines dropping = {how == v5 ? "CONNECT plant clean keepalive 60 expiry 0 receive 100 packet 1048576 aliases 16"
                                      : "CONNECT plant clean keepalive 60"};
    const lines lasting = {how == v5 ? "CONNECT plant keepalive 60 expiry 604800 receive 100 packet 1048576 aliases 16"
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
    SECTION("what is present at the second: in 3.1.1 it is the first's, and empty; in 5.0 it can't be [MQTT-3.2.2-4]") {
        d.opened();
        d.effects();
        connack ack;
        ack.session_present = true;
        d.broker(ack);
        const lines begun{"save 1 barrier record plant@hub#1 acked 0 released 0 maybe 0", "online new epoch 1 server 0"};
        CHECK(d.effects() == (how == v5 ? lines{"close"} : begun));
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
    SECTION("after a minute online the first retry is within a second, after less it isn't") {
        auto after_long = 0ms, after_short = 0ms;
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            for (const auto online_for : {59s, 60s}) {
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
                auto& longest = online_for == 60s ? after_long : after_short;
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
