// tests/mqtt/session_authenticate_test.cpp: stories of authentication, of being sent away, and of leaving.
// Not here: the rules one by one (tests/conformance/session_auth.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"
#include "tests/mqtt/support/riddle.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;

disk with_session() {
    disk d;
    d.state.session = session_record{"plant", "hub", 4};
    return d;
}

connack welcome(const std::string& data) {
    return {true, reason::success, properties([&](auto& p) {
                p.authentication_method = "RIDDLE";
                p.authentication_data = data;
            })};
}

void await_connack(driver& d) {
    d.start();
    d.opened();
    d.packets();
    d.effects();
}

}  // namespace

TEST_CASE("session: each connection is a new exchange, the one that only drops an old session among them", "[mqtt][session]") {
    driver d(riddle_options());
    d.start();
    for (int i = 0; i < 3; ++i) {
        d.opened();
        CHECK(d.packets()[0].find(" method RIDDLE data 'first'") != std::string::npos);
        d.broker(question("q"));
        CHECK(d.packets() == lines{"AUTH 0x18 method RIDDLE data 'answer to q'"});
        connack ack = welcome("proof");
        ack.session_present = i == 2;
        d.broker(ack);
        CHECK(d.session().is_online() == (i > 0));
        d.durable();
        d.packets();
        d.closed();
        if (i > 0) d.pass_to_deadline();
    }
}

TEST_CASE("session: a broker that proves nothing is left, and not tried again soon", "[mqtt][session]") {
    const std::string how = GENERATE("in CONNACK", "in AUTH", "in AUTH, in bytes that are no text");
    auto longest = 0ms;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        driver d(riddle_options(), with_session(), seed);
        await_connack(d);
        if (how == "in CONNACK") {
            d.broker(welcome("forged"));
        } else {
            d.broker(question(how == "in AUTH" ? "wrong" : "\xff"));
        }
        CHECK_FALSE(d.session().is_online());
        CHECK(d.packets() == lines{"DISCONNECT 0x80"});
        d.closed();
        CHECK(d.effects().back().starts_with("offline: the broker failed the authentication: "));
        longest =
            std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(*d.session().next_deadline() - d.now()));
    }
    CHECK(longest > 10s);
}

