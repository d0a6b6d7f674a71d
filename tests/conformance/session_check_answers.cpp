// tests/conformance/session_check_answers.cpp: the broker's answers to SUBSCRIBE and UNSUBSCRIBE: matched, complete, in order, in
// time. Not here: what they mean to the owner (session_subscribe.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

subscription filter(std::string text) {
    subscription s;
    s.filter = std::move(text);
    return s;
}

}  // namespace

TEST_CASE(
    "session: an answer is matched to its request by the identifier; a stranger ends the connection "
    "[3.1.1 MQTT-2.3.1-7, MQTT-3.8.4-2, MQTT-3.10.4-4; 5.0 MQTT-2.2.1-6, MQTT-3.8.4-2, MQTT-3.10.4-5]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.subscribe("a");
    d.subscribe("b");
    d.session().unsubscribe({"a"}, {}, d.now());
    d.publish(1, q1);
    d.durable();
    CHECK(d.packets() ==
          lines{"SUBSCRIBE 60201 'a' q2", "SUBSCRIBE 60202 'b' q2", "UNSUBSCRIBE 60203 'a'", "PUBLISH 2 q1 't' 'm1'"});
    d.effects();
    SECTION("in any order") {
        d.broker(departed(60203, {reason::success}), granted(60202, {reason::granted_qos_2}),
                 granted(60201, {reason::granted_qos_1}));
        CHECK(d.effects() == lines{"unsubscribed 'a'", "subscribed 'b' 0x02", "subscribed 'a' 0x01"});
        d.broker(granted(60201, {reason::granted_qos_1}));  // once
        check_closing(d, "0x82");
    }
    SECTION("an identifier that no request bears") {
        const unsigned id = GENERATE(1u, 2u, 60001u, 60204u, 65535u);
        GENERATE(false, true) ? d.broker(granted(id, {reason::success})) : d.broker(departed(id, {reason::success}));
        check_closing(d, "0x82");
    }
    SECTION("an answer of the other kind") {
        GENERATE(false, true) ? d.broker(granted(60203, {reason::success})) : d.broker(departed(60201, {reason::success}));
        check_closing(d, "0x82");
    }
    SECTION("an answer to a request of an earlier connection") {
        d.reconnect(true);
        d.packets();
        d.effects();
        d.broker(granted(60201, {reason::success}));
        check_closing(d, "0x82");
    }
}

TEST_CASE(
    "session: a request without an answer ends the connection; with the next one it is made again "
    "[3.1.1 MQTT-3.8.4-1, MQTT-3.10.4-5; 5.0 MQTT-3.8.4-1, MQTT-3.10.4-4]",
    "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.keepalive = GENERATE(0s, 3600s);
    const bool leaving = GENERATE(false, true);
    driver d(how);
    d.begin();
    const std::string request = leaving ? "UNSUBSCRIBE 60201 'a'" : "SUBSCRIBE 60201 'a' q2";
    leaving ? d.session().unsubscribe({"a"}, {}, d.now()) : d.subscribe("a");
    CHECK(d.packets() == lines{request});
    d.pass(29'999ms);
    CHECK(d.effects().empty());
    d.pass_to_deadline();
    CHECK(d.effects() == lines{"close"});
    d.closed();
    CHECK(d.effects() == lines{"offline: no answer to SUBSCRIBE or UNSUBSCRIBE"});
    d.pass_to_deadline();
    d.opened();
    d.packets();
    d.broker(accepted(true));
    CHECK(d.packets() == lines{leaving ? "UNSUBSCRIBE 60202 'a'" : "SUBSCRIBE 60202 'a' q2"});
}

TEST_CASE(
    "session: each request has its own patience: an answer to one is time for the next [3.1.1 MQTT-3.8.4-1; 5.0 MQTT-3.8.4-1]",
    "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.keepalive = 0s;
    driver d(how);
    d.begin();
    d.subscribe("a");
    d.subscribe("b");
    d.packets();
    d.pass(29s);
    d.broker(granted(60201, {reason::success}));
    d.pass(29s);
    CHECK(d.session().is_online());
    SECTION("the last one answered: nothing more is awaited") {
        d.broker(granted(60202, {reason::success}));
        CHECK(d.session().next_deadline() == std::nullopt);
        d.pass(1h);
        CHECK(d.session().is_online());
    }
    SECTION("not answered") {
        d.pass(1s);
        CHECK(d.effects() == lines{"subscribed 'a'", "close"});
    }
}

TEST_CASE(
    "session: an answer has one reason code for each filter, in their order "
    "[3.1.1 MQTT-3.8.4-5, MQTT-3.9.3-1; 5.0 MQTT-3.8.4-6, MQTT-3.9.3-1, MQTT-3.11.3-1]",
    "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.session().subscribe({filter("a"), filter("b"), filter("c")}, {}, d.now());
    d.session().unsubscribe({"x", "y"}, {}, d.now());
    CHECK(d.packets() == lines{"SUBSCRIBE 60201 'a' q0 'b' q0 'c' q0", "UNSUBSCRIBE 60202 'x' 'y'"});
    SECTION("in order") {
        d.broker(granted(60201, {reason::granted_qos_2, reason::unspecified_error, reason::success}));
        CHECK(d.effects() == lines{"subscribed 'a' 0x02", "subscribed 'b' 0x80", "subscribed 'c'"});
        d.broker(departed(60202, {reason::no_subscription_existed, reason::not_authorized}));
        CHECK(d.effects() == (how == v5 ? lines{"unsubscribed 'x' 0x11", "unsubscribed 'y' 0x87"}
                                        : lines{"unsubscribed 'x'", "unsubscribed 'y'"}));
    }
    SECTION("SUBACK with too few or too many") {
        d.broker(granted(60201, std::vector<reason>(GENERATE(std::size_t{2}, std::size_t{4}), reason::success)));
        check_closing(d, "0x82");
    }
    SECTION("UNSUBACK with too few or too many") {
        if (how == v3) return;  // has none
        d.broker(departed(60202, std::vector<reason>(GENERATE(std::size_t{1}, std::size_t{3}), reason::success)));
        check_closing(d, "0x82");
    }
}

TEST_CASE("session: UNSUBACK ends an UNSUBSCRIBE also where nothing was subscribed to [3.1.1 MQTT-3.10.4-5; 5.0 MQTT-3.10.4-4]",
          "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.session().unsubscribe({"never"}, {}, d.now());
    CHECK(d.packets() == lines{"UNSUBSCRIBE 60201 'never'"});
    d.broker(departed(60201, {reason::no_subscription_existed}));
    CHECK(d.effects() == lines{how == v5 ? "unsubscribed 'never' 0x11" : "unsubscribed 'never'"});
    d.reconnect(true);
    CHECK(d.packets().empty());  // and isn't sent again
}
