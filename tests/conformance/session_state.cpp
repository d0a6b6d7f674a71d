// tests/conformance/session_state.cpp: the session state (4.1): when it is resumed, kept, discarded; whose it is.
// Not here: what exactly is sent again (session_resume.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

/// A session in which message 1 is finished, 2 is released, 3 is sent; and one of QoS 2 towards us isn't released.
void leave_traces(driver& d) {
    d.begin();
    d.listen("in");
    send(d, 1, 3, q2);
    d.broker(answer<pubrec>(2), answer<pubrec>(3));
    d.durable();
    d.broker(answer<pubcomp>(2), incoming(q2, 9));
    d.durable();
    d.packets();
    d.effects();
}

}  // namespace

TEST_CASE(
    "session: the state is kept over connections and processes, and resumed when the broker has kept its half "
    "[3.1.1 MQTT-3.1.2-4, MQTT-3.2.2-2, MQTT-4.1.0-1; 5.0 MQTT-3.1.2-23, MQTT-3.2.2-3, MQTT-4.1.0-1]",
    "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    leave_traces(d);
    const bool crashed = GENERATE(false, true);
    if (crashed) {
        d.crash();
        d.start();
        d.subscribe("in");
    } else {
        d.closed();
        d.pass_to_deadline();
    }
    d.opened();
    CHECK(d.packets()[0].starts_with("CONNECT plant keepalive 60"));  // not clean
    d.effects();
    d.broker(accepted(true));
    CHECK(d.effects() == lines{"online resumed epoch 1 server 0"});
    feed(d, 3, q2);
    const std::string asked = crashed ? "60201 'in' q2" : how == v5 ? "60202 'in' q2 retain-handling 1" : "60202 'in' q2";
    CHECK(d.packets() == lines{"PUBREL 3", "SUBSCRIBE " + asked, "PUBLISH 4 q2 dup 't' 'm3'"});
    publish repetition = incoming(q2, 9);
    repetition.dup = true;
    d.broker(repetition);
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 9"});
    CHECK(d.effects() == lines{});  // not told again
}

TEST_CASE(
    "session: a session that the broker has lost is begun anew on our side, too [3.1.1 MQTT-3.2.2-3; 5.0 MQTT-3.2.2-3, "
    "MQTT-3.2.2-5]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    leave_traces(d);
    d.reconnect(false);
    d.durable();
    CHECK(d.effects() == lines{"session lost +1 resent epoch 2",
                               "save 5 barrier record plant@hub#2 acked 2 released 2 maybe 256 +1 acknowledged",
                               "online new epoch 2 server 0"});
    feed(d, 3, q2);
    CHECK(d.packets() == lines{"SUBSCRIBE 60202 'in' q2", "PUBLISH 4 q2 't' 'm3'"});  // no PUBREL, no DUP
    CHECK(d.on_disk().state.held.empty());
    d.broker(incoming(q2, 9));  // a new message
    CHECK(d.effects()[0] == "received q2 'in' 'x'");
}

TEST_CASE("session: a clean connection reuses nothing of an earlier one [3.1.1 MQTT-3.1.2-6; 5.0 MQTT-3.1.2-4]",
          "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.session_expiry = 0s;
    driver d(how);
    d.start();
    d.opened();
    CHECK(d.packets()[0].starts_with("CONNECT plant clean "));
    d.broker(accepted(false));
    d.durable();
    d.listen("in");
    send(d, 1, 2, q2);
    d.broker(answer<pubrec>(2), incoming(q2, 9));
    d.durable();
    d.packets();
    d.closed();
    d.pass_to_deadline();
    d.opened();
    CHECK(d.packets()[0].starts_with("CONNECT plant clean "));
    d.effects();
    d.broker(accepted(false));
    d.durable();
    feed(d, 2, q2);
    CHECK(d.packets() == lines{"SUBSCRIBE 60202 'in' q2", "PUBLISH 3 q2 't' 'm2'"});
    d.effects();
    d.broker(incoming(q2, 9));
    CHECK(d.effects()[0] == "received q2 'in' 'x'");
}