TEST_CASE("session: each question is time for the next; without an answer CONNECT ends as usual", "[mqtt][session]") {
    driver d(riddle_options(), with_session());
    await_connack(d);
    for (int i = 0; i < 5; ++i) {
        d.pass(9s);
        d.broker(question("q"));
        CHECK(d.packets().size() == 1);
    }
    d.pass(9'999ms);
    CHECK(d.effects().empty());
    d.pass_to_deadline();
    CHECK(d.effects() == lines{"close"});
    d.closed();
    CHECK(d.effects() == lines{"offline: no answer to CONNECT within 10 s"});
}

TEST_CASE("session: a second wish to authenticate anew waits for the first, and is possible after it", "[mqtt][session]") {
    driver d(riddle_options(), with_session());
    d.session().reauthenticate(d.now());
    await_connack(d);
    d.session().reauthenticate(d.now());
    CHECK(d.packets().empty());
    d.broker(welcome("proof"));
    d.session().reauthenticate(d.now());
    d.session().reauthenticate(d.now());
    CHECK(d.packets() == lines{"AUTH 0x19 method RIDDLE data 'first'"});
    d.effects();
    d.pass(9s);
    d.broker(question("q"));
    d.pass(9s);
    auth done = question("proof");
    done.reason = reason::success;
    d.broker(done);
    CHECK(d.effects() == lines{"reauthenticated"});
    d.packets();
    d.pass(50s);
    CHECK(d.session().is_online());
    d.session().reauthenticate(d.now());
    CHECK(d.packets().back() == "AUTH 0x19 method RIDDLE data 'first'");
}

TEST_CASE("session 3.1.1: there is no authentication but the password's", "[mqtt][session]") {
    options how = riddle_options();
    how.version = v3;
    driver d(how);
    d.begin();
    d.session().reauthenticate(d.now());
    CHECK(d.packets().empty());
}

// ---- Sent away ----

namespace {

property_set reference(const std::string& to) {
    return properties([&](auto& p) { p.server_reference = to; });
}

/// What is opened next, after a broker that refused.
std::string next_open(driver& d) {
    d.closed();
    d.effects();
    d.pass_to_deadline();
    const lines got = d.effects();
    return got.empty() ? "" : got.back();
}

}  // namespace

TEST_CASE("session 5.0: a broker's reference is followed, and kept while it works", "[mqtt][session]") {
    options how = plain_options(v5);
    how.servers = 3;
    driver d(how, with_session());
    await_connack(d);
    d.broker(connack{false, reason::use_another_server, reference("b")});
    CHECK(d.effects() == lines{"redirected to 'b'", "close"});
    CHECK(next_open(d) == "open 0 instead b");
    SECTION("it works: the next connection goes there, too") {
        d.connect(true);
        CHECK(next_open(d) == "open 0 instead b");
        SECTION("until it fails") { CHECK(next_open(d) == "open 1"); }
    }
    SECTION("it doesn't: the next of our own list, or we would never leave the first") { CHECK(next_open(d) == "open 1"); }
    SECTION("it sends us on") {
        d.opened();
        d.broker(connack{false, reason::server_moved, reference("c")});
        CHECK(d.effects() == lines{"redirected for good to 'c'", "close"});
        CHECK(next_open(d) == "open 0 instead c");
    }
}

TEST_CASE("session 5.0: brokers that send us round and round are left after five", "[mqtt][session]") {
    options how = plain_options(v5);
    how.servers = 2;
    driver d(how, with_session());
    d.start();
    lines opened{d.effects().back()};
    for (int i = 0; i < 7; ++i) {
        d.opened();
        d.packets();
        d.broker(connack{false, reason::use_another_server, reference(i % 2 == 0 ? "b" : "a")});
        opened.push_back(next_open(d));
    }
    CHECK(opened == lines{"open 0", "open 0 instead b", "open 0 instead a", "open 0 instead b", "open 0 instead a",
                          "open 0 instead b", "open 1", "open 1 instead b"});
}

TEST_CASE("session 5.0: a broker that says \"not here\" and nothing more makes way for the next of the list", "[mqtt][session]") {
    options how = plain_options(v5);
    how.servers = 2;
    driver d(how, with_session());
    await_connack(d);
    SECTION("in CONNACK") { d.broker(connack{false, reason::server_moved, {}}); }
    SECTION("in DISCONNECT") {
        d.broker(connack{true, reason::success, {}});
        d.broker(disconnect{reason::use_another_server, {}});
    }
    CHECK(next_open(d) == "open 1");
}

TEST_CASE("session 5.0: references are told and not followed where the options say so", "[mqtt][session]") {
    options how = plain_options(v5);
    how.servers = 2;
    how.redirects = redirects::ignore;
    driver d(how, with_session());
    await_connack(d);
    d.broker(connack{false, reason::use_another_server, reference("b")});
    CHECK(d.effects() == lines{"redirected to 'b' in vain", "close"});
    CHECK(next_open(d) == "open 1");
}

TEST_CASE("session 5.0: a will that the broker can't take goes with less", "[mqtt][session]") {
    options how = plain_options(v5);
    const auto level = GENERATE(qos::at_least_once, qos::exactly_once);
    how.will = will{"status", "gone", level, true};
    driver d(how, with_session());
    const auto refused = [&](reason code) {
        d.opened();
        const auto sent = d.packets()[0];
        d.broker(connack{false, code, {}});
        d.closed();
        d.pass_to_deadline();
        const auto begin = sent.find(" will") + 1;
        return sent.substr(begin, sent.find(" 'status'") - begin);
    };
    d.start();
    CHECK(refused(reason::qos_not_supported) == (level == qos::exactly_once ? "will q2" : "will"));
    if (level == qos::exactly_once) CHECK(refused(reason::qos_not_supported) == "will");
    CHECK(refused(reason::retain_not_supported) == "will q0");
    CHECK(refused(reason::server_busy) == "will q0 passing");
    CHECK(refused(reason::qos_not_supported) == "will q0 passing");
}

// ---- Leaving ----

TEST_CASE("session: stopped in any state, it comes to rest and stays there", "[mqtt][session]") {
    options how = riddle_options();
    if (GENERATE(false, true)) how = plain_options(v3);
    driver d(how, with_session());
    const std::string state = GENERATE("idle", "opening", "handshake", "online", "closing", "waiting", "stopped");
    const bool authenticated = how.version == v5;
    if (state != "idle") d.start();
    if (state == "handshake" || state == "online" || state == "closing" || state == "stopped") d.opened();
    if (state == "online" || state == "closing" || state == "stopped")
        d.broker(authenticated ? welcome("proof") : connack{true, reason::success, {}});
    if (state == "closing") d.broker(connack{});
    if (state == "waiting") d.closed("refused");
    if (state == "stopped") {
        d.session().stop(d.now());
        d.closed();
    }
    d.packets();
    d.effects();
    d.session().stop(d.now());
    const bool closes = state == "opening" || state == "handshake" || state == "online";
    CHECK(d.effects() == (closes ? lines{"close"} : lines{}));
    CHECK(d.packets() == (closes && state != "opening" ? lines{"DISCONNECT"} : lines{}));
    CHECK(d.session().next_deadline() == std::nullopt);
    CHECK_FALSE(d.session().is_online());
    d.opened();
    d.broker(authenticated ? welcome("proof") : connack{});
    d.pass(1h);
    d.subscribe("in");
    CHECK_FALSE(d.publish_unlogged("x"));
    d.session().stop(d.now());
    d.closed();
    d.pass(1h);
    d.durable();
    CHECK(d.effects() == lines{});
    CHECK(d.packets().empty());
}

TEST_CASE("session: an ephemeral session ends with each connection, and only what was lost with it is told", "[mqtt][session]") {
    options how = plain_options(GENERATE(v3, v5));
    how.session_expiry = 0s;
    driver d(how);
    d.start();
    d.connect(false);
    d.reconnect(false);
    CHECK(d.effects() == lines{"save 2 barrier record plant@hub#2 acked 0 released 0 maybe 0", "online new epoch 2 server 0"});
    d.durable();
    d.publish(1, qos::exactly_once);
    d.publish(2, qos::exactly_once);
    d.durable();
    d.broker(answer<pubrec>(2));
    d.durable();
    d.packets();
    d.reconnect(false);
    CHECK(d.effects() == lines{"session lost +1 resent epoch 3",
                               "save 5 barrier record plant@hub#3 acked 1 released 1 maybe 256 +1 acknowledged",
                               "online new epoch 3 server 0"});
    d.durable();
    d.publish(2, qos::exactly_once);
    CHECK(d.packets() == lines{"PUBLISH 3 q2 't' 'm2'"});
}
