// tests/conformance/session_keepalive.cpp: Keep Alive and the broker's own (3.1.2.10, 3.2.2.3.14), PINGREQ and PINGRESP (3.12).
// Not here: TCP's own patience (transport_tcp.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

/// The longest time without a packet of ours in two minutes in which the session's deadlines are kept to, and the broker
/// answers PINGREQ after `delay`.
std::chrono::milliseconds longest_silence(driver& d, std::chrono::milliseconds delay) {
    const auto end = d.now() + 2min;
    auto last = d.now();
    std::chrono::milliseconds longest{0};
    std::optional<time_point> answer_at;
    while (d.now() < end && d.session().is_online()) {
        auto next = d.session().next_deadline().value_or(end);
        if (answer_at) next = std::min(next, *answer_at);
        REQUIRE(next > d.now());  // or the owner's timer would spin
        d.pass(std::chrono::duration_cast<std::chrono::milliseconds>(next - d.now()));
        if (answer_at && d.now() >= *answer_at) {
            answer_at.reset();
            d.broker(pingresp{});
        }
        if (d.packets().empty()) continue;
        longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(d.now() - last));
        last = d.now();
        if (!answer_at) answer_at = d.now() + delay;
    }
    CHECK(d.session().is_online());
    return longest;
}

}  // namespace

TEST_CASE(
    "session: no more than Keep Alive passes without a packet of ours, also while a PINGRESP is late "
    "[3.1.1 MQTT-3.1.2-23; 5.0 MQTT-3.1.2-20]",
    "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.keepalive = GENERATE(1s, 2s, 5s, 60s);
    const auto delay = GENERATE(20ms, 4900ms);
    CAPTURE(how.keepalive.count(), delay.count());
    driver d(how);
    d.begin();
    CHECK(longest_silence(d, delay) == how.keepalive);
}

TEST_CASE("session: what else is sent counts for Keep Alive [3.1.1 MQTT-3.1.2-23; 5.0 MQTT-3.1.2-20]", "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    for (int i = 0; i < 5; ++i) {
        d.pass(59s);
        CHECK(d.publish_unlogged("x", q0));
        CHECK(d.packets() == lines{"PUBLISH q0 's' 'x'"});
        d.broker(pingresp{});  // or anything: it is silence of the broker's that is asked about as well
    }
    d.pass(59'999ms);
    CHECK(d.packets().empty());
    d.pass(1ms);
    CHECK(d.packets() == lines{"PINGREQ"});
}

TEST_CASE("session: with Keep Alive 0 there is no PINGREQ [3.1.1 MQTT-3.1.2-23; 5.0 MQTT-3.1.2-20]", "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    how.keepalive = 0s;
    driver d(how);
    d.begin();
    CHECK(d.session().next_deadline() == std::nullopt);
    d.pass(1000h);
    CHECK(d.packets().empty());
}

TEST_CASE("session: Server Keep Alive replaces ours, until the next connection [5.0 MQTT-3.1.2-21, MQTT-3.2.2-21]",
          "[conformance]") {
    driver d(plain_options(v5));
    const auto theirs = GENERATE(7s, 300s);
    d.begin(properties([=](auto& p) { p.server_keep_alive = static_cast<std::uint16_t>(theirs.count()); }));
    CHECK(longest_silence(d, 20ms) == theirs);
    d.reconnect(true);
    d.packets();
    CHECK(longest_silence(d, 20ms) == 60s);
}

TEST_CASE("session: the connection is closed if PINGREQ has no answer in time [3.1.1 MQTT-3.12.4-1; 5.0 MQTT-3.12.4-1]",
          "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.pass(60s);
    CHECK(d.packets() == lines{"PINGREQ"});
    SECTION("no answer") {
        d.pass(29'999ms);
        CHECK(d.session().is_online());
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"close"});
    }
    SECTION("also when another answer is overdue first: deadlines are acted on, and in the order of time") {
        d.subscribe("in");  // at 60 s, to be answered until 90 s as well
        d.packets();
        d.broker_bytes(std::string_view("\xd0", 1));  // half a PINGRESP
        d.pass(29s);
        CHECK(d.session().is_online());
        d.pass_to_deadline();
        CHECK(d.now() == driver(plain_options(how)).now() + 90s);
        CHECK(d.effects() == lines{"close"});
    }
    SECTION("answered") {
        d.broker(pingresp{});
        d.pass(59s);
        CHECK(d.session().is_online());
        CHECK(d.packets().empty());
    }
}

TEST_CASE(
    "session: an answer to SUBSCRIBE that is overdue while PINGRESP is awaited ends the connection, too "
    "[3.1.1 MQTT-3.8.4-1; 5.0 MQTT-3.8.4-1]",
    "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.pass(40s);
    d.subscribe("in");  // to be answered until 70 s
    d.session().sent(0, d.now());
    d.pass(20s);  // PINGREQ, to be answered until 90 s; nothing could be written
    d.pass_to_deadline();
    CHECK(d.now() == driver(plain_options(how)).now() + 70s);
    CHECK(d.effects() == lines{"close"});
}