TEST_CASE("session: the client identifier is the session's key [3.1.1 MQTT-3.1.3-2; 5.0 MQTT-3.1.3-2]", "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    driver first(how);
    leave_traces(first);
    how.client_id = "plant2";
    driver d(how, first.on_disk());
    d.start();
    d.opened();
    CHECK(d.packets()[0].starts_with("CONNECT plant2 clean "));
    d.broker(accepted(false));
    d.closed();
    d.opened();
    CHECK(d.packets().back().starts_with("CONNECT plant2 keepalive"));
    d.broker(accepted(false));
    feed(d, 3, q2);
    const lines sent = d.packets();
    CHECK(sent == lines{"PUBLISH 4 q2 't' 'm3'"});  // nothing of the other's is resumed
    CHECK(d.on_disk().state.session == session_record{"plant2", "hub", 2});
    CHECK(d.on_disk().state.held.empty());
}

TEST_CASE(
    "session: the state isn't dropped while the connection lasts, however long that is [3.1.1 MQTT-4.1.0-2; 5.0 MQTT-4.1.0-1]",
    "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.session_expiry = std::chrono::seconds{GENERATE(0, 1)};
    how.keepalive = 0s;
    driver d(how);
    how.session_expiry == 0s ? (d.start(), d.connect(false)) : d.begin();
    d.listen("in");
    send(d, 1, 2, q2);
    d.broker(answer<pubrec>(2), incoming(q2, 9));
    d.durable();
    d.packets();
    d.effects();
    d.pass(24h * 30);
    d.broker(answer<pubrec>(2), answer<pubrec>(3), incoming(q2, 9));
    d.durable();
    CHECK(d.packets() == lines{"PUBREL 2", "PUBREC 9", "PUBREL 3"});
    for (const auto& each : d.effects()) CHECK_FALSE(each.starts_with("received"));
}

TEST_CASE("session: a broker with a session where we have none is left [5.0 MQTT-3.2.2-4]", "[conformance]") {
    driver d(plain_options(v5));
    await_connack(d);
    SECTION("when it was asked to drop what it had") {
        d.broker(accepted(true));
        check_closing(d, "0x82");
    }
    SECTION("right after it has dropped it") {
        d.broker(accepted(false));
        d.packets();
        d.closed();
        d.opened();
        d.packets();
        d.effects();
        d.broker(accepted(true));
        check_closing(d, "0x82");
        d.closed();
        CHECK(d.effects() == lines{"offline: the broker has a session that it has just dropped"});
    }
}

TEST_CASE(
    "session: Session Expiry Interval: 0 for a session that ends with its connection, the most for one that never ends "
    "[5.0 (3.1.2.11.2)]",
    "[conformance]") {
    const auto [asked, sent] = GENERATE(table<std::int64_t, std::string>({{0, "0"},
                                                                          {1, "1"},
                                                                          {604'800, "604800"},
                                                                          {0xfffffffe, "4294967294"},
                                                                          {0xffffffff, "4294967295"},
                                                                          {0x100000000, "4294967295"}}));
    options how = plain_options(v5);
    how.session_expiry = std::chrono::seconds{asked};
    driver d(how, disk_with_session());
    d.start();
    d.opened();
    const std::string sent_words = d.packets()[0];
    CHECK(sent_words.find(" expiry " + sent + " receive") != std::string::npos);
    CHECK((sent_words.find(" clean ") != std::string::npos) == (asked == 0));
}

TEST_CASE("session: the Session Expiry Interval of CONNACK counts, not the one we asked for [5.0 (3.2.2.3.2)]", "[conformance]") {
    driver d(plain_options(v5));
    const auto granted_life = [](std::uint32_t seconds) {
        return properties([=](auto& p) { p.session_expiry_interval = seconds; });
    };
    SECTION("0: that the session is gone after the connection is nothing to tell, unless something was lost with it") {
        d.begin(granted_life(0));
        d.reconnect(false, granted_life(0));
        d.durable();
        CHECK(d.effects() ==
              lines{"save 2 barrier record plant@hub#2 acked 0 released 0 maybe 0", "online new epoch 2 server 0"});
        send(d, 1, 1, q1);
        d.reconnect(false, granted_life(0));
        CHECK(d.effects()[0] == "session lost +1 resent epoch 3");
    }
    SECTION("0: and it can't be made to last by DISCONNECT") {
        d.begin(granted_life(0));
        d.session().stop(d.now(), {reason::success, granted_life(100)});
        CHECK(d.packets() == lines{"DISCONNECT"});
    }
    SECTION("any other: a session that is gone is told") {
        d.begin(granted_life(5));
        d.reconnect(false, granted_life(5));
        CHECK(d.effects()[0] == "session lost epoch 2");
    }
}
