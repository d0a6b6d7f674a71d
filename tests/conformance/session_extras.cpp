// tests/conformance/session_extras.cpp: what is left: the will as the session sends it, server references, requests and
// responses. Not here: their bytes (connect_conformance.cpp, publish_conformance.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;

TEST_CASE(
    "session: the will goes with each CONNECT, with its properties in 5.0; without one nothing of it "
    "[3.1.1 MQTT-3.1.2-9, MQTT-3.1.2-11; 5.0 MQTT-3.1.2-9, MQTT-3.1.2-11, (3.1.3.2.2)]",
    "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    const bool with = GENERATE(false, true);
    if (with) how.will = will{"status", "gone", q2, false};
    how.will_properties.will_delay_interval = 30;
    how.will_properties.content_type = "text/plain";
    driver d(how);
    const std::string words = !with               ? ""
                              : how.version == v5 ? " will q2 passing 'status' 'gone' delay 30 content text/plain"
                                                  : " will q2 passing 'status' 'gone'";
    d.start();
    for (int i = 0; i < 3; ++i) {
        d.opened();
        const lines sent = d.packets();
        const auto begin = sent[0].find("keepalive 60") + 12;
        CHECK(sent[0].substr(begin, sent[0].find(" expiry") - begin) == words);
        d.broker(accepted(false));
        d.closed();
        if (d.session().next_deadline() && i > 0) d.pass_to_deadline();
    }
}

TEST_CASE(
    "session: a Server Reference is followed, whether for now or for good, from CONNACK and from DISCONNECT [5.0 (3.2.2.3.16)]",
    "[conformance]") {
    options how = plain_options(v5);
    how.servers = 2;
    driver d(how, disk_with_session());
    const auto code = GENERATE(reason::use_another_server, reason::server_moved);
    const auto other = properties([](auto& p) { p.server_reference = "other.example:1884"; });
    const std::string told =
        code == reason::server_moved ? "redirected for good to 'other.example:1884'" : "redirected to 'other.example:1884'";
    await_connack(d);
    SECTION("CONNACK") { d.broker(connack{false, code, other}); }
    SECTION("DISCONNECT") {
        d.broker(accepted(true));
        d.effects();
        d.broker(disconnect{code, other});
    }
    CHECK(d.packets().empty());
    CHECK(d.effects() == lines{told, "close"});
    d.closed();
    d.effects();
    d.pass_to_deadline();
    CHECK(d.effects() == lines{"open 0 instead other.example:1884"});
}

TEST_CASE(
    "session: a request's response topic and correlation data go out and come in as they are [5.0 MQTT-3.3.2-13, MQTT-3.3.2-14]",
    "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("ask/#");
    const auto about = properties([](auto& p) {
        p.response_topic = "answer/plant";
        p.correlation_data = std::string("\0\xff", 2);
        p.user = {{"b", "2"}, {"a", "1"}, {"b", "1"}};
    });
    const auto block = encode_message_properties(about);
    REQUIRE(block);
    publication p;
    p.topic = "ask/me";
    p.payload = "?";
    p.properties = *block;
    d.session().publish(sequence{1}, p, d.now());
    d.durable();
    const auto sent = d.cut(d.session().unsent());
    REQUIRE(sent.size() == 1);
    CHECK(std::get<publish>(sent[0]).properties == about);

    publish theirs = incoming(q0, 0, "ask/us");
    theirs.properties = about;
    theirs.properties.topic_alias = std::uint16_t{1};
    d.session().take_effects();
    d.broker(theirs);
    const auto told = d.session().take_effects();
    REQUIRE(told.size() == 1);
    CHECK(std::get<received>(told[0]).properties == about);  // fit to be sent on: the alias was only this connection's
    CHECK_FALSE(encode_message_properties(properties([](auto& q) { q.response_topic = "answer/+"; })));
}
